"""REQUEST rows: a question to a model (kind 26), its answer (27), a part of a file (28, 29).

Little endian; all begin with byte 0 = version << 5 | kind and end with CRC-16/CCITT-FALSE:

    request  flags u8 (bit 0: forwarded, not to be forwarded again), number u32, model u8,
             budget_ms u16 (until it is of no use), then the inputs, a byte each
    answer   flags u8 (bit 0: refused), number u32, model u8, node u16 (who answered), then the
             scores, s32 each; none of a refusal
    part     flags 0, number u32 (where in the file), model u8, bytes u16: please send it
    bytes    flags 0, number u32, model u8, total u16, then the bytes

Nothing here raises on bytes from outside.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import FRAME_BYTES_MAX, SEQ_MAX, VERSION

REQUEST = 26
ANSWER = 27
PART = 28
BYTES = 29
HEAD = 9
FORWARDED = 1  # flag of a request
REFUSED = 1  # flag of an answer
BODY_MAX = FRAME_BYTES_MAX - HEAD - 2


class Row:
    """One received row. value: budget_ms, node, bytes or total by kind. body: what follows."""

    def __init__(self) -> None:
        self.kind = 0
        self.flag = 0
        self.number = 0
        self.model = 0
        self.value = 0
        self.body: bytes | bytearray | memoryview = b""


def pack(kind: int, flag: int, number: int, model: int, value: int, body: bytes = b"") -> bytes:
    """Return a row; number 0..2^30 - 1, model 0..255, value 0..65535, body up to BODY_MAX."""
    length = HEAD + len(body)
    row = bytearray(length + 2)
    row[0] = VERSION << 5 | kind
    row[1] = flag
    put(row, 2, 4, number)
    row[6] = model
    put(row, 7, 2, value)
    row[HEAD:length] = body
    put(row, length, 2, crc16(row, length))
    return bytes(row)


def unpack(payload: bytes | bytearray | memoryview, row: Row) -> bool:
    """Read payload into row; False when the bytes are no such row. Never raises."""
    length = len(payload)
    if not HEAD + 2 <= length <= FRAME_BYTES_MAX or payload[0] >> 5 != VERSION:
        return False
    kind = payload[0] & 31
    if not REQUEST <= kind <= BYTES or payload[1] > 1:
        return False
    if crc16(payload, length - 2) != payload[length - 2] | payload[length - 1] << 8:
        return False
    row.kind = kind
    row.flag = payload[1]
    row.number = get(payload, 2, 4, False)
    row.model = payload[6]
    row.value = get(payload, 7, 2, False)
    row.body = payload[HEAD : length - 2]
    return 0 <= row.number <= SEQ_MAX


def scores_of(body: bytes | bytearray | memoryview) -> list[int]:
    """Return the scores in an answer's body."""
    return [get(body, at, 4, True) for at in range(0, len(body) - 3, 4)]


def body_of(scores: list[int]) -> bytes:
    """Return scores as an answer's body; each within 31 bits."""
    body = bytearray(4 * len(scores))
    for k in range(len(scores)):
        put(body, 4 * k, 4, scores[k])
    return bytes(body)
