"""CLAIM rows (kind 21): what an intersection tells its neighbours, one publish for all.

Little endian:

    byte 0      version << 5 | kind 21
    head        node u16, session u16, seq u32, load u8 (percent of the room of all its roads)
    count       u8, neighbours of the sender
    columns     by slot in the sender's list of neighbours: full u8 (percent, of the sender's road
                from that neighbour), sent u8 (cars sent to it since the session began, modulo 256)
    crc         u16, CRC-16/CCITT-FALSE of everything before it

A receiver reads the two columns at its own place. `sent` counts on, so a row that is lost costs
nothing that the next does not bring. A codec of its own, as in headroom_row.py; nothing raises on
bytes from outside.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import SEQ_MAX, VERSION

KIND = 21
HEAD = 11  # bytes before the columns
PERCENT_MAX = 100
SENT_MOD = 256
SLOTS_MAX = 32  # neighbours of an intersection


class Claim:
    """One received row; made once and filled again and again."""

    def __init__(self) -> None:
        self.node = 0
        self.session = 0
        self.seq = 0
        self.load = 0
        self.count = 0
        self.payload: bytes | bytearray | memoryview = b""

    def full_at(self, slot: int) -> int:
        """Return how full the sender's road from its neighbour `slot` is, in percent."""
        return self.payload[HEAD + slot]

    def sent_at(self, slot: int) -> int:
        """Return the cars sent to that neighbour, modulo SENT_MOD."""
        return self.payload[HEAD + self.count + slot]


def row_bytes(count: int) -> int:
    """Return the length in bytes of a row of count neighbours."""
    return HEAD + 2 * count + 2


def pack(  # type: ignore[no-untyped-def]
    buffer: bytearray, node: int, session: int, seq: int, load: int, columns
) -> None:
    """Write a row into buffer, which holds row_bytes(count); columns: (full, sent) lists."""
    full, sent = columns
    count = len(full)
    buffer[0] = VERSION << 5 | KIND
    put(buffer, 1, 2, node)
    put(buffer, 3, 2, session)
    put(buffer, 5, 4, seq)
    buffer[9] = load
    buffer[10] = count
    for slot in range(count):
        buffer[HEAD + slot] = full[slot]
        buffer[HEAD + count + slot] = sent[slot] & 255
    end = HEAD + 2 * count
    put(buffer, end, 2, crc16(buffer, end))


def unpack(payload: bytes | bytearray | memoryview, row: Claim) -> bool:
    """Read payload into row; False when the bytes are no claim. Never raises."""
    length = len(payload)
    if length < HEAD + 2 or payload[0] != VERSION << 5 | KIND:
        return False
    count = payload[10]
    if not 0 < count <= SLOTS_MAX or length != row_bytes(count) or payload[9] > PERCENT_MAX:
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    for slot in range(count):
        if payload[HEAD + slot] > PERCENT_MAX:
            return False
    row.node = get(payload, 1, 2, False)
    row.session = get(payload, 3, 2, False)
    row.seq = get(payload, 5, 4, False)
    row.load = payload[9]
    row.count = count
    row.payload = payload
    return row.node > 0 and row.session > 0 and 0 < row.seq <= SEQ_MAX
