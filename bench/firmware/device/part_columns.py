"""This node's entries in the columns of a neighbour's flow frame, read."""

from quelea_proto.frames import Frame


class Part:
    """payload: a flow frame."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.slot = count >> 1
        self.frame = Frame()
        self.frame.count = count
        self.frame.payload = payload
        self.sum = 0

    def base(self) -> None:
        self.sum = 0

    def call(self) -> None:
        frame = self.frame
        slot = self.slot
        self.sum = frame.flow_at(slot) + frame.turn_at(slot) + frame.residue_at(slot)

    def digest(self) -> int:
        return self.sum
