"""W-MSR, parameter by parameter: up to F above and F below the own value dropped."""

from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round

LIARS = True


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    return round.columns("wmsr")
