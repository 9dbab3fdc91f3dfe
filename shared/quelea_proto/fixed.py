"""The number format: signed integers with |q| < 2^23, saturation, rounding, clocks that wrap.

Every function stays inside 31-bit signed integers for arguments in the ranges stated.
Floor division is the only division: `//` floors alike on CPython, MicroPython and Cython.
"""

from quelea_proto.limits import (
    EPOCH_MASK,
    Q_MAX,
    TICKS_HALF,
    TICKS_MASK,
)


def clamp(value: int, lo: int, hi: int) -> int:
    """Return value moved to the nearest point of [lo, hi]; lo <= hi."""
    if value < lo:
        return lo
    if value > hi:
        return hi
    return value


def saturate(value: int) -> int:
    """Return value moved into the number format, |q| <= Q_MAX."""
    return clamp(value, -Q_MAX, Q_MAX)


def mean_half_up(total: int, count: int) -> int:
    """Return total / count rounded half up, by floor division: (total + count // 2) // count.

    total: a sum of at most 127 values, so |total| < 2^30 - 63; count: 1..127.
    Half up, not half even: an adversary holds twice the spread against half even.
    """
    return (total + (count >> 1)) // count


def toward_zero(total: int, divisor: int) -> int:
    """Return total / divisor rounded toward zero; divisor > 0."""
    if total < 0:
        return -(-total // divisor)
    return total // divisor


def ticks_diff(later_ms: int, earlier_ms: int) -> int:
    """Return later - earlier on the ring of 2^30 ms, in -2^29 .. 2^29 - 1.

    Both arguments in 0..TICKS_MASK. 2^30 itself is no small integer on a 32-bit MicroPython,
    so the ring is left in two halves.
    """
    diff = (later_ms - earlier_ms) & TICKS_MASK
    if diff >= TICKS_HALF:
        diff = diff - TICKS_HALF - TICKS_HALF
    return diff


def ticks_add(ticks_ms: int, delta_ms: int) -> int:
    """Return ticks moved by delta on the ring; |delta| <= TICKS_HALF."""
    if ticks_ms >= TICKS_HALF and delta_ms > 0:
        ticks_ms = ticks_ms - TICKS_HALF - TICKS_HALF  # keep the sum a small integer
    return (ticks_ms + delta_ms) & TICKS_MASK


def ring16_diff(later: int, earlier: int) -> int:
    """Return later - earlier on the ring of 2^16 (epochs, sessions), in -2^15 .. 2^15 - 1."""
    diff = (later - earlier) & EPOCH_MASK
    if diff >= 32768:
        diff -= 65536
    return diff


def from_counts(counts: int, numerator: int, shift: int) -> int:
    """Return counts * numerator / 2^shift rounded half up: a converter's counts as q.

    counts: 0..65535; numerator: |n| < 2^14; shift: 1..16. 65535 * 16383 + 2^15 < 2^30.
    """
    return (counts * numerator + (1 << (shift - 1))) >> shift


def part(whole: int, weight: int, total: int, up: bool = False) -> int:
    """Return floor(whole * weight / total), 0 <= weight <= total, each < 2^23, total > 0.

    up: the next whole number instead, where the quotient is none. Multiplied and divided side by
    side, bit by bit: the rest stays below 3 * 2^23.
    """
    quotient = 0
    rest = 0
    bit = 1 << 22
    while bit:
        quotient += quotient
        rest += rest
        if whole & bit:
            rest += weight
        while rest >= total:
            rest -= total
            quotient += 1
        bit >>= 1
    return quotient + 1 if up and rest else quotient


def random_next(state: int) -> int:
    """Return the next state, 1..65536, of the multiplicative generator 75 modulo 65537.

    75 is a primitive root of the prime 65537 (the Sinclair ZX81's choice), so all 65,536 states
    are visited. Products stay below 2^23. For choices that need no secrecy.
    """
    return state * 75 % 65537
