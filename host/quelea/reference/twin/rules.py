"""The seven rules of the reference, each from its definition over ranks.

The rank of a value among n is the number of values below it, equal ones in the order given; all
ranks together are found by comparing every pair once. A rule then names the ranks that it keeps.
Every `values` is a buffer of 64-bit integers that no rule changes; a mean is rounded half up.
"""

from collections.abc import Callable, Sequence
from functools import partial

from quelea_proto import limits

COMPILED = {
    "NEIGHBOURS_MAX": limits.NEIGHBOURS_MAX,
    "FAULTS_MAX": limits.FAULTS_MAX,
    "Q_MAX": limits.Q_MAX,
}

NAMES = (
    "mean", "trimmed-mean", "wmsr", "midpoint", "median", "trim-and-clip", "clipped-wmsr"
)  # fmt: skip


def zeros(count: int) -> list[int]:
    """Return a column of zeros."""
    return [0] * count


# Two more than there may be neighbours: the own value, and one to spare.
TAKEN = zeros(limits.NEIGHBOURS_MAX + 2)
GIVEN = zeros(limits.NEIGHBOURS_MAX + 2)
RANKS = zeros(limits.NEIGHBOURS_MAX + 2)
ORDER = zeros(limits.NEIGHBOURS_MAX + 2)
NEAR = zeros(limits.NEIGHBOURS_MAX + 2)
FARTHEST = 2 * limits.Q_MAX  # no two values are further apart: nothing is clipped


def arrange(values: Sequence[int], count: int, into: list[int]) -> None:
    """Put values[:count] into `into`, each at its rank."""
    for i in range(count):
        RANKS[i] = 0
    for i in range(1, count):
        value = values[i]
        rank = i
        for j in range(i):
            if values[j] > value:
                rank -= 1
                RANKS[j] += 1
        RANKS[i] = rank
    for i in range(count):
        into[RANKS[i]] = values[i]


def half_up(total: int, count: int) -> int:
    """Return total / count rounded half up, as floor((2 total + count) / (2 count))."""
    return (2 * total + count) // (2 * count)


def window(first: int, last: int) -> int:
    """Return the sum of ORDER[first : last + 1]."""
    total = 0
    for i in range(first, last + 1):
        total += ORDER[i]
    return total


def distance(own_q: int, values: Sequence[int], count: int, rank: int) -> int:
    """Return the distance from the own value that `rank` others do not exceed."""
    for i in range(count):
        GIVEN[i] = abs(values[i] - own_q)
    arrange(GIVEN, count, NEAR)
    return NEAR[rank]


def moved(own_q: int, longest: int, first: int, last: int) -> int:
    """Return the mean of own_q and ORDER[first : last + 1], each at most `longest` away."""
    total = 0
    for i in range(first, last + 1):
        total += max(-longest, min(longest, ORDER[i] - own_q))
    return own_q + half_up(total, last - first + 2)


def wmsr(own_q: int, values: Sequence[int], count: int, faults_max: int, longest: int) -> int:
    """Drop the F largest of those above the own value and the F smallest of those below it."""
    below = 0
    above = 0
    for i in range(count):
        below += values[i] < own_q
        above += values[i] > own_q
    arrange(values, count, ORDER)
    first = min(below, faults_max)
    last = count - 1 - min(above, faults_max)
    return moved(own_q, longest, first, last)


def trim_and_clip(own_q: int, values: Sequence[int], count: int, faults_max: int) -> int:
    """Move by the mean of the kept distances, none longer than the one of rank kept - 1."""
    kept = count - 2 * faults_max
    longest = distance(own_q, values, count, kept - 1)
    arrange(values, count, ORDER)
    return moved(own_q, longest, faults_max, faults_max + kept - 1)


def with_own(own_q: int, values: Sequence[int], count: int) -> None:
    """Fill ORDER with the own value and values[:count], ascending."""
    for i in range(count):
        GIVEN[i] = values[i]
    GIVEN[count] = own_q
    arrange(GIVEN, count + 1, ORDER)


def combine(rule: int, own_q: int, values: Sequence[int], count: int, faults_max: int) -> int:
    """Return the estimate of NAMES[rule]; fewer than 2F + 1 values: the own one, but for mean."""
    if rule == 0:
        total = own_q
        for i in range(count):
            total += values[i]
        return half_up(total, count + 1)
    if count < 2 * faults_max + 1:
        return own_q
    if rule == 2:
        return wmsr(own_q, values, count, faults_max, FARTHEST)
    if rule == 5:
        return trim_and_clip(own_q, values, count, faults_max)
    if rule == 6:
        longest = distance(own_q, values, count, count - 2 * faults_max - 1)
        return wmsr(own_q, values, count, faults_max, longest)
    with_own(own_q, values, count)
    top = count - faults_max
    if rule == 1:
        return half_up(window(faults_max, top), top - faults_max + 1)
    if rule == 3:
        return half_up(ORDER[faults_max] + ORDER[top], 2)
    return half_up(ORDER[count // 2] + ORDER[count - count // 2], 2)


def estimate(rule: int, own_q: int, values_q: Sequence[int], count: int, faults_max: int) -> int:
    """Apply NAMES[rule] to own_q and values_q[:count], which is left as it is.

    count: 0..126, |values| < 2^23, faults_max: 0..62; ValueError or IndexError beyond.
    """
    if not 0 <= count <= limits.NEIGHBOURS_MAX or not 0 <= faults_max <= limits.FAULTS_MAX:
        raise ValueError(f"count {count} is not in 0..126 or faults_max {faults_max} in 0..62")
    for i in range(count):
        TAKEN[i] = values_q[i]
    return combine(rule, own_q, TAKEN, count, faults_max)


Rule = Callable[[int, Sequence[int], int, int], int]

# (name, apply, liars tolerated?), in the order of quelea_proto.rules.RULES
RULES: tuple[tuple[str, Rule, bool], ...] = tuple(
    [(name, partial(estimate, at), at > 0) for at, name in enumerate(NAMES)]
)
