"""PARCEL rows (kind 30): a part of a vector of parameters, one publish for all neighbours.

Little endian:

    byte 0      version << 5 | kind 30
    head        node u16, session u16, seq u32, epoch u16 (a training; 1..65535), round u16,
                total u16 (values of the vector), part u8
    values      s16 each: those from part * VALUES_MAX on, VALUES_MAX of them or what is left
    crc         u16, CRC-16/CCITT-FALSE of everything before it

All parts of a vector have the same session, epoch and round; a node speaks one vector a round.
Nothing here raises on bytes from outside.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import SEQ_MAX, VERSION

KIND = 30
HEAD = 16  # bytes before the values
VALUES_MAX = 480  # of a part: 978 bytes, below FRAME_BYTES_MAX
PARTS_MAX = 16
ROUNDS_MAX = 65535


class Parcel:
    """One received row; made once and filled again and again."""

    def __init__(self) -> None:
        self.node = 0
        self.session = 0
        self.seq = 0
        self.epoch = 0
        self.round = 0
        self.total = 0
        self.part = 0
        self.values: bytes | bytearray | memoryview = b""


def parts_of(total: int) -> int:
    """Return how many parts a vector of total values has."""
    return (total + VALUES_MAX - 1) // VALUES_MAX


def part_values(total: int, part: int) -> int:
    """Return how many values part has; 0 for a part that there is not."""
    return max(0, min(VALUES_MAX, total - part * VALUES_MAX))


def pack(  # type: ignore[no-untyped-def]
    head: tuple[int, int, int, int, int], vector, total: int, part: int
) -> bytearray:
    """Return a row. head: node, session, seq, epoch, round. vector: 2 * total bytes."""
    length = HEAD + 2 * part_values(total, part)
    row = bytearray(length + 2)
    row[0] = VERSION << 5 | KIND
    put(row, 1, 2, head[0])
    put(row, 3, 2, head[1])
    put(row, 5, 4, head[2])
    put(row, 9, 2, head[3])
    put(row, 11, 2, head[4])
    put(row, 13, 2, total)
    row[15] = part
    first = 2 * part * VALUES_MAX
    row[HEAD:length] = memoryview(vector)[first : first + length - HEAD]
    put(row, length, 2, crc16(row, length))
    return row


def unpack(payload: bytes | bytearray | memoryview, row: Parcel) -> bool:
    """Read payload into row; False when the bytes are no parcel. Never raises."""
    length = len(payload)
    if length < HEAD + 4 or payload[0] != VERSION << 5 | KIND:
        return False
    total = get(payload, 13, 2, False)
    part = payload[15]
    values = part_values(total, part)
    if not values or part >= PARTS_MAX or length != HEAD + 2 * values + 2:
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    row.node = get(payload, 1, 2, False)
    row.session = get(payload, 3, 2, False)
    row.seq = get(payload, 5, 4, False)
    row.epoch = get(payload, 9, 2, False)
    row.round = get(payload, 11, 2, False)
    row.total = total
    row.part = part
    row.values = memoryview(payload)[HEAD : length - 2]
    return row.node > 0 and row.session > 0 and row.epoch > 0 and 0 < row.seq <= SEQ_MAX
