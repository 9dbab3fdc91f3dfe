"""The ages of all neighbours looked at, once a round."""

from quelea_agent.counters import Counters
from quelea_agent.neighbours import Neighbours


class Part:
    """Every neighbour is alive and stays so."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.table = Neighbours(tuple(range(101, 101 + count)), 4000, Counters())
        for slot in range(count):
            self.table.live[slot] = 1
            self.table.heard_ms[slot] = 1000

    def base(self) -> None:
        pass

    def call(self) -> None:
        self.table.expire(1200)

    def digest(self) -> int:
        return sum(self.table.live)
