"""RUMOUR rows (kind 6): what a node has heard of the load of every server, with its age.

Little endian:

    byte 0      version << 5 | kind 6
    byte 1      flags: bit 0 an answer is wanted
    head        node u16, session u16, seq u32, count u8 (servers)
    columns     load_q u24 by server, then age u8 by server: rounds since it was seen, 255 never
    crc         u16, CRC-16/CCITT-FALSE of everything before it

A codec of its own, as in headroom_row.py: the frames' reader refuses kind 6 as one it does not
know. Nothing here raises on bytes from outside or allocates.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import SEQ_MAX, VERSION

KIND = 6
HEAD = 11  # bytes before the columns
ASK = 1  # flag: an answer is wanted
NEVER = 255  # age of a load that nobody has seen
AGE_MAX = 254
SERVERS_MAX = 63
LOAD_Q_MAX = 524287  # 2^19 - 1: shifted by 10 bits for a ratio it stays below 2^30

# head: (name, bytes, unit); columns alike
FIELDS = (
    ("node", 2, "node number of the sender"),
    ("session", 2, "boots of the sender"),
    ("seq", 4, "rows of this session, 1 .. 2^30 - 1"),
)
COLUMNS = (
    ("load_q", 3, "q asked of this server"),
    ("age", 1, "rounds since it was seen; 255: never"),
)


def row_bytes(count: int) -> int:
    """Return the length in bytes of a row of count servers."""
    return HEAD + 4 * count + 2


class Row:
    """One received row; made once and filled again and again. Columns are read from payload."""

    def __init__(self) -> None:
        self.node = 0
        self.session = 0
        self.seq = 0
        self.count = 0
        self.ask = False
        self.payload: bytes | bytearray | memoryview = b""

    def load_at(self, server: int) -> int:
        """Return what is said of a server's load in q, 0 .. 2^24 - 1."""
        payload = self.payload
        at = HEAD + 3 * server
        return payload[at] | payload[at + 1] << 8 | payload[at + 2] << 16

    def age_at(self, server: int) -> int:
        """Return the age of it in rounds, NEVER for none."""
        return self.payload[HEAD + 3 * self.count + server]


def pack_head(buffer: bytearray, ask: bool, node: int, session: int, seq: int, count: int) -> None:
    """Write the head of a row into buffer, which holds row_bytes(count)."""
    buffer[0] = VERSION << 5 | KIND
    buffer[1] = ASK if ask else 0
    put(buffer, 2, 2, node)
    put(buffer, 4, 2, session)
    put(buffer, 6, 4, seq)
    buffer[10] = count


def pack_server(buffer: bytearray, server: int, load_q: int, age: int) -> None:
    """Write one server's columns into a row whose head is written."""
    at = HEAD + 3 * server
    buffer[at] = load_q & 255
    buffer[at + 1] = load_q >> 8 & 255
    buffer[at + 2] = load_q >> 16
    buffer[HEAD + 3 * buffer[10] + server] = age


def seal(buffer: bytearray) -> int:
    """Write the checksum of a row whose columns are filled; return the row's length."""
    end = HEAD + 4 * buffer[10]
    put(buffer, end, 2, crc16(buffer, end))
    return end + 2


def unpack(payload: bytes | bytearray | memoryview, row: Row) -> bool:
    """Read payload into row; False when the bytes are no rumour row. Never raises."""
    length = len(payload)
    if length < HEAD + 2 or payload[0] != VERSION << 5 | KIND or payload[1] > ASK:
        return False
    count = payload[10]
    if count > SERVERS_MAX or length != row_bytes(count):
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    row.node = get(payload, 2, 2, False)
    row.session = get(payload, 4, 2, False)
    row.seq = get(payload, 6, 4, False)
    row.count = count
    row.ask = payload[1] == ASK
    row.payload = payload
    return row.node > 0 and row.session > 0 and 0 < row.seq <= SEQ_MAX
