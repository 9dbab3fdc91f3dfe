"""A mean weighted by sizes, exact to half a unit, in 31 bits.

    weighted_mean = floor(sum(size * value) / sum(size) + 1/2)

The sum itself has up to 46 bits. So values, moved above 0, are taken apart into four digits of
base 64, and the division is the one of pencil and paper: with W the sum of the sizes, the rest
stays below W, and 64 * rest + (sum of size * digit) <= 127 W < 2^30.
"""

from quelea_proto.limits import Q_MAX

_BASE = 1 + Q_MAX  # 2^23, which moves every value above 0
_SHIFTS = (18, 12, 6, 0)  # of the four digits of 24 bits


def weighted_mean(values_q: list[int], sizes: list[int], count: int) -> int:
    """Return the mean of values_q[:count] with these sizes as weights, rounded half up.

    Values |q| < 2^23; sizes 0 or more, 1 .. 2^23 in all. An entry of size 0 has no weight.
    """
    total = 0
    for i in range(count):
        total += sizes[i]
    quotient = 0
    rest = 0
    for shift in _SHIFTS:
        rest <<= 6
        quotient <<= 6
        for i in range(count):
            rest += sizes[i] * ((values_q[i] + _BASE) >> shift & 63)
        quotient += rest // total
        rest %= total
    if rest >= total - rest:
        quotient += 1
    return quotient - _BASE
