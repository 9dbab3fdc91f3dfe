"""The median with own value, parameter by parameter."""

from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round

LIARS = True


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    return round.columns("median")
