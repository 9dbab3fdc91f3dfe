"""Neighbour mixing, then trimming: each vector first becomes the mean of those nearest to it.

Nearest-neighbour mixing (Allouah and others, AISTATS 2023): among the m = k + 1 vectors that a
node holds, each is replaced by the mean of the m - F nearest to it, itself among them. What
honest nodes say is then close together however uneven their data, and trimming parameter by
parameter no longer throws away what few nodes know.
"""

from quelea import kernels
from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round

LIARS = True


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    return round.per_set(
        lambda mixed: kernels.columns("trimmed-mean", mixed[0], mixed[1:], round.faults_max),
        round.mixed,
    )
