"""PULSE rows (kind 12): who is heard, and whose books are closed, by a member of a limit.

Little endian, columns by slot as in headroom_row.py, published beside that row:

    byte 0      version << 5 | kind 12
    byte 1      limit, which of the fleet's limits the row is about
    head        node u16, entry u32, session u16, beat u32, number u32, count u8
    columns     session u16, beat u32, mark u8, net u32
    crc         u16, CRC-16/CCITT-FALSE of everything before it

Nothing here raises on bytes from outside or allocates.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import PEERS_MAX, SHARED_LIMITS_MAX, VERSION

KIND = 12
HEAD = 19  # bytes before the columns
COLUMN = 11  # bytes of all columns a neighbour
MARK_MASK = 63
GONE = 64
SUSPECT = 128
STATE = MARK_MASK | GONE
# What each field means is in tools/tables.py: on a board it would take flash.


def row_bytes(count: int) -> int:
    """Return the length in bytes of the row of a node with count neighbours."""
    return HEAD + COLUMN * count + 2


class Row:
    """One received row; made once and filled again and again. Columns are read from payload."""

    def __init__(self) -> None:
        self.limit = 0
        self.node = 0
        self.entry = 0
        self.session = 0
        self.beat = 0
        self.number = 0
        self.count = 0
        self.payload: bytes | bytearray | memoryview = b""

    def session_at(self, slot: int) -> int:
        """Return the session that a slot was heard in, 0..65535."""
        return get(self.payload, HEAD + 2 * slot, 2, False)

    def beat_at(self, slot: int) -> int:
        """Return the beat that was heard of a slot; -2^30 when it is beyond the ring."""
        return get(self.payload, HEAD + 2 * self.count + 4 * slot, 4, False)

    def mark_at(self, slot: int) -> int:
        """Return mark and flags of a slot, 0..255."""
        return self.payload[HEAD + 6 * self.count + slot]

    def net_at(self, slot: int) -> int:
        """Return the net of a slot on the ring; -2^30 when it is beyond it."""
        return get(self.payload, HEAD + 7 * self.count + 4 * slot, 4, False)


def pack_head(
    buffer: bytearray, limit: int, node: int, entry: int, session: int, beat: int,
    number: int, count: int,
) -> None:  # fmt: skip
    """Write the head of a row into buffer, which holds row_bytes(count)."""
    buffer[0] = VERSION << 5 | KIND
    buffer[1] = limit
    put(buffer, 2, 2, node)
    put(buffer, 4, 4, entry)
    put(buffer, 8, 2, session)
    put(buffer, 10, 4, beat)
    put(buffer, 14, 4, number)
    buffer[18] = count


def pack_slot(buffer: bytearray, slot: int, session: int, beat: int, mark: int, net: int) -> None:
    """Write one neighbour's columns into a row whose head is written."""
    count = buffer[18]
    put(buffer, HEAD + 2 * slot, 2, session)
    put(buffer, HEAD + 2 * count + 4 * slot, 4, beat)
    buffer[HEAD + 6 * count + slot] = mark
    put(buffer, HEAD + 7 * count + 4 * slot, 4, net)


def seal(buffer: bytearray) -> int:
    """Write the checksum of a row whose columns are filled; return the row's length."""
    end = HEAD + COLUMN * buffer[18]
    put(buffer, end, 2, crc16(buffer, end))
    return end + 2


def unpack(payload: bytes | bytearray | memoryview, row: Row) -> bool:
    """Read payload into row; False when the bytes are no pulse. Never raises."""
    length = len(payload)
    if length < HEAD + 2 or payload[0] != VERSION << 5 | KIND:
        return False
    count = payload[18]
    if count > PEERS_MAX or length != row_bytes(count):
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    row.limit = payload[1]
    row.node = get(payload, 2, 2, False)
    row.entry = get(payload, 4, 4, False)
    row.session = get(payload, 8, 2, False)
    row.beat = get(payload, 10, 4, False)
    row.number = get(payload, 14, 4, False)
    row.count = count
    row.payload = payload
    return (
        row.limit < SHARED_LIMITS_MAX
        and row.node > 0
        and row.entry >= 0
        and row.session > 0
        and row.beat > 0
        and row.number >= 0
    )
