"""A resilient round between two frames but for the rule: epochs, fresh values, `used`."""

from quelea_agent.consensus import Resilient
from quelea_agent.neighbours import Neighbours


class Given:
    """The settings that a round looks at."""

    def __init__(self, count: int) -> None:
        self.rule = "wmsr"
        self.faults_max = count >> 2
        self.epoch_rounds = 0
        self.lo_q = 0
        self.hi_q = 8388607


def hold(own_q: int, values_q: list, count: int, faults_max: int) -> int:
    """In place of a rule."""
    return own_q


class Part:
    """Every neighbour's value is fresh; nothing is counted."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        table = Neighbours(tuple(range(101, 101 + count)), 4000, None)
        for slot in range(count):
            table.live[slot] = 1
            table.seq[slot] = 1000
            table.value_q[slot] = 1000 + slot * 7919 % 997
        self.mode = Resilient(Given(count), table, None)
        self.mode.apply = hold
        self.mode.begun = True

    def base(self) -> None:
        pass

    def call(self) -> None:
        self.mode.round(1500)

    def digest(self) -> int:
        return self.mode.value_q + sum(self.mode.used)
