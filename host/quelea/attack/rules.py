"""Rules for many nodes at once, as exact fractions; the rounding comes after.

A rule takes (own, values, faults_max): own shape (nodes,), values shape (nodes, received), both
integers, values not changed. It returns (total, count) of the same shape as own: the estimate is
total / count before rounding. `half_up` of it is what quelea_proto.rules computes, bit for bit.
Too few values (fewer than 2F + 1) are the caller's business.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Fraction = tuple[Ints, Ints]
Rule = Callable[[Ints, Ints, int], Fraction]
Rounding = Callable[[Ints, Ints, Ints], Ints]


def _with_own(own: Ints, values: Ints) -> Ints:
    return np.sort(np.concatenate([values, own[:, None]], axis=1), axis=1)


def _over(total: Ints, count: int) -> Fraction:
    return total, np.full_like(total, count)


def mean(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Own and received, plainly."""
    return _over(own + values.sum(axis=1), values.shape[1] + 1)


def trimmed_mean(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Own and received without the F smallest and the F largest."""
    kept = _with_own(own, values)[:, faults_max : values.shape[1] + 1 - faults_max]
    return _over(kept.sum(axis=1), kept.shape[1])


def midpoint(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """The middle of what trimming own and received leaves."""
    row = _with_own(own, values)
    return _over(row[:, faults_max] + row[:, values.shape[1] - faults_max], 2)


def every_fth(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Dolev's f_{F,F}: of what trimming leaves the first and every F-th after it, averaged."""
    kept = _with_own(own, values)[:, faults_max : values.shape[1] + 1 - faults_max]
    chosen = kept[:, :: max(1, faults_max)]
    return _over(chosen.sum(axis=1), chosen.shape[1])


def median(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """The middle of own and received, or of the middle two."""
    row = _with_own(own, values)
    count = values.shape[1]
    return _over(row[:, count >> 1] + row[:, (count + 1) >> 1], 2)


def wmsr(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Received without up to F above the own and up to F below it, averaged with the own."""
    row = np.sort(values, axis=1)
    low = row[:, :faults_max]
    high = row[:, row.shape[1] - faults_max :]
    below = low < own[:, None]
    above = high > own[:, None]
    total = own + row.sum(axis=1) - (low * below).sum(axis=1) - (high * above).sum(axis=1)
    dropped = below.sum(axis=1, dtype=own.dtype) + above.sum(axis=1, dtype=own.dtype)
    return total, row.shape[1] + 1 - dropped


def nearest(own: Ints, values: Ints, rank: int) -> Ints:
    """Return the rank-th smallest |value - own| of each node, shape (nodes, 1); rank >= 1."""
    away = np.abs(values - own[:, None])
    away.sort(axis=1)
    return np.asarray(away[:, rank - 1, None])


def trim_and_clip(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """F dropped at each end, the rest clipped to the distance of rank received - 2F."""
    count = values.shape[1]
    tau = nearest(own, values, count - 2 * faults_max)
    kept = np.sort(values, axis=1)[:, faults_max : count - faults_max]
    moved = np.clip(kept - own[:, None], -tau, tau)
    return _over(own * (kept.shape[1] + 1) + moved.sum(axis=1), kept.shape[1] + 1)


def clip_all(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """CS+ (Gaucher, Dieuleveut, Hendrikx 2025): all received, clipped to that same distance."""
    count = values.shape[1]
    tau = nearest(own, values, count - 2 * faults_max)
    moved = np.clip(values - own[:, None], -tau, tau)
    return _over(own * (count + 1) + moved.sum(axis=1), count + 1)


def drop_far(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """GTS, nearest-neighbour averaging: the 2F farthest from the own are dropped."""
    kept = values.shape[1] - 2 * faults_max
    offset = values - own[:, None]
    near = np.sort(np.abs(offset) * 2 + (offset > 0), axis=1)[:, :kept]
    moved = np.where(near & 1, near >> 1, -(near >> 1))
    return _over(own * (kept + 1) + moved.sum(axis=1), kept + 1)


def naive(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """The rule to avoid: own value left out, a third of what arrived trimmed, plain mean."""
    count = values.shape[1]
    cut = count * 33 // 100
    kept = np.sort(values, axis=1)[:, cut : count - cut]
    return _over(kept.sum(axis=1), kept.shape[1])


def half_up(total: Ints, count: Ints, own: Ints) -> Ints:
    """To the nearest, a half upwards: the rounding of the protocol."""
    return np.asarray((total + (count >> 1)) // count)


def floor(total: Ints, count: Ints, own: Ints) -> Ints:
    """Downwards."""
    return np.asarray(total // count)


def half_even(total: Ints, count: Ints, own: Ints) -> Ints:
    """To the nearest, a half to the even neighbour."""
    down = total // count
    rest = 2 * (total - down * count)
    return np.asarray(down + ((rest > count) | ((rest == count) & (down % 2 == 1))))


def toward_own(total: Ints, count: Ints, own: Ints) -> Ints:
    """To the neighbouring integer on the own value's side."""
    return np.where(total < own * count, -(-total // count), total // count)


def away_from_own(total: Ints, count: Ints, own: Ints) -> Ints:
    """To the neighbouring integer that is further from the own value."""
    return np.where(total < own * count, total // count, -(-total // count))


RULES: tuple[tuple[str, Rule], ...] = (
    ("mean", mean),
    ("trimmed-mean", trimmed_mean),
    ("wmsr", wmsr),
    ("midpoint", midpoint),
    ("median", median),
    ("trim-and-clip", trim_and_clip),
)
PEERS: tuple[tuple[str, Rule], ...] = (
    ("CS+", clip_all),
    ("GTS", drop_far),
    ("f_tt", every_fth),
    ("naive", naive),
)
ROUNDINGS: tuple[tuple[str, Rounding], ...] = (
    ("half up", half_up),
    ("floor", floor),
    ("half even", half_even),
    ("toward own", toward_own),
    ("away from own", away_from_own),
)
