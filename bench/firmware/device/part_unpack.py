"""One frame read and checked."""

from quelea_proto.frames import Frame, unpack


class Part:
    """payload: a whole frame of either kind."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.payload = payload
        self.frame = Frame()

    def base(self) -> None:
        pass

    def call(self) -> None:
        unpack(self.payload, self.frame)

    def digest(self) -> int:
        frame = self.frame
        if frame.cause:
            return -1
        head = frame.head
        return head[0] + head[1] + head[2] + head[3] + head[4] + head[5] + frame.crc + frame.count
