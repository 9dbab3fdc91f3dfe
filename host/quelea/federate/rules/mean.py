"""The plain mean by Metropolis weights: exact about the sum, and the prey of a single liar."""

from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round
from quelea.federate.mesh import METROPOLIS_BITS

LIARS = False


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    return round.blend(round.mesh.metropolis[round.combining], 1 << METROPOLIS_BITS)
