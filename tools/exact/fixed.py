"""The number format in exact fractions and on explicit rings; and its vectors."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, floor, trunc

from exact.draw import draws

Q_MAX = 2**23 - 1
RING_MS = 2**30
Row = dict[str, object]


def clamp(value: int, lo: int, hi: int) -> int:
    """The nearest point of lo..hi."""
    return sorted((lo, value, hi))[1]


def saturate(value: int) -> int:
    """The nearest value of the number format."""
    return clamp(value, -Q_MAX, Q_MAX)


def mean_half_up(total: int, count: int) -> int:
    """total / count to the nearest integer, a half upwards."""
    return floor(Fraction(total, count) + Fraction(1, 2))


def toward_zero(total: int, divisor: int) -> int:
    """total / divisor without its fraction."""
    return trunc(Fraction(total, divisor))


def part(whole: int, weight: int, total: int, up: int = 0) -> int:
    """whole * weight / total, floored, or the next whole number where up is 1."""
    return (ceil if up else floor)(Fraction(whole * weight, total))


def ring_diff(later: int, earlier: int, ring: int) -> int:
    """The representative of later - earlier modulo ring in -ring/2 .. ring/2 - 1."""
    return (later - earlier + ring // 2) % ring - ring // 2


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE as division of polynomials, a bit at a time."""
    register = 0xFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            carry = (register >> 15) ^ (byte >> bit & 1)
            register = (register << 1 & 0xFFFF) ^ (0x1021 if carry else 0)
    return register


OPS: dict[str, Callable[..., int]] = {
    "clamp": clamp,
    "saturate": saturate,
    "mean_half_up": mean_half_up,
    "toward_zero": toward_zero,
    "part": part,
    "ticks_diff": lambda later, earlier: ring_diff(later, earlier, RING_MS),
    "ticks_add": lambda ticks, delta: (ticks + delta) % RING_MS,
    "ring16_diff": lambda later, earlier: ring_diff(later, earlier, 2**16),
    "from_counts": lambda counts, n, shift: floor(Fraction(counts * n, 2**shift) + Fraction(1, 2)),
    "random_next": lambda state: state * 75 % 65537,
    "crc16": lambda text: crc16(bytes.fromhex(text)),
}


def _arithmetic() -> Iterator[tuple[str, tuple[int, ...], str]]:
    for value in (-(2**23), -Q_MAX, -1, 0, 1, Q_MAX, 2**23):
        yield "saturate", (value,), "ends of the number format and one beyond"
    for value in (-9, -8, 0, 8, 9):
        yield "clamp", (value, -8, 8), "inside, at the ends, beyond"
    yield "clamp", (5, 3, 3), "a range of one value"
    for total in (-7, -5, -3, -1, 0, 1, 3, 5, 7):
        yield "mean_half_up", (total, 2), "halves"
    for total in (-5, -4, -2, -1, 1, 2, 4, 5):
        yield "mean_half_up", (total, 3), "thirds"
    for count in (1, 2, 126, 127):
        yield "mean_half_up", (count * Q_MAX, count), "the largest sum of count values"
        yield "mean_half_up", (-count * Q_MAX, count), "the smallest sum of count values"
    yield "mean_half_up", (127 * Q_MAX - 64, 127), "a remainder just below a half"
    yield "mean_half_up", (127 * Q_MAX - 63, 127), "a remainder just above a half"
    for total in (-8, -7, -1, 0, 1, 7, 8):
        yield "toward_zero", (total, 4), "both signs alike"
    yield "toward_zero", (-(2**30) + 1, 127), "the smallest total"
    yield "toward_zero", (2**30 - 1, 2), "the largest total"


def _rings() -> Iterator[tuple[str, tuple[int, ...], str]]:
    half, top = RING_MS // 2, RING_MS - 1
    for later, earlier in ((0, 0), (5, 3), (3, 5), (0, top), (top, 0), (10, top - 10)):
        yield "ticks_diff", (later, earlier), "near, and over the end of the ring"
    for later, earlier in ((half, 0), (half - 1, 0), (0, half), (top, half - 1), (0, half + 1)):
        yield "ticks_diff", (later, earlier), "half a ring apart"
    for ticks in (0, half, top):
        for delta in (-half, -1, 0, 1, half):
            yield "ticks_add", (ticks, delta), "ends of the ring and half rings"
    yield "ticks_add", (top - 5, 3600000), "an hour over the end of the ring"
    for later, earlier in ((0, 0), (1, 65535), (65535, 1), (32768, 0), (32767, 0), (0, 32768)):
        yield "ring16_diff", (later, earlier), "epochs and sessions over the end"


def _converter() -> Iterator[tuple[str, tuple[int, ...], str]]:
    for counts, numerator, shift in (
        (0, 16383, 1), (65535, 16383, 1), (65535, -16383, 24), (1, 1, 1), (1, -1, 1), (3, 1, 1),
        (4095, 3300, 12), (2048, 3300, 12), (65535, 6600, 16), (1000, 8191, 13),
    ):  # fmt: skip
        yield "from_counts", (counts, numerator, shift), "converter counts to q, halves upwards"
    for state in (1, 2, 874, 65536, 32768):
        yield "random_next", (state,), "75 times, modulo 65537"


def _parts() -> Iterator[tuple[str, tuple[int, ...], str]]:
    for up in (0, 1):
        for whole, weight, total in ((0, 0, 1), (7, 0, 3), (0, 3, 7), (5, 3, 3)):
            yield "part", (whole, weight, total, up), "nothing and all of it"
        for whole in (1, 2, 3, 100):
            yield "part", (whole, 1, 3, up), "thirds"
        yield "part", (Q_MAX, Q_MAX, Q_MAX, up), "the largest of each"
        yield "part", (Q_MAX, Q_MAX - 1, Q_MAX, up), "a unit less"
        yield "part", (1, 1, Q_MAX, up), "the smallest part"
    for i in range(12):
        total, weight = sorted(draws(f"part/{i}", 2, 1, Q_MAX), reverse=True)
        (whole,) = draws(f"part/{i}/whole", 1, 0, Q_MAX)
        yield "part", (whole, weight, total, i & 1), "drawn"


def rows() -> Iterator[Row]:
    """Yield the rows of fixed.jsonl: op, args, result, why."""
    for cases in (_arithmetic(), _rings(), _converter()):
        for op, args, why in cases:
            yield {"op": op, "args": list(args), "result": OPS[op](*args), "why": why}
    for i in range(12):
        pair = draws(f"ticks/{i}", 2, 0, RING_MS - 1)
        result = OPS["ticks_diff"](*pair)
        yield {"op": "ticks_diff", "args": pair, "result": result, "why": "drawn"}
    check = OPS["crc16"]("313233343536373839")
    if check != 0x29B1:
        raise AssertionError("the check value of CRC-16/CCITT-FALSE is 0x29B1")
    for text, why in (
        ("313233343536373839", "the published check value: of 123456789 it is 0x29B1"),
        ("", "of nothing: the start value"),
        ("00", "one zero byte"),
        ("ff" * 32, "32 bytes of ones"),
    ):
        yield {"op": "crc16", "args": [text], "result": OPS["crc16"](text), "why": why}
    for op, args, why in _parts():
        yield {"op": op, "args": list(args), "result": OPS[op](*args), "why": why}
