"""CLUSTER rows (kind 10): what a delegate knows of every cluster, and what the fleet's value is.

Little endian:

    byte 0      version << 5 | kind 10
    byte 1      flags, 0
    head        node u16, session u16, seq u32, term u16, cluster u8, fleet_q s24, count u8
    entries     one a cluster: value_q s24, size u16, age u8; none in a row for plain members
    crc         u16, CRC-16/CCITT-FALSE of everything before it

A codec of its own, as in headroom_row.py. Nothing here raises on bytes from outside.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import CLUSTERS_MAX, Q_MAX, SEQ_MAX, VERSION

KIND = 10
HEAD = 17  # bytes before the entries
ENTRY = 6
NEVER = 255  # age of a cluster of which nothing was heard; its value and size are 0
AGE_MAX = 254

# head: (name, bytes, signed, unit); columns alike
FIELDS = (
    ("node", 2, False, "node number of the sender"),
    ("session", 2, False, "boots of the sender"),
    ("seq", 4, False, "rows of this session, 1 .. 2^30 - 1"),
    ("term", 2, False, "terms, on a ring of 2^16"),
    ("cluster", 1, False, "index of the sender's cluster"),
    ("fleet_q", 3, True, "q, the mean of the entries, weighted by size"),
)
COLUMNS = (
    ("value_q", 3, True, "q, on which the cluster agrees"),
    ("size", 2, False, "its members"),
    ("age", 1, False, "intervals since the cluster said so; 255: never"),
)


def row_bytes(count: int) -> int:
    """Return the length in bytes of a row of count clusters."""
    return HEAD + ENTRY * count + 2


class Row:
    """One received row; made once and filled again and again. Entries are read from payload."""

    def __init__(self) -> None:
        self.node = 0
        self.session = 0
        self.seq = 0
        self.term = 0
        self.cluster = 0
        self.fleet_q = 0
        self.count = 0
        self.payload: bytes | bytearray | memoryview = b""


def value_at(payload: bytes | bytearray | memoryview, cluster: int) -> int:
    """Return what a row that was unpacked says of a cluster's value, in q."""
    return get(payload, HEAD + ENTRY * cluster, 3, True)


def size_at(payload: bytes | bytearray | memoryview, cluster: int) -> int:
    """Return what it says of the cluster's size, 0 .. 65535."""
    at = HEAD + ENTRY * cluster
    return payload[at + 3] | payload[at + 4] << 8


def age_at(payload: bytes | bytearray | memoryview, cluster: int) -> int:
    """Return how old that is in intervals, NEVER for no entry."""
    return payload[HEAD + ENTRY * cluster + 5]


def pack_head(
    buffer: bytearray, node: int, session: int, seq: int, term: int, cluster: int,
    fleet_q: int, count: int,
) -> None:  # fmt: skip
    """Write the head of a row into buffer, which holds row_bytes(count)."""
    buffer[0] = VERSION << 5 | KIND
    buffer[1] = 0
    put(buffer, 2, 2, node)
    put(buffer, 4, 2, session)
    put(buffer, 6, 4, seq)
    put(buffer, 10, 2, term)
    buffer[12] = cluster
    put(buffer, 13, 3, fleet_q)
    buffer[16] = count


def pack_entry(buffer: bytearray, cluster: int, value_q: int, size: int, age: int) -> None:
    """Write one cluster's entry into a row whose head is written."""
    at = HEAD + ENTRY * cluster
    put(buffer, at, 3, value_q)
    put(buffer, at + 3, 2, size)
    buffer[at + 5] = age


def seal(buffer: bytearray) -> int:
    """Write the checksum of a row whose entries are filled; return the row's length."""
    end = HEAD + ENTRY * buffer[16]
    put(buffer, end, 2, crc16(buffer, end))
    return end + 2


def unpack(payload: bytes | bytearray | memoryview, row: Row) -> bool:
    """Read payload into row; False when the bytes are no cluster row. Never raises."""
    length = len(payload)
    if length < HEAD + 2 or payload[0] != VERSION << 5 | KIND or payload[1] != 0:
        return False
    count = payload[16]
    if count > CLUSTERS_MAX or length != row_bytes(count):
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    row.node = get(payload, 2, 2, False)
    row.session = get(payload, 4, 2, False)
    row.seq = get(payload, 6, 4, False)
    row.term = get(payload, 10, 2, False)
    row.cluster = payload[12]
    row.fleet_q = get(payload, 13, 3, True)
    row.count = count
    row.payload = payload
    if row.node == 0 or row.session == 0 or not 0 < row.seq <= SEQ_MAX:
        return False
    return row.cluster < (count or CLUSTERS_MAX) and -Q_MAX <= row.fleet_q <= Q_MAX
