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
caller keeps, and columns are read from the payload when asked for. The fields are read and
written one by one, not by walking the rows, which takes twice the instructions for a head;
tests/unit/test_frame_rows.py walks them and compares.
"""

from quelea_proto.crc import crc16
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

_INPUT_AT = 12  # byte where input_q begins; what lies before is the same in every kind

# why a payload was refused; the positions are those of CAUSES
OK = 0
SHORT = 1
VERSION_OTHER = 2
KIND_OTHER = 3
LENGTH = 4
CRC = 5
RANGE = 6
CAUSES = ("ok", "short", "version", "kind", "length", "crc", "range")


def _column_bytes(fields: tuple[tuple[str, int, bool, str], ...]) -> int:
    total = 0
    for field in fields:
        total += field[1]
    return total


def _head_bytes(fields: tuple[tuple[str, int, bool, str], ...]) -> int:
    return 2 + _column_bytes(fields) + 1


# by kind number; 0 head bytes where a number is not used
_HEAD = [0] * (KIND_MAX + 1)  # bytes before the columns
_COLUMN = [0] * (KIND_MAX + 1)  # bytes of all columns a neighbour
for _row in FRAMES:
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


def _put_head(frame: Frame, buffer: bytearray) -> None:
    """Write the two bytes before the head, and the head up to seq."""
    head = frame.head
    buffer[0] = VERSION << 5 | frame.kind
    buffer[1] = frame.flags
    value = head[NODE]
    buffer[2] = value & 255
    buffer[3] = value >> 8
    value = head[SESSION]
    buffer[4] = value & 255
    buffer[5] = value >> 8
    value = head[EPOCH]
    buffer[6] = value & 255
    buffer[7] = value >> 8
    value = head[SEQ]
    buffer[8] = value & 255
    buffer[9] = value >> 8 & 255
    buffer[10] = value >> 16 & 255
    buffer[11] = value >> 24


def _put_used(frame: Frame, buffer: bytearray, at: int) -> int:
    """Write count and `used` at `at`; return the position after them."""
    used = frame.used
    buffer[at] = frame.count
    at += 1
    for slot in range(frame.count):
        buffer[at + slot] = used[slot]
    return at + frame.count


def _put_edges(flows: Flows, buffer: bytearray, at: int) -> int:
    """Write the columns flow_turn and residue; return the position after them."""
    for slot in range(len(flows.flow_q)):
        value = flows.flow_q[slot]
        buffer[at] = value & 255
        buffer[at + 1] = value >> 8 & 255
        buffer[at + 2] = value >> 16 & 255
        buffer[at + 3] = value >> 24 & 31 | flows.turn[slot] << 5
        at += 4
    for slot in range(len(flows.residue)):
        buffer[at] = flows.residue[slot] & 255
        at += 1
    return at


def pack(frame: Frame, buffer: bytearray, flows: Flows | None = None) -> int:
    """Write frame into buffer and return its length; buffer holds frame_bytes(kind, count).

    flows: for a FLOW frame, and only for one, the node's flows, whose columns are written.
    """
    _put_head(frame, buffer)
    width = 3 if frame.kind == STATE else 4
    put(buffer, _INPUT_AT, width, frame.head[INPUT_Q])
    put(buffer, _INPUT_AT + width, width, frame.head[VALUE_Q])
    at = _put_used(frame, buffer, _INPUT_AT + 2 * width)
    if flows is not None:
        at = _put_edges(flows, buffer, at)
    frame.crc = crc16(buffer, at)
    buffer[at] = frame.crc & 255
    buffer[at + 1] = frame.crc >> 8
    return at + 2


def _damage(payload: bytes | bytearray | memoryview) -> int:
    """Return why the payload is no whole frame, or OK.

    Reading is spread over several functions since one with many names would not find room for
    them on the stack: MicroPython takes them from the heap then.
    """
    length = len(payload)
    if length < 4:
        return SHORT
    if length > FRAME_BYTES_MAX:
        return LENGTH
    if payload[0] >> 5 != VERSION:
        return VERSION_OTHER
    kind = payload[0] & KIND_MAX
    at = _HEAD[kind]
    if at == 0:
        return KIND_OTHER
    if length < at + 2:
        return SHORT
    count = payload[at - 1]
    if count > NEIGHBOURS_MAX or length != at + _COLUMN[kind] * count + 2:
        return LENGTH
    length -= 2
    if crc16(payload, length) != payload[length] | payload[length + 1] << 8:
        return CRC
    return OK


def _read_common(payload: bytes | bytearray | memoryview, head: list[int]) -> bool:
    """Fill node, session, epoch and seq; return whether they are in range."""
    head[NODE] = node = payload[2] | payload[3] << 8
    head[SESSION] = session = payload[4] | payload[5] << 8
    head[EPOCH] = payload[6] | payload[7] << 8
    top = payload[11]
    if node == 0 or session == 0 or top > 63:
        return False
    head[SEQ] = payload[8] | payload[9] << 8 | payload[10] << 16 | top << 24
    return True


def _signed24(data: bytes | bytearray | memoryview, at: int) -> int:
    """Return what get(data, at, 3, True) returns."""
    value = data[at] | data[at + 1] << 8 | data[at + 2] << 16
    return value if value < 8388608 else value - 16777216


def _signed32(data: bytes | bytearray | memoryview, at: int) -> int:
    """Return what get(data, at, 4, True) returns: -2^30 for what has more than 31 bits."""
    top = data[at + 3]
    if top > 63:
        top -= 256
        if top < -64:
            return -1073741824
    return data[at] | data[at + 1] << 8 | data[at + 2] << 16 | top << 24


def _read(payload: bytes | bytearray | memoryview, frame: Frame) -> bool:
    """Fill frame from a whole payload; return whether every field is in range."""
    head = frame.head
    if payload[1] > FLAGS_ALL or not _read_common(payload, head):
        return False
    kind = payload[0] & KIND_MAX
    if kind == STATE:
        input_q = _signed24(payload, _INPUT_AT)
        value_q = _signed24(payload, _INPUT_AT + 3)
        bound = Q_MAX
    else:
        input_q = _signed32(payload, _INPUT_AT)
        value_q = _signed32(payload, _INPUT_AT + 4)
        bound = ESTIMATE_MAX
    frame.kind = kind
    frame.flags = payload[1]
    frame.count = payload[_HEAD[kind] - 1]
    frame.payload = payload
    head[INPUT_Q] = input_q
    head[VALUE_Q] = value_q
    return -Q_MAX <= input_q <= Q_MAX and -bound <= value_q <= bound


def unpack(payload: bytes | bytearray | memoryview, frame: Frame) -> Frame | None:
    """Read payload into frame; return it, or None when the bytes are no frame of ours.

    Never raises. frame.cause tells why (a position in CAUSES); on None only cause is meaningful.
    The payload is kept by reference: it must not change while the frame's columns are read.
    """
    frame.cause = _damage(payload)
    if frame.cause:
        return None
    length = len(payload)
    frame.crc = payload[length - 2] | payload[length - 1] << 8
    if _read(payload, frame):
        return frame
    frame.cause = RANGE
    return None


def used_mark(seq: int) -> int:
    """Return how a frame with this seq is named in the column `used`: 1..255."""
    return 1 + seq % USED_MOD
