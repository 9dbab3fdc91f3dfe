"""SERVING rows: what a node holds and lacks (kind 24), and leases of its time (kind 25).

Little endian; both begin alike:

    byte 0      version << 5 | kind
    byte 1      flags: bit 0 of kind 25: an answer
    head        node u16, session u16, seq u32, count u8 (of entries)

    kind 24     time_ms u16 (what the node has), spare_ms u16 (what of it is nobody's), then
                entries of model u8, flags u8 (bit 0 is to be held,
                bit 1 can be leased now), want_ms u16 (asked for at the node)
    kind 25     entries of model u8, first_ms u16, second_ms u16: asked and acted on;
                of an answer: granted and 0
    crc         u16, CRC-16/CCITT-FALSE of everything before it

Times are milliseconds of a processor a second. Nothing here raises on bytes from outside.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import FRAME_BYTES_MAX, SEQ_MAX, VERSION

STATE = 24
LEASE = 25
HEAD = 11
STATE_HEAD = 15
STATE_ENTRY = 4
LEASE_ENTRY = 5
ANSWER = 1  # flag of a lease row
HELD = 1  # flags of an entry: it is to be held,
READY = 2  # it is in memory and new leases may be had
MODELS_MAX = 200  # a row names each at most once
MS_MAX = 65535

assert STATE_HEAD + MODELS_MAX * STATE_ENTRY + 2 <= FRAME_BYTES_MAX
assert HEAD + MODELS_MAX * LEASE_ENTRY + 2 <= FRAME_BYTES_MAX

# entries: (name, bytes, unit)
STATE_FIELDS = (
    ("model", 1, "index in the fleet's catalogue"),
    ("flags", 1, "bit 0: is to be held; bit 1: can be leased now"),
    ("want_ms", 2, "ms a second asked for at this node"),
)
LEASE_FIELDS = (
    ("model", 1, "index in the fleet's catalogue"),
    ("first_ms", 2, "asked for; of an answer: granted"),
    ("second_ms", 2, "what the asker acts on; of an answer: 0"),
)


class Row:
    """One received row; made once and filled again and again. Entries are read from payload."""

    def __init__(self) -> None:
        self.kind = 0
        self.answer = False
        self.node = 0
        self.session = 0
        self.seq = 0
        self.count = 0
        self.time_ms = 0
        self.spare_ms = 0
        self.payload: bytes | bytearray | memoryview = b""

    def entry(self, index: int, fields: list[int]) -> None:
        """Read entry index into fields, 3 numbers in the order of the entry's fields."""
        payload = self.payload
        if self.kind == LEASE:
            at = HEAD + LEASE_ENTRY * index
            fields[1] = payload[at + 1] | payload[at + 2] << 8
            fields[2] = payload[at + 3] | payload[at + 4] << 8
        else:
            at = STATE_HEAD + STATE_ENTRY * index
            fields[1] = payload[at + 1]
            fields[2] = payload[at + 2] | payload[at + 3] << 8
        fields[0] = payload[at]


def row_bytes(kind: int, count: int) -> int:
    """Return the length in bytes of a row of count entries."""
    if kind == STATE:
        return STATE_HEAD + STATE_ENTRY * count + 2
    return HEAD + LEASE_ENTRY * count + 2


def pack_head(
    buffer: bytearray, kind: int, flags: int, node: int, session: int, seq: int, count: int
) -> None:
    """Write what both kinds begin with into buffer, which holds row_bytes(kind, count)."""
    buffer[0] = VERSION << 5 | kind
    buffer[1] = flags
    put(buffer, 2, 2, node)
    put(buffer, 4, 2, session)
    put(buffer, 6, 4, seq)
    buffer[10] = count


def pack_state(buffer: bytearray, time_ms: int, spare_ms: int) -> None:
    """Write the rest of a state row's head."""
    put(buffer, 11, 2, time_ms)
    put(buffer, 13, 2, spare_ms)


def pack_entry(buffer: bytearray, index: int, model: int, first: int, second: int) -> None:
    """Write entry index of a row whose head is written; fields as Row.entry() gives them."""
    if buffer[0] & 31 == LEASE:
        at = HEAD + LEASE_ENTRY * index
        put(buffer, at + 1, 2, first)
        put(buffer, at + 3, 2, second)
    else:
        at = STATE_HEAD + STATE_ENTRY * index
        buffer[at + 1] = first
        put(buffer, at + 2, 2, second)
    buffer[at] = model


def seal(buffer: bytearray) -> int:
    """Write the checksum of a filled row; return the row's length."""
    end = row_bytes(buffer[0] & 31, buffer[10]) - 2
    put(buffer, end, 2, crc16(buffer, end))
    return end + 2


def unpack(payload: bytes | bytearray | memoryview, row: Row) -> bool:
    """Read payload into row; False when the bytes are no serving row. Never raises."""
    length = len(payload)
    if length < HEAD + 2 or payload[0] >> 5 != VERSION:
        return False
    kind = payload[0] & 31
    if (kind != STATE or payload[1]) and (kind != LEASE or payload[1] > ANSWER):
        return False
    count = payload[10]
    if count > MODELS_MAX or length != row_bytes(kind, count):
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    row.kind = kind
    row.answer = kind == LEASE and payload[1] == ANSWER
    row.node = get(payload, 2, 2, False)
    row.session = get(payload, 4, 2, False)
    row.seq = get(payload, 6, 4, False)
    row.count = count
    if kind == STATE:
        row.time_ms = get(payload, 11, 2, False)
        row.spare_ms = get(payload, 13, 2, False)
    row.payload = payload
    return row.node > 0 and row.session > 0 and 0 < row.seq <= SEQ_MAX
