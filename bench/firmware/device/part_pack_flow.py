"""A flow frame written."""

from quelea_proto.frames import FLOW, Frame, frame_bytes, pack


class Columns:
    """The columns of quelea_proto.flows.Flows that go into a frame."""

    def __init__(self, count: int) -> None:
        self.flow_q = [(i - 2) * 12345 for i in range(count)]
        self.turn = [1 + i % 6 for i in range(count)]
        self.residue = [i - 3 for i in range(count)]


class Part:
    """The sender's neighbours are all used."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.frame = Frame(count)
        self.frame.kind = FLOW
        self.frame.head = [5, 1, 0, 1000000, 8000000, -90000000]
        for slot in range(count):
            self.frame.used[slot] = 1 + slot
        self.flows = Columns(count)
        self.buffer = bytearray(frame_bytes(FLOW, count))

    def base(self) -> None:
        pass

    def call(self) -> None:
        pack(self.frame, self.buffer, self.flows)

    def digest(self) -> int:
        return sum(self.buffer)
