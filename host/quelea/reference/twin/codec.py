"""The frame codec of the reference, written from the layout and not from quelea_proto.frames.

    offset      bytes   state (kind 1)          flow (kind 2)
    0           1       version << 5 | kind
    1           1       flags, 0..3
    2           2       node, not 0
    4           2       session, not 0
    6           2       epoch
    8           4       seq, below 2^30
    12          3 | 4   input_q, |q| < 2^23
    15 | 16     3 | 4   value_q, |q| < 2^23     |q| < 2^28
    18 | 20     1       count
    19 | 21     count   used
                4 count                         turn << 29 | flow in 29 bits signed
                count                           residue, signed
    length - 2  2       CRC-16/CCITT-FALSE

Little endian. A buffer `wire` is at least limits.FRAME_BYTES_MAX long.
"""

from collections.abc import Sequence

from quelea_proto import limits

COMPILED = {
    "ESTIMATE_MAX": limits.ESTIMATE_MAX,
    "FRAME_BYTES_MAX": limits.FRAME_BYTES_MAX,
    "NEIGHBOURS_MAX": limits.NEIGHBOURS_MAX,
    "Q_MAX": limits.Q_MAX,
    "SEQ_MAX": limits.SEQ_MAX,
    "VERSION": limits.VERSION,
}

CAUSES = ("ok", "short", "version", "kind", "length", "crc", "range")
FIELDS = ("kind", "flags", "node", "session", "epoch", "seq", "input_q", "value_q", "count", "crc")


def _crc_table() -> list[int]:
    """Return 4 x 256 entries: row k, byte b: the checksum of b followed by k zero bytes.

    Bit by bit from the polynomial x^16 + x^12 + x^5 + 1, start 0.
    """
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = crc << 1 ^ (0x11021 if crc & 0x8000 else 0)
        table.append(crc)
    for at in range(256, 1024):
        before = table[at - 256]
        table.append((before << 8 & 0xFFFF) ^ table[before >> 8])
    return table


CRC = _crc_table()


def checksum(data: Sequence[int], length: int) -> int:
    """Return the CRC of data[:length], four bytes at a time: the sum of four rows of CRC."""
    crc = 0xFFFF
    at = 0
    while at + 4 <= length:
        crc = (
            CRC[768 + ((crc >> 8) ^ data[at])]
            ^ CRC[512 + ((crc & 255) ^ data[at + 1])]
            ^ CRC[256 + data[at + 2]]
            ^ CRC[data[at + 3]]
        )
        at += 4
    while at < length:
        crc = (crc << 8 & 0xFFFF) ^ CRC[(crc >> 8) ^ data[at]]
        at += 1
    return crc


def unsigned(data: Sequence[int], at: int, width: int) -> int:
    """Return the number in data[at : at + width], width 1..4."""
    number = 0
    for i in range(width):
        byte = data[at + i]  # 64 bits wide in C, where a shift keeps the width of its left side
        number += byte << 8 * i
    return number


def signed(data: Sequence[int], at: int, width: int) -> int:
    """Return the two's complement number in data[at : at + width], width 1..4."""
    sign = 128
    sign <<= 8 * (width - 1)
    return (unsigned(data, at, width) ^ sign) - sign


class Frame:
    """One frame read: its head by name, and the entry of its columns looked at last."""

    __slots__ = (*FIELDS, "flow_q", "residue", "turn")

    def __init__(self) -> None:
        self.kind = self.flags = self.node = self.session = self.epoch = self.seq = 0
        self.input_q = self.value_q = self.count = self.crc = 0
        self.flow_q = self.turn = self.residue = 0

    def read(self, data: Sequence[int], length: int) -> int:
        """Read data[:length]; return 0, or why it is no frame of ours: a position in CAUSES.

        On any but 0 the fields may hold a part of what was read.
        """
        if length < 4:
            return 1
        if length > limits.FRAME_BYTES_MAX:
            return 4
        if data[0] >> 5 != limits.VERSION:
            return 2
        self.kind = data[0] & 31
        if self.kind != 1 and self.kind != 2:
            return 3
        wide = self.kind + 2  # bytes of a value
        head = 13 + 2 * wide
        if length < head + 2:
            return 1
        self.count = data[head - 1]
        each = 1 if self.kind == 1 else 6  # bytes of columns a neighbour
        if self.count > limits.NEIGHBOURS_MAX or length != head + each * self.count + 2:
            return 4
        self.crc = unsigned(data, length - 2, 2)
        if checksum(data, length - 2) != self.crc:
            return 5
        self.flags = data[1]
        self.node = unsigned(data, 2, 2)
        self.session = unsigned(data, 4, 2)
        self.epoch = unsigned(data, 6, 2)
        self.seq = unsigned(data, 8, 4)
        self.input_q = signed(data, 12, wide)
        self.value_q = signed(data, 12 + wide, wide)
        return 0 if self.allowed() else 6

    def allowed(self) -> bool:
        """Return whether every field of the head is in its range."""
        value_max = limits.Q_MAX if self.kind == 1 else limits.ESTIMATE_MAX
        return (
            self.flags < 4
            and self.node > 0
            and self.session > 0
            and self.seq <= limits.SEQ_MAX
            and abs(self.input_q) <= limits.Q_MAX
            and abs(self.value_q) <= value_max
        )

    def look(self, data: Sequence[int], slot: int) -> None:
        """Read flow_q, turn and residue of a slot, 0..count - 1, of the flow frame in data."""
        word = unsigned(data, 21 + self.count + 4 * slot, 4)
        self.turn = word >> 29
        self.flow_q = ((word & 0x1FFFFFFF) ^ 0x10000000) - 0x10000000
        self.residue = signed(data, 21 + 5 * self.count + slot, 1)


def put(wire: bytearray, at: int, width: int, number: int) -> None:
    """Write the low bytes of number at wire[at : at + width]."""
    for i in range(width):
        wire[at + i] = number >> 8 * i & 255


def put_head(wire: bytearray, frame: Frame) -> int:
    """Write the head of frame; return the position of its column `used`."""
    wide = frame.kind + 2
    wire[0] = limits.VERSION << 5 | frame.kind
    wire[1] = frame.flags
    put(wire, 2, 2, frame.node)
    put(wire, 4, 2, frame.session)
    put(wire, 6, 2, frame.epoch)
    put(wire, 8, 4, frame.seq)
    put(wire, 12, wide, frame.input_q)
    put(wire, 12 + wide, wide, frame.value_q)
    wire[12 + 2 * wide] = frame.count
    return 13 + 2 * wide


def put_edge(wire: bytearray, frame: Frame, slot: int) -> None:
    """Write the frame's flow_q, turn and residue as the columns of this slot."""
    word = frame.turn << 29 | frame.flow_q & 0x1FFFFFFF
    put(wire, 21 + frame.count + 4 * slot, 4, word)
    wire[21 + 5 * frame.count + slot] = frame.residue & 255


def seal(wire: bytearray, frame: Frame) -> int:
    """Write the checksum of a frame whose columns are filled; return the frame's length."""
    end = 19 + frame.count if frame.kind == 1 else 21 + 6 * frame.count
    frame.crc = checksum(wire, end)
    put(wire, end, 2, frame.crc)
    return end + 2
