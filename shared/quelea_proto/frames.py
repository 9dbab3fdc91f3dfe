"""FRAMES: rows (kind, name, head fields, columns); pack, and unpack -> frame or None.

Little endian throughout:

    byte 0      version << 5 | kind
    byte 1      flags
    head        the kind's fields, in order
    count       u8, how many neighbours the sender has
    columns     for each column in order: one entry a neighbour, by ascending node number
    crc         u16, CRC-16/CCITT-FALSE of everything before it

A field is (name, bytes, signed, unit). Kinds are append-only: a number is never used again.
Nothing here raises on bytes from outside and nothing allocates: `unpack` fills a Frame that the
caller keeps, and columns are read from the payload when asked for.
"""

from quelea_proto.flows import Flows
from quelea_proto.limits import (
    ESTIMATE_MAX,
    FLOW_MAX,
    FRAME_BYTES_MAX,
    KIND_MAX,
    NEIGHBOURS_MAX,
    Q_MAX,
    USED_MOD,
    VERSION,
)

STATE = 1
FLOW = 2

# flags
HELD = 1  # fewer than 2F + 1 fresh values: the value did not move this round
RESTART = 2  # first frame of an epoch: the value is the sender's own input
FLAGS_ALL = 3

# positions in Frame.head, the same in every kind
NODE = 0
SESSION = 1
EPOCH = 2
SEQ = 3
INPUT_Q = 4
VALUE_Q = 5

_COMMON = (
    ("node", 2, False, "node number of the sender"),
    ("session", 2, False, "boots of the sender"),
    ("epoch", 2, False, "epochs, on a ring of 2^16"),
    ("seq", 4, False, "frames of this session, < 2^30"),
)
_USED = ("used", 1, False, "1 + seq % 255 of the input used, 0 for none")

FRAMES: tuple[
    tuple[
        int,
        str,
        tuple[tuple[str, int, bool, str], ...],
        tuple[tuple[str, int, bool, str], ...],
    ],
    ...,
] = (
    (
        STATE,
        "state",
        _COMMON + (("input_q", 3, True, "q"), ("value_q", 3, True, "q")),
        (_USED,),
    ),
    (
        FLOW,
        "flow",
        _COMMON + (("input_q", 4, True, "q"), ("value_q", 4, True, "q")),
        (
            _USED,
            ("flow_turn", 4, False, "flow in 29 bits signed (q), turn in the top 3 bits"),
            ("residue", 1, True, "q, below the edge's divisor"),
        ),
    ),
)

# why a payload was refused; the positions are those of CAUSES
OK = 0
SHORT = 1
VERSION_OTHER = 2
KIND_OTHER = 3
LENGTH = 4
CRC = 5
RANGE = 6
CAUSES = ("ok", "short", "version", "kind", "length", "crc", "range")

# CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, by nibbles
_CRC_NIBBLE = (
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
    0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
)  # fmt: skip


def crc16(data: bytes | bytearray | memoryview, length: int) -> int:
    """Return CRC-16/CCITT-FALSE of data[:length]; of b"123456789" it is 0x29B1."""
    crc = 0xFFFF
    table = _CRC_NIBBLE
    for i in range(length):
        byte = data[i]
        crc = ((crc << 4) & 0xFFFF) ^ table[(crc >> 12) ^ (byte >> 4)]
        crc = ((crc << 4) & 0xFFFF) ^ table[(crc >> 12) ^ (byte & 15)]
    return crc


def _column_bytes(fields: tuple[tuple[str, int, bool, str], ...]) -> int:
    total = 0
    for field in fields:
        total += field[1]
    return total


def _head_bytes(fields: tuple[tuple[str, int, bool, str], ...]) -> int:
    return 2 + _column_bytes(fields) + 1


# by kind number; 0 head bytes where a number is not used
_FIELDS = [FRAMES[0][2]] * (KIND_MAX + 1)
_HEAD = [0] * (KIND_MAX + 1)  # bytes before the columns
_COLUMN = [0] * (KIND_MAX + 1)  # bytes of all columns a neighbour
for _row in FRAMES:
    _FIELDS[_row[0]] = _row[2]
    _HEAD[_row[0]] = _head_bytes(_row[2])
    _COLUMN[_row[0]] = _column_bytes(_row[3])


def frame_bytes(kind: int, count: int) -> int:
    """Return the length in bytes of a frame of this kind whose sender has count neighbours."""
    return _HEAD[kind] + _COLUMN[kind] * count + 2


def put(buffer: bytearray, at: int, width: int, value: int) -> None:
    """Write value (two's complement) into width bytes of buffer."""
    for i in range(width):
        buffer[at + i] = value & 255
        value >>= 8


def get(data: bytes | bytearray | memoryview, at: int, width: int, signed: bool) -> int:
    """Read width bytes (1..4). Of four bytes the top two bits must repeat: 31-bit values only.

    Returns -2^30 for a four-byte value that does not fit, which every range check refuses.
    """
    value = 0
    for i in range(width - 1):
        value |= data[at + i] << (8 * i)
    top = data[at + width - 1]
    if width == 4:
        if top >= 192 and signed:
            return value + ((top - 256) << 24)
        if top >= 64:
            return -1073741824
        return value | (top << 24)
    if signed and top >= 128:
        top -= 256
    return value + (top << (8 * (width - 1)))


