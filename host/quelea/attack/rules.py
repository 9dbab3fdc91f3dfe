"""Rules for many nodes at once, as exact fractions; the rounding comes after.

A rule takes (own, values, faults_max): own shape (nodes,), values shape (received, nodes), both
integers of one type, values not changed. It returns (total, count) of the same shape as own: the
estimate is total / count before rounding. `half_up` of it is what quelea_proto.rules computes,
bit for bit. Too few values (fewer than 2F + 1) are the caller's business. With 32-bit integers
|value| * (received + 1) * 2 has to stay below 2^31.

For the rules of the protocol quelea.kernels does the same and faster, but only half up; these are
for games, which round in every way, and for the rules that are not ours.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_proto.rules import RULES as PROTOCOL

Ints = NDArray[Any]  # int32 or int64
Fraction = tuple[Ints, Ints]
Rule = Callable[[Ints, Ints, int], Fraction]
Rounding = Callable[[Ints, Ints, Ints], Ints]


def _sum(rows: Ints) -> Ints:
    return np.asarray(rows.sum(axis=0, dtype=rows.dtype))


def _with_own(own: Ints, values: Ints) -> Ints:
    return np.sort(np.concatenate([values, own[None]]), axis=0)


def _over(total: Ints, count: int) -> Fraction:
    return total, np.full_like(total, count)


def mean(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Own and received, plainly."""
    return _over(own + _sum(values), len(values) + 1)


def trimmed_mean(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Own and received without the F smallest and the F largest."""
    kept = _with_own(own, values)[faults_max : len(values) + 1 - faults_max]
    return _over(_sum(kept), len(kept))


def midpoint(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """The middle of what trimming own and received leaves."""
    row = _with_own(own, values)
    return _over(row[faults_max] + row[len(values) - faults_max], 2)


def every_fth(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Dolev's f_{F,F}: of what trimming leaves the first and every F-th after it, averaged."""
    kept = _with_own(own, values)[faults_max : len(values) + 1 - faults_max]
    chosen = kept[:: max(1, faults_max)]
    return _over(_sum(chosen), len(chosen))


def median(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """The middle of own and received, or of the middle two."""
    row = _with_own(own, values)
    return _over(row[len(values) >> 1] + row[(len(values) + 1) >> 1], 2)


def wmsr(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """Received without up to F above the own and up to F below it, averaged with the own."""
    row = np.sort(values, axis=0)
    low = row[:faults_max]
    high = row[len(row) - faults_max :]
    below = low < own
    above = high > own
    total = own + _sum(row) - _sum(low * below) - _sum(high * above)
    dropped = below.sum(axis=0, dtype=own.dtype) + above.sum(axis=0, dtype=own.dtype)
    return total, np.asarray(len(row) + 1 - dropped)


def nearest(own: Ints, values: Ints, rank: int) -> Ints:
    """Return the rank-th smallest |value - own| of each node; rank >= 1."""
    away = np.abs(values - own)
    away.sort(axis=0)
    return np.asarray(away[rank - 1])


def _clipped(own: Ints, values: Ints, tau: Ints) -> Ints:
    return np.asarray(np.minimum(np.maximum(values - own, -tau), tau))


def trim_and_clip(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """F dropped at each end, the rest clipped to the distance of rank received - 2F."""
    tau = nearest(own, values, len(values) - 2 * faults_max)
    kept = np.sort(values, axis=0)[faults_max : len(values) - faults_max]
    moved = _clipped(own, kept, tau)
    return _over(own * (len(kept) + 1) + _sum(moved), len(kept) + 1)


def clip_all(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """CS+ (Gaucher, Dieuleveut, Hendrikx 2025): all received, clipped to that same distance."""
    tau = nearest(own, values, len(values) - 2 * faults_max)
    moved = _clipped(own, values, tau)
    return _over(own * (len(values) + 1) + _sum(moved), len(values) + 1)


def clipped_wmsr(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """W-MSR's dropping, what is left clipped to that same distance."""
    tau = nearest(own, values, len(values) - 2 * faults_max)
    row = np.sort(values, axis=0)
    below = row[:faults_max] < own
    above = row[len(row) - faults_max :] > own
    moved = _clipped(own, row, tau)
    total = _sum(moved) - _sum(moved[:faults_max] * below)
    total -= _sum(moved[len(row) - faults_max :] * above)
    dropped = below.sum(axis=0, dtype=own.dtype) + above.sum(axis=0, dtype=own.dtype)
    count = len(row) + 1 - dropped
    return own * count + total, count


def drop_far(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """GTS, nearest-neighbour averaging: the 2F farthest from the own are dropped."""
    kept = len(values) - 2 * faults_max
    offset = values - own
    near = np.sort(np.abs(offset) * 2 + (offset > 0), axis=0)[:kept]
    moved = np.where(near & 1, near >> 1, -(near >> 1))
    return _over(own * (kept + 1) + _sum(moved), kept + 1)


def naive(own: Ints, values: Ints, faults_max: int) -> Fraction:
    """The rule to avoid: own value left out, a third of what arrived trimmed, plain mean."""
    cut = len(values) * 33 // 100
    kept = np.sort(values, axis=0)[cut : len(values) - cut]
    return _over(_sum(kept), len(kept))


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


def node_by_node(apply: Callable[[int, list[int], int, int], int]) -> Rule:
    """Return a rule of the protocol that has no form of its own here: slower, the same result."""

    def rule(own: Ints, values: Ints, faults_max: int) -> Fraction:
        heard = len(values)
        found = [
            apply(int(own[at]), [*values[:, at].tolist(), 0], heard, faults_max)
            for at in range(len(own))
        ]
        return np.array(found, dtype=own.dtype), np.ones_like(own)

    return rule


WRITTEN: dict[str, Rule] = {
    "mean": mean,
    "trimmed-mean": trimmed_mean,
    "wmsr": wmsr,
    "midpoint": midpoint,
    "median": median,
    "trim-and-clip": trim_and_clip,
    "clipped-wmsr": clipped_wmsr,
}
RULES: tuple[tuple[str, Rule], ...] = tuple(
    (name, WRITTEN.get(name) or node_by_node(apply)) for name, apply, _ in PROTOCOL
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
