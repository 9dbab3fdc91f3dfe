"""LEASE rows (kind 7): a holder's question to a server, and the server's answer.

Little endian:

    byte 0      version << 5 | kind 7
    byte 1      flags: bit 0 answer
    head        node u16 (the holder), session u16, seq u32 (of the question), server u8
    question    ask_q u24, held_q u24 (the grant acted on), use_q u24 (what is drawn now)
    answer      load_q u24 (all that is asked of the server), grant_q u24, 0 u24
    crc         u16, CRC-16/CCITT-FALSE of everything before it

A codec of its own, as in headroom_row.py. Nothing here raises on bytes from outside.
"""

from quelea_proto.crc import crc16
from quelea_proto.frames import get, put
from quelea_proto.limits import Q_MAX, SEQ_MAX, VERSION
from quelea_proto.rumour_row import SERVERS_MAX

KIND = 7
ANSWER = 1  # flag
BYTES = 22

# (name, bytes, unit)
FIELDS = (
    ("node", 2, "node number of the holder"),
    ("session", 2, "boots of the holder"),
    ("seq", 4, "questions of this session, 1 .. 2^30 - 1"),
    ("server", 1, "index of the server"),
    ("first_q", 3, "q, asked by the holder; of an answer: the server's load"),
    ("second_q", 3, "q, the grant that the holder acts on; of an answer: the new grant"),
    ("use_q", 3, "q, what the holder draws now; of an answer: 0"),
)


class Lease:
    """One row's fields, filled by unpack()."""

    def __init__(self) -> None:
        self.answer = False
        self.node = 0
        self.session = 0
        self.seq = 0
        self.server = 0
        self.first_q = 0
        self.second_q = 0
        self.use_q = 0


def pack(buffer: bytearray, row: Lease) -> None:
    """Write row into buffer, which holds BYTES; numbers above 24 bits are cut to Q_MAX."""
    buffer[0] = VERSION << 5 | KIND
    buffer[1] = ANSWER if row.answer else 0
    put(buffer, 2, 2, row.node)
    put(buffer, 4, 2, row.session)
    put(buffer, 6, 4, row.seq)
    buffer[10] = row.server
    put(buffer, 11, 3, min(Q_MAX, row.first_q))
    put(buffer, 14, 3, min(Q_MAX, row.second_q))
    put(buffer, 17, 3, min(Q_MAX, row.use_q))
    put(buffer, 20, 2, crc16(buffer, 20))


def unpack(payload: bytes | bytearray | memoryview, row: Lease) -> bool:
    """Read payload into row; False when the bytes are no lease row. Never raises."""
    if len(payload) != BYTES or payload[0] != VERSION << 5 | KIND or payload[1] > ANSWER:
        return False
    if crc16(payload, 20) != payload[20] | payload[21] << 8:
        return False
    row.answer = payload[1] == ANSWER
    row.node = get(payload, 2, 2, False)
    row.session = get(payload, 4, 2, False)
    row.seq = get(payload, 6, 4, False)
    row.server = payload[10]
    row.first_q = get(payload, 11, 3, False)
    row.second_q = get(payload, 14, 3, False)
    row.use_q = get(payload, 17, 3, False)
    if row.node == 0 or row.session == 0 or not 0 < row.seq <= SEQ_MAX:
        return False
    return row.server < SERVERS_MAX and max(row.first_q, row.second_q, row.use_q) <= Q_MAX
