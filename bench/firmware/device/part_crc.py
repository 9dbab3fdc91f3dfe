"""The checksum of one frame, as unpack and pack take it."""

from quelea_proto.crc import crc16


class Part:
    """payload: a whole frame; its last two bytes are the checksum."""

    def __init__(self, count: int, payload: bytes) -> None:
        self.times = 1
        self.payload = payload
        self.length = len(payload) - 2
        self.crc = 0

    def base(self) -> None:
        self.crc = 0

    def call(self) -> None:
        self.crc = crc16(self.payload, self.length)

    def digest(self) -> int:
        return self.crc
