"""The frames of all neighbours entered into the neighbour table, in the order of the table."""

from quelea_agent.counters import Counters
from quelea_agent.neighbours import Neighbours


class Heard:
    """What the table looks at in a quelea_proto.frames.Frame."""

    def __init__(self) -> None:
        self.head = [101, 1, 0, 1, 0, 4000]
        self.crc = 0x1234


class Part:
    """times: as many frames as neighbours."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = count
        self.table = Neighbours(tuple(range(101, 101 + count)), 4000, Counters())
        self.frame = Heard()

    def base(self) -> None:
        head = self.frame.head
        head[3] += 1
        for number in self.table.numbers:
            head[0] = number

    def call(self) -> None:
        table = self.table
        frame = self.frame
        head = frame.head
        head[3] += 1
        for number in table.numbers:
            head[0] = number
            table.take(1000, number, frame)

    def digest(self) -> int:
        table = self.table
        return sum(table.value_q) + sum(table.live)
