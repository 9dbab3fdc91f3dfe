"""A state frame written."""

from quelea_proto.frames import STATE, Frame, frame_bytes, pack


class Part:
    """The sender's neighbours are all used."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.frame = Frame(count)
        self.frame.kind = STATE
        self.frame.head = [5, 1, 3, 1000000, 8000000, -8000000]
        for slot in range(count):
            self.frame.used[slot] = 1 + slot
        self.buffer = bytearray(frame_bytes(STATE, count))

    def base(self) -> None:
        pass

    def call(self) -> None:
        pack(self.frame, self.buffer)

    def digest(self) -> int:
        return sum(self.buffer)
