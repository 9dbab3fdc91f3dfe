"""The trimmed mean with own value, parameter by parameter: the F least and F greatest dropped.

Alone it throws away what only few nodes know, so it is weak where data is uneven.
"""

from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round

LIARS = True


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    return round.columns("trimmed-mean")
