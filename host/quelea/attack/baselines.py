"""Published aggregators beside ours, on the same runs: each in one dimension, written from its
definition (named with it). Own and received together are the n = k + 1 inputs, f is the node's F.

In one dimension the nearest, tightest and least spread subsets of sorted values are windows of
neighbours, which is what makes these quick. Three aggregators of byzfl need no line here: Average
is our mean, TrMean our trimmed-mean and Median (also the geometric one) our median, but for
rounding. tests/unit/test_attack.py holds the others to figures of byzfl 0.0.11, and to byzfl
itself where it is installed (the extra `bench`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.attack.rules import Ints
from quelea.attack.setting import INPUT_Q

Floats = NDArray[Any]  # float32 or float64
Aggregator = Callable[[Floats, Floats, int], Floats]  # (own, rows sorted, f) -> estimate

PASSES_MAX = 100  # of the filter; a dozen is usual
CLIP_Q = INPUT_Q / 16  # tau of centered clipping: a figure to be chosen; a 16th of the spread


def _sums(rows: Floats, kept: int) -> Floats:
    """Return the sum of every window of `kept` sorted rows: shape (n - kept + 1, nodes)."""
    total = np.concatenate([np.zeros((1, rows.shape[1]), rows.dtype), np.cumsum(rows, axis=0)])
    return np.asarray(total[kept:] - total[:-kept])


def _window_mean(rows: Floats, kept: int, cost: Floats) -> Floats:
    """Return each node's mean over the window of least cost."""
    best = cost.argmin(axis=0)
    return np.asarray(_sums(rows, kept)[best, np.arange(rows.shape[1])] / kept)


def _reach(rows: Floats, kept: int, centre: Floats) -> Floats:
    """Return for each window the distance of its farther end from the centre."""
    low = rows[: len(rows) - kept + 1]
    high = rows[kept - 1 :]
    return np.asarray(np.maximum(np.abs(low - centre), np.abs(high - centre)))


def mda(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """Minimum-diameter averaging: the n - f values of least diameter (Rousseeuw 1985)."""
    kept = len(rows) - faults_max
    return _window_mean(rows, kept, rows[kept - 1 :] - rows[: faults_max + 1])


def smea(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """The n - f values of least variance (Allouah and others 2023)."""
    kept = len(rows) - faults_max
    centred = rows - rows[len(rows) // 2]
    variance = _sums(centred * centred, kept) / kept - (_sums(centred, kept) / kept) ** 2
    return _window_mean(rows, kept, variance)


def meamed(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """The n - f values nearest to the median (Xie, Koyejo, Gupta 2018)."""
    kept = len(rows) - faults_max
    middle = (rows[(len(rows) - 1) // 2] + rows[len(rows) // 2]) / 2
    return _window_mean(rows, kept, _reach(rows, kept, middle))


def monna(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """The n - f values nearest to the own one (Farhadkhani and others 2023)."""
    kept = len(rows) - faults_max
    return _window_mean(rows, kept, _reach(rows, kept, own))


def _scores(rows: Floats, faults_max: int) -> Floats:
    """Return for each value the sum of squares to its n - f nearest, itself among them."""
    kept = len(rows) - faults_max
    centred = rows - rows[len(rows) // 2]
    sums, squares = _sums(centred, kept), _sums(centred * centred, kept)
    best = np.full(rows.shape, np.inf, rows.dtype)
    for at in range(faults_max + 1):  # the nearest are the window that costs least
        np.minimum(best, squares[at] - 2 * centred * sums[at], out=best)
    return np.asarray(best + kept * centred * centred)


def krum(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """The value whose n - f - 1 nearest are nearest (Blanchard and others 2017)."""
    best = _scores(rows, faults_max).argmin(axis=0)
    return np.asarray(rows[best, np.arange(rows.shape[1])])


def multi_krum(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """The mean of the n - f values of best Krum score."""
    kept = len(rows) - faults_max
    order = _scores(rows, faults_max).argsort(axis=0, kind="stable")[:kept]
    return np.asarray(np.take_along_axis(rows, order, axis=0).mean(axis=0))


def nnm_trimmed(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """Nearest-neighbour mixing, then trimmed mean (Allouah and others 2023)."""
    kept = len(rows) - faults_max
    means = _sums(rows, kept) / kept
    best = np.full(rows.shape, np.inf, rows.dtype)
    mixed = np.zeros_like(rows)
    for at in range(faults_max + 1):
        reach = np.maximum(np.abs(rows - rows[at]), np.abs(rows - rows[at + kept - 1]))
        nearer = reach < best
        best = np.where(nearer, reach, best)
        mixed = np.where(nearer, means[at], mixed)
    mixed.sort(axis=0)
    return np.asarray(mixed[faults_max : len(rows) - faults_max].mean(axis=0))


def centered_clipping(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """Own and the mean of all differences to it, each clipped to tau (He and others 2022)."""
    return np.asarray(own + np.clip(rows - own, -CLIP_Q, CLIP_Q).mean(axis=0))


def caf(own: Floats, rows: Floats, faults_max: int) -> Floats:
    """Covariance-agnostic filter: weights fall with the distance from the weighted mean, which
    counts where the variance was least (Allouah and others 2025)."""
    weights = np.ones_like(rows)
    least = np.full(rows.shape[1], np.inf, rows.dtype)
    answer = rows.mean(axis=0)
    open_ = np.ones(rows.shape[1], dtype=bool)
    for _ in range(PASSES_MAX):
        total = weights.sum(axis=0)
        open_ &= total > len(rows) - 2 * faults_max
        if not open_.any():
            break
        total = np.where(open_, total, 1)
        centre = (weights * rows).sum(axis=0) / total
        away = (rows - centre) ** 2
        variance = (weights * away).sum(axis=0) / total
        better = open_ & (variance < least)
        least = np.where(better, variance, least)
        answer = np.where(better, centre, answer)
        furthest = away.max(axis=0)
        keep = 1 - away / np.where(furthest > 0, furthest, 1)
        open_ &= furthest > 0
        weights = np.where(open_, weights * keep, weights)
    return np.asarray(answer)


BASELINES: tuple[tuple[str, Aggregator], ...] = (
    ("Krum", krum),
    ("MultiKrum", multi_krum),
    ("MDA", mda),
    ("MoNNA", monna),
    ("Meamed", meamed),
    ("SMEA", smea),
    ("CAF", caf),
    ("NNM+TrMean", nnm_trimmed),
    ("CenteredClipping", centered_clipping),
)


def step(aggregate: Aggregator) -> Callable[[Ints, Ints, int], Ints]:
    """Return an aggregator as a step on integers, rounded half up; too few values: the own.

    All of them commute with a shift, so they see differences to the own value: exact in 32 bits.
    """

    def run(own: Ints, values: Ints, faults_max: int) -> Ints:
        if len(values) < 2 * faults_max + 1:
            return own
        rows = np.zeros((len(values) + 1, len(own)), dtype=np.float32)
        rows[1:] = values - own
        rows.sort(axis=0)
        estimate = aggregate(np.zeros(len(own), dtype=np.float32), rows, faults_max)
        moved = np.floor(estimate + np.float32(0.5)).astype(own.dtype)
        return np.asarray(own + moved)

    return run