class Frame:
    """One received or outgoing frame; made once and filled again and again.

    head: list of the six head fields (NODE .. VALUE_Q). count: neighbours of the sender.
    For outgoing frames the columns are kept here too: used, flow_q, turn, residue by slot.
    """

    def __init__(self, slots: int = 0) -> None:
        self.kind = 0
        self.flags = 0
        self.head = [0, 0, 0, 0, 0, 0]
        self.count = slots
        self.crc = 0
        self.cause = OK
        self.payload: bytes | bytearray | memoryview = b""
        self.used = bytearray(slots)

    def used_at(self, slot: int) -> int:
        """Return the column `used` of a received frame; slot in 0..count - 1."""
        return self.payload[_HEAD[self.kind] + slot]

    def flow_at(self, slot: int) -> int:
        """Return the flow (q, 29 bits signed) of a received FLOW frame."""
        at = _HEAD[FLOW] + self.count + 4 * slot
        data = self.payload
        flow_q = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | (data[at + 3] & 31) << 24
        if flow_q > FLOW_MAX:
            flow_q -= 536870912  # 2^29: back to the negative half
        return flow_q

    def turn_at(self, slot: int) -> int:
        """Return the turn (0..7) of a received FLOW frame."""
        return self.payload[_HEAD[FLOW] + self.count + 4 * slot + 3] >> 5

    def residue_at(self, slot: int) -> int:
        """Return the residue (-128..127) of a received FLOW frame."""
        residue = self.payload[_HEAD[FLOW] + 5 * self.count + slot]
        return residue - 256 if residue > 127 else residue


def pack_state(frame: Frame, buffer: bytearray) -> int:
    """Write head and `used` of frame into buffer; return the position after them."""
    buffer[0] = VERSION << 5 | frame.kind
    buffer[1] = frame.flags
    at = 2
    fields = _FIELDS[frame.kind]
    for i in range(6):
        width = fields[i][1]
        put(buffer, at, width, frame.head[i])
        at += width
    buffer[at] = frame.count
    at += 1
    for slot in range(frame.count):
        buffer[at + slot] = frame.used[slot]
    return at + frame.count


def seal(frame: Frame, buffer: bytearray, at: int) -> int:
    """Write the checksum at `at`; return the frame's length."""
    frame.crc = crc16(buffer, at)
    put(buffer, at, 2, frame.crc)
    return at + 2


def pack(frame: Frame, buffer: bytearray, flows: Flows | None = None) -> int:
    """Write frame into buffer and return its length; buffer holds frame_bytes(kind, count).

    flows: for a FLOW frame, and only for one, the node's flows, whose columns are written.
    """
    at = pack_state(frame, buffer)
    if flows is not None:
        count = frame.count
        for slot in range(count):
            put(buffer, at, 4, flows.flow_q[slot])
            buffer[at + 3] = (buffer[at + 3] & 31) | flows.turn[slot] << 5
            buffer[at + 4 * count - 3 * slot] = flows.residue[slot] & 255
            at += 4
        at += count
    return seal(frame, buffer, at)


def _in_range(frame: Frame) -> bool:
    head = frame.head
    bound = Q_MAX if frame.kind == STATE else ESTIMATE_MAX
    if head[NODE] == 0 or head[SESSION] == 0 or head[SEQ] < 0:
        return False
    if head[INPUT_Q] < -Q_MAX or head[INPUT_Q] > Q_MAX:
        return False
    return -bound <= head[VALUE_Q] <= bound


def unpack(payload: bytes | bytearray | memoryview, frame: Frame) -> Frame | None:
    """Read payload into frame; return it, or None when the bytes are no frame of ours.

    Never raises. frame.cause tells why (a position in CAUSES); on None only cause is meaningful.
    The payload is kept by reference: it must not change while the frame's columns are read.
    """
    length = len(payload)
    if length < 4 or length > FRAME_BYTES_MAX:
        frame.cause = SHORT if length < 4 else LENGTH
        return None
    if payload[0] >> 5 != VERSION:
        frame.cause = VERSION_OTHER
        return None
    kind = payload[0] & KIND_MAX
    at = _HEAD[kind]
    if at == 0:
        frame.cause = KIND_OTHER
        return None
    if length < at + 2:
        frame.cause = SHORT
        return None
    count = payload[at - 1]
    if count > NEIGHBOURS_MAX or length != at + _COLUMN[kind] * count + 2:
        frame.cause = LENGTH
        return None
    crc = payload[length - 2] | payload[length - 1] << 8
    if crc16(payload, length - 2) != crc:
        frame.cause = CRC
        return None
    frame.kind = kind
    frame.flags = payload[1]
    frame.count = count
    frame.crc = crc
    frame.payload = payload
    at = 2
    fields = _FIELDS[kind]
    for i in range(6):
        field = fields[i]
        frame.head[i] = get(payload, at, field[1], field[2])
        at += field[1]
    if frame.flags > FLAGS_ALL or not _in_range(frame):
        frame.cause = RANGE
        return None
    frame.cause = OK
    return frame


def used_mark(seq: int) -> int:
    """Return how a frame with this seq is named in the column `used`: 1..255."""
    return 1 + seq % USED_MOD
