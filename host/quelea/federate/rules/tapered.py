"""A weighted mean around a robust centre: far vectors count less, and farther ones nothing.

The centre begins as the median of each parameter. The radius is the distance from it of the
farthest vector left when the F farthest are set aside; a vector's weight falls from 1 at the
radius to 0 at one and a half of it. The mean so found is the next centre, three times.
"""

import numpy as np

from quelea import kernels
from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round, half_up

LIARS = True
WEIGHT_BITS = 10
PASSES = 3
FADE = 0.5  # of the radius


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    return round.per_set(
        lambda vectors: tapered(vectors, round.faults_max), lambda members: round.said_q[members]
    )


def tapered(vectors: Ints, faults_max: int) -> Ints:
    """Return the centre of vectors, (count, size)."""
    exact = vectors.astype(np.float64)
    kept = len(vectors) - faults_max
    centre = kernels.columns("median", vectors[0], vectors[1:], faults_max)
    for _ in range(PASSES):
        away = exact - centre
        far = np.sqrt(np.einsum("ij,ij->i", away, away))
        radius = max(float(np.partition(far, kept - 1)[kept - 1]), 1.0)
        share = np.clip(1 - (far / radius - 1) / FADE, 0, 1)
        weights = np.floor(share * (1 << WEIGHT_BITS))
        centre = half_up(weights @ exact, int(weights.sum()), vectors.dtype)
    return centre
