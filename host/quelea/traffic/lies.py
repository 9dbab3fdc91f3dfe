"""LIES: rows (name, function): what a lying intersection makes of its own claim before it is sent.

It goes on to serve its own roads honestly; what lies is what it tells.
"""

from collections.abc import Callable

from quelea_proto.claim_row import HEAD, PERCENT_MAX, pack
from quelea_proto.frames import get


def _again(claim: bytes, load: int, full: list[int], sent: list[int]) -> bytes:
    """Return a claim of the same sender and number with other columns."""
    buffer = bytearray(len(claim))
    head = (get(claim, 1, 2, False), get(claim, 3, 2, False), get(claim, 5, 4, False))
    pack(buffer, *head, load, (full, sent))
    return bytes(buffer)


def full(claim: bytes) -> bytes:
    """Every road is full: nobody is to send anything."""
    count = claim[10]
    sent = list(claim[HEAD + count : HEAD + 2 * count])
    return _again(claim, PERCENT_MAX, [PERCENT_MAX] * count, sent)


def flood(claim: bytes) -> bytes:
    """Every road is empty, and crowds are on their way to everybody."""
    count, seq = claim[10], get(claim, 5, 4, False)
    return _again(claim, 0, [0] * count, [seq * 120 & 255] * count)


def flip(claim: bytes) -> bytes:
    """Full and empty change places."""
    count = claim[10]
    columns = [PERCENT_MAX - one for one in claim[HEAD : HEAD + count]]
    sent = list(claim[HEAD + count : HEAD + 2 * count])
    return _again(claim, PERCENT_MAX - claim[9], columns, sent)


LIES: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("full", full),
    ("flood", flood),
    ("flip", flip),
)
