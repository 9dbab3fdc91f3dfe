"""The seven rules in exact fractions, from their definitions in words; and their vectors.

Each definition takes (own, values, F) and returns the estimate: an exact rational number first,
rounded once, half up, at the very end. Bound: |q| <= 2^23 - 1, at most 126 values.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import floor

from exact.draw import draw, draws

Q_MAX = 2**23 - 1
Row = dict[str, object]
Case = tuple[int, list[int], int, str]


def half_up(exact: Fraction) -> int:
    """Round to the nearest integer, a half upwards."""
    return floor(exact + Fraction(1, 2))


def mean(own: int, values: list[int], faults: int) -> int:
    """The average of the own value and all received; F plays no part."""
    return half_up(Fraction(own + sum(values), 1 + len(values)))


def trimmed_mean(own: int, values: list[int], faults: int) -> int:
    """Own and received together, without the F smallest and the F largest, averaged."""
    kept = sorted([own, *values])[faults : 1 + len(values) - faults]
    return half_up(Fraction(sum(kept), len(kept)))


def wmsr(own: int, values: list[int], faults: int) -> int:
    """Without the F largest of those above the own value and the F smallest of those below."""
    above = sorted(value for value in values if value > own)
    below = sorted((value for value in values if value < own), reverse=True)
    level = [value for value in values if value == own]
    kept = level + above[: max(0, len(above) - faults)] + below[: max(0, len(below) - faults)]
    return half_up(Fraction(own + sum(kept), 1 + len(kept)))


def midpoint(own: int, values: list[int], faults: int) -> int:
    """Own and received together, F dropped at each end, the middle of what is left."""
    kept = sorted([own, *values])[faults : 1 + len(values) - faults]
    return half_up(Fraction(min(kept) + max(kept), 2))


def median(own: int, values: list[int], faults: int) -> int:
    """The middle of own and received; of an even number the middle of the middle two."""
    row = sorted([own, *values])
    middle = len(row) // 2
    if len(row) % 2:
        return row[middle]
    return half_up(Fraction(row[middle - 1] + row[middle], 2))


def trim_and_clip(own: int, values: list[int], faults: int) -> int:
    """F received dropped at each end, the rest moved to within tau of the own, averaged with it.

    tau: of the distances of all received from the own value, the (m - 2F)-th smallest.
    """
    distances = sorted(abs(value - own) for value in values)
    tau = distances[len(values) - 2 * faults - 1]
    kept = sorted(values)[faults : len(values) - faults]
    clipped = [max(own - tau, min(own + tau, value)) for value in kept]
    return half_up(Fraction(own + sum(clipped), 1 + len(clipped)))


def clipped_wmsr(own: int, values: list[int], faults: int) -> int:
    """What W-MSR keeps, moved to within tau of the own, averaged with it; tau as above."""
    distances = sorted(abs(value - own) for value in values)
    tau = distances[len(values) - 2 * faults - 1]
    above = sorted(value for value in values if value > own)
    below = sorted((value for value in values if value < own), reverse=True)
    level = [value for value in values if value == own]
    kept = level + above[: max(0, len(above) - faults)] + below[: max(0, len(below) - faults)]
    clipped = [max(own - tau, min(own + tau, value)) for value in kept]
    return half_up(Fraction(own + sum(clipped), 1 + len(clipped)))


RULES: tuple[tuple[str, Callable[[int, list[int], int], int]], ...] = (
    ("mean", mean),
    ("trimmed-mean", trimmed_mean),
    ("wmsr", wmsr),
    ("midpoint", midpoint),
    ("median", median),
    ("trim-and-clip", trim_and_clip),
    ("clipped-wmsr", clipped_wmsr),
)


def estimate(rule: str, own: int, values: list[int], faults: int) -> int:
    """Apply a rule by name; every rule but the mean holds below 2F + 1 received values."""
    if rule != "mean" and len(values) < 2 * faults + 1:
        return own
    return dict(RULES)[rule](own, values, faults)


def edge_cases() -> Iterator[Case]:
    """Cases that every rule is asked: extremes, ties, too few values, rounding, signs."""
    top, low = Q_MAX, -Q_MAX
    yield 0, [], 0, "nothing received, F = 0: one value short of 2F + 1"
    yield 7, [], 1, "nothing received, F = 1"
    yield 7, [9], 0, "one value, F = 0"
    yield 7, [9, 11], 1, "2F values: one short, the node holds"
    yield 7, [9, 11, 100], 1, "2F + 1 values: just enough"
    yield 7, [9, 11, 100, 120], 2, "2F values at F = 2"
    yield 7, [9, 11, 100, 120, -5], 2, "2F + 1 values at F = 2, not in order"
    yield 5, [5, 5, 5, 5], 1, "all equal"
    yield 5, [5, 5, 9, 9], 1, "ties with the own value and above"
    yield 5, [1, 1, 5, 5], 1, "ties with the own value and below"
    yield 9, [1, 1, 1, 9, 9, 9], 2, "ties on both sides of the cut"
    yield 0, [1, 1, 1], 0, "three quarters"
    yield 0, [1], 0, "a half, rounded up"
    yield 0, [-1], 0, "minus a half, rounded up to zero"
    yield -1, [-2], 0, "minus one and a half, rounded up"
    yield -3, [-3, -4, -4], 0, "minus three and a half, rounded up"
    yield 1, [2, 2], 0, "five thirds"
    yield -1, [-2, -2], 0, "minus five thirds"
    yield top, [top] * 4, 1, "all at the upper end"
    yield low, [low] * 4, 1, "all at the lower end"
    yield 0, [top, top, low, low], 1, "both ends, balanced"
    yield top, [low, low, low], 1, "own at one end, all others at the other"
    yield low, [top, top, top], 1, "the same, other way round"
    yield 100, [top, 90, 110, 95], 1, "one liar at the upper end"
    yield 100, [low, 90, 110, 95], 1, "one liar at the lower end"
    yield 100, [top, low, 90, 110, 95], 2, "two liars, one at each end, F = 2"
    yield 100, [top, top, 90, 110, 95], 2, "two liars at the same end, F = 2"
    yield 0, [10, 20, 30, 40], 1, "own value smallest"
    yield 50, [10, 20, 30, 40], 1, "own value largest"
    yield 25, [10, 20, 30, 40], 1, "own value in the middle"
    yield 25, [24, 26, 24, 26, 25, 25], 1, "near ties about the own value"
    yield 20, [10, 30, 10, 30, 40], 1, "equal distances on both sides"


def long_cases() -> Iterator[Case]:
    """126 values: the longest sums there are."""
    top, low = Q_MAX, -Q_MAX
    yield top, [top] * 126, 0, "126 values at the upper end: the largest sum, F = 0"
    yield low, [low] * 126, 0, "126 values at the lower end: the smallest sum, F = 0"
    yield top, [top] * 126, 62, "126 values, the largest F"
    yield low, [top] * 126, 0, "own at the lower end: every distance is 2^24 - 2"
    yield low, [top] * 126, 62, "the same at the largest F"
    yield 0, [top, low] * 63, 31, "126 values, half at each end"
    yield 12345, draws("long", 126, low, top), 40, "126 drawn values, F = 40"
    yield (
        -54321,
        draws("long-ties", 126, -3, 3),
        20,
        "126 drawn values with many ties, own outside",
    )


def drawn_cases() -> Iterator[Case]:
    """Small random cases: mostly few distinct values, so that ties are common."""
    for i in range(24):
        label = f"rule-case/{i}"
        count = draw(f"{label}/count", 1, 9)
        span = (3, 20, 1000, Q_MAX)[i % 4]
        own = draw(f"{label}/own", -span, span)
        faults = draw(f"{label}/faults", 0, (count - 1) // 2)
        yield own, draws(label, count, -span, span), faults, f"drawn, span {span}"


# Worked by hand or taken from the literature: (rule, own, values, F, expected, why).
WORKED: tuple[tuple[str, int, tuple[int, ...], int, int, str], ...] = (
    *(
        ("wmsr", own, others, 1, after, f"K5, one liar at 10^6, round {turn}, by hand")
        for turn, own, others, after in (
            (1, 0, (100, 200, 300, 10**6), 150),
            (1, 100, (0, 200, 300, 10**6), 200),
            (1, 200, (0, 100, 300, 10**6), 200),
            (1, 300, (0, 100, 200, 10**6), 200),
            (2, 150, (200, 200, 200, 10**6), 188),
            (2, 200, (150, 200, 200, 10**6), 200),
            (3, 188, (200, 200, 200, 10**6), 197),
            (4, 197, (200, 200, 200, 10**6), 199),
            (5, 199, (200, 200, 200, 10**6), 200),
        )
    ),
    ("wmsr", 0, (0, 0, 0, 0, 1000), 1, 0, "two K5 joined by a matching (r = 1): never moves"),
    ("wmsr", 1000, (1000, 1000, 1000, 1000, 0), 1, 1000, "the same, seen from the other K5"),
    ("trimmed-mean", 1, (4, 7), 1, 1, "column 1,4,7: F = 1 asks for three received; holds"),
    ("trimmed-mean", 4, (1, 4, 7), 1, 4, "trimmed mean of rows 123, 456, 789, first column"),
    ("trimmed-mean", 5, (2, 5, 8), 1, 5, "trimmed mean of the same, second column"),
    ("trimmed-mean", 6, (3, 6, 9), 1, 6, "trimmed mean of the same, third column"),
    ("median", 0, (0, 7, 7, 0), 1, 0, "K5, a liar tells each its own value: held apart for ever"),
    ("median", 7, (0, 0, 7, 7), 1, 7, "the same, from the other half"),
    ("mean", 0, (100, 100), 0, 67, "C4 from (0,100,0,100) with the own value: 66 2/3"),
    ("mean", 100, (0, 0), 0, 33, "the same, from the other half: 33 1/3"),
    ("midpoint", 0, (100, 200, 10**6), 1, 150, "n = 4, F = 1: 100 and 200 remain"),
)  # fmt: skip


def rows() -> Iterator[Row]:
    """Yield the rows of rules.jsonl: rule, own_q, values_q, faults_max, estimate_q, why."""
    for rule, own, worked, faults, expected, why in WORKED:
        values = list(worked)
        computed = estimate(rule, own, values, faults)
        if computed != expected:
            raise AssertionError(f"{rule}: worked by hand {expected}, exact {computed}: {why}")
        yield _row(rule, own, values, faults, expected, f"worked example: {why}")
    for cases in (edge_cases(), drawn_cases(), long_cases()):
        for own, values, faults, why in cases:
            for rule, _ in RULES:
                yield _row(rule, own, values, faults, estimate(rule, own, values, faults), why)


def _row(rule: str, own: int, values: list[int], faults: int, result: int, why: str) -> Row:
    return {
        "rule": rule,
        "own_q": own,
        "values_q": values,
        "faults_max": faults,
        "estimate_q": result,
        "why": why,
    }
