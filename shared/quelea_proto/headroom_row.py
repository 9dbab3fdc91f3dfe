"""HEADROOM rows (kind 3): what a node has given to and taken from each neighbour, ever.

Little endian, columns by slot as in frames.py:

    byte 0      version << 5 | kind 3
    byte 1      limit, which of the fleet's limits the row is about
    head        node u16, entry u32, cap_q u24, spare_q u24, claim_q u24, count u8
    columns     given u32, taken u32 (counters on a ring of 2^30), ask_q u24
    crc         u16, CRC-16/CCITT-FALSE of everything before it

A codec of its own: rows travel on their own topic and are no frame of the consensus, whose reader
refuses kind 3 as a kind it does not know. Nothing here raises on bytes from outside or allocates.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import HEADROOM_Q_MAX, KIND_MAX, PEERS_MAX, SHARED_LIMITS_MAX, VERSION

KIND = 3
HEAD = 18  # bytes before the columns
COLUMN = 11  # bytes of all columns a neighbour

# head: (name, bytes, unit); columns alike
FIELDS = (
    ("node", 2, "node number of the sender"),
    ("entry", 4, "number of the stored record that this row speaks of, 1 .. 2^30 - 1"),
    ("cap_q", 3, "q, what the sender may draw now"),
    ("spare_q", 3, "q, what it owns beyond its wish"),
    ("claim_q", 3, "q, what it wants to draw: others divide the limit by it"),
)
COLUMNS = (
    ("given", 4, "q ever given to this neighbour, on a ring of 2^30"),
    ("taken", 4, "q ever taken from this neighbour, on a ring of 2^30"),
    ("ask_q", 3, "q that the sender asks of this neighbour"),
)


def row_bytes(count: int) -> int:
    """Return the length in bytes of the row of a node with count neighbours."""
    return HEAD + COLUMN * count + 2


class Row:
    """One received row; made once and filled again and again. Columns are read from payload."""

    def __init__(self) -> None:
        self.limit = 0
        self.node = 0
        self.entry = 0
        self.cap_q = 0
        self.spare_q = 0
        self.claim_q = 0
        self.count = 0
        self.payload: bytes | bytearray | memoryview = b""

    def given_at(self, slot: int) -> int:
        """Return the counter `given` of a slot, 0..count - 1; -2^30 when it is beyond the ring."""
        return get(self.payload, HEAD + 4 * slot, 4, False)

    def taken_at(self, slot: int) -> int:
        """Return the counter `taken` of a slot; -2^30 when it is beyond the ring."""
        return get(self.payload, HEAD + 4 * (self.count + slot), 4, False)

    def ask_at(self, slot: int) -> int:
        """Return what is asked of a slot, in q, 0 .. 2^24 - 1."""
        return get(self.payload, HEAD + 8 * self.count + 3 * slot, 3, False)


def pack_head(
    buffer: bytearray, limit: int, node: int, entry: int, cap_q: int, spare_q: int,
    claim_q: int, count: int,
) -> None:  # fmt: skip
    """Write the head of a row into buffer, which holds row_bytes(count)."""
    buffer[0] = VERSION << 5 | KIND
    buffer[1] = limit
    put(buffer, 2, 2, node)
    put(buffer, 4, 4, entry)
    put(buffer, 8, 3, cap_q)
    put(buffer, 11, 3, spare_q)
    put(buffer, 14, 3, claim_q)
    buffer[17] = count


def pack_slot(buffer: bytearray, slot: int, given: int, taken: int, ask_q: int) -> None:
    """Write one neighbour's columns into a row whose head is written."""
    count = buffer[17]
    put(buffer, HEAD + 4 * slot, 4, given)
    put(buffer, HEAD + 4 * (count + slot), 4, taken)
    put(buffer, HEAD + 8 * count + 3 * slot, 3, ask_q)


def seal(buffer: bytearray) -> int:
    """Write the checksum of a row whose columns are filled; return the row's length."""
    end = HEAD + COLUMN * buffer[17]
    put(buffer, end, 2, crc16(buffer, end))
    return end + 2


def unpack(payload: bytes | bytearray | memoryview, row: Row) -> bool:
    """Read payload into row; False when the bytes are no headroom row. Never raises."""
    length = len(payload)
    if length < HEAD + 2 or payload[0] != VERSION << 5 | KIND & KIND_MAX:
        return False
    count = payload[17]
    if count > PEERS_MAX or length != row_bytes(count):
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    row.limit = payload[1]
    row.node = get(payload, 2, 2, False)
    row.entry = get(payload, 4, 4, False)
    row.cap_q = get(payload, 8, 3, False)
    row.spare_q = get(payload, 11, 3, False)
    row.claim_q = get(payload, 14, 3, False)
    row.count = count
    row.payload = payload
    return (
        row.limit < SHARED_LIMITS_MAX
        and row.node > 0
        and row.entry > 0
        and row.cap_q <= HEADROOM_Q_MAX
        and row.spare_q <= HEADROOM_Q_MAX
        and row.claim_q <= HEADROOM_Q_MAX
    )
