"""Liars' heads: an epoch, a seq, a session or a sender that is not theirs, with a good checksum.

What adversaries claim is a value; this adds, byte by byte, what else a frame may lie about.
Offsets are those of docs/protocol.md, not taken from the code under test.
"""

import random

from quelea.simulator.network import seal

NODE_AT, SESSION_AT, EPOCH_AT, SEQ_AT = 2, 4, 6, 8
KINDS = ("epoch", "seq", "session", "sender", "kind")


def _u16(payload: bytes, at: int) -> int:
    return int.from_bytes(payload[at : at + 2], "little")


def _put(payload: bytes, at: int, width: int, value: int) -> bytes:
    body = bytearray(payload[:-2])
    body[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return seal(body)


def forge(payload: bytes, others: tuple[int, ...], rng: random.Random) -> tuple[str, bytes]:
    """Return (which of KINDS, the frame with that lie in its head); others: numbers to borrow."""
    kind = rng.choice(KINDS)
    if kind == "epoch":
        ahead = rng.choice((1, 2, 3, 1000, 32_767, -1))
        return kind, _put(payload, EPOCH_AT, 2, _u16(payload, EPOCH_AT) + ahead)
    if kind == "seq":
        seq = int.from_bytes(payload[SEQ_AT : SEQ_AT + 4], "little")
        return kind, _put(payload, SEQ_AT, 4, max(1, seq + rng.choice((-1, 1, 2, 255))))
    if kind == "session":
        session = max(1, _u16(payload, SESSION_AT) + rng.choice((-1, 1, 2)))
        return kind, _put(payload, SESSION_AT, 2, session)
    if kind == "sender":
        return kind, _put(payload, NODE_AT, 2, rng.choice(others))
    return kind, _put(payload, 0, 1, payload[0] ^ rng.choice((1, 2, 3, 16)))


def future(payload: bytes) -> bytes:
    """Return the frame as a node of the next protocol version would mark it."""
    return _put(payload, 0, 1, payload[0] + 32)
