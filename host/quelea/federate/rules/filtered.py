"""Spectral filtering: what pulls hardest along the direction of largest spread counts less.

Liars who agree on a direction make it the one in which vectors differ most. Weights begin at 1;
each pass takes the direction of largest weighted variance and lowers every weight by its square
distance along it, the farthest to 0, until a weight of 4/3 F is gone. The mean of the pass with
the least variance counts. No bound on the spread of the honest need be known (CAF, Allouah and
others 2025, where 2F goes: that costs rare data when liars stay in the middle; 4/3 was chosen
among 1, 1.3, 1.6 and 2 under four attacks). All of it happens among the m inner products of a
node's vectors, so a pass does not depend on how long the vectors are.
"""

import numpy as np
from numpy.typing import NDArray

from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round, half_up

LIARS = True
WEIGHT_BITS = 12
POWER_STEPS = 8
GONE = 4 / 3  # of F
ROUNDING = 1e-9  # of a sum of weights

Floats = NDArray[np.float64]


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    return round.per_set(
        lambda vectors: filtered(vectors, round.faults_max), lambda members: round.said_q[members]
    )


def filtered(vectors: Ints, faults_max: int, outstanding: float = 0.0) -> Ints:
    """Return the filtered mean of vectors, (count, size)."""
    exact = vectors.astype(np.float64)
    centred = exact - exact[0]
    shares = weights(centred @ centred.T, faults_max, outstanding)
    whole = np.floor(shares * (1 << WEIGHT_BITS) + 0.5)
    return half_up(whole @ exact, int(whole.sum()), vectors.dtype)


def weights(gram: Floats, faults_max: int, outstanding: float = 0.0) -> Floats:
    """Return the weights, 0..1, of vectors with these inner products, (count, count).

    outstanding: the share of all variance that a direction has at least, 0..1, to be filtered.
    """
    count = len(gram)
    now = best = np.ones(count)
    least = np.inf
    floor = max(count - faults_max * GONE, 1.0)  # somebody is left, be F ever so large
    while True:
        inner = _about_mean(gram, now)
        variance, along = _widest(inner, now)
        if variance < least:
            least, best = variance, now
        whole = float(now @ np.diagonal(inner)) / float(now.sum())
        left = float(now.sum()) - floor
        if left <= ROUNDING or variance <= outstanding * whole:
            return best
        now = now - _taken(now, along, left)


def _taken(now: Floats, along: Floats, left: float) -> Floats:
    """Return what a pass takes of weights, `left` at most in all.

    Everybody's by the square distance along the direction, the farthest's whole. Where that is
    too much, the farthest are taken whole, one by one: else honest ones, each taken a little,
    would save a part of the liars, and a part of a lie without bounds is too much.
    """
    far = along * (now > 0)
    less = np.asarray(now * far / far.max())
    if less.sum() > left:
        order = np.argsort(-far, kind="stable")
        before = np.cumsum(now[order]) - now[order]
        less[order] = np.clip(left - before, 0, now[order])
    return less


def _about_mean(gram: Floats, weight: Floats) -> Floats:
    """Return the inner products of the vectors less their weighted mean."""
    part = gram @ weight / weight.sum()
    centre = float(weight @ part) / weight.sum()
    return np.asarray(gram - part[:, None] - part + centre)


def _widest(inner: Floats, weight: Floats) -> tuple[float, Floats]:
    """Return the largest weighted variance of any direction, and each square distance along it."""
    along = np.diagonal(inner) + 1.0  # a start that no vector is at right angles to
    for _ in range(POWER_STEPS):
        pull = weight * along
        size = float(np.sqrt(pull @ pull))
        if size == 0:
            return 0.0, np.zeros(len(weight))
        along = inner @ (pull / size)
    pull = weight * along
    length = float(pull @ inner @ pull)
    if length <= 0:
        return 0.0, np.zeros(len(weight))
    square = np.square(inner @ pull) / length
    return float(weight @ square) / float(weight.sum()), square
