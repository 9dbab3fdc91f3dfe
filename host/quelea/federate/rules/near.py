"""The mean of the own vector and those nearest to it: all it holds but the F farthest.

MoNNA (Farhadkhani and others, ICML 2023). A liar that is near is not found out by distance.
"""

import numpy as np

from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round

LIARS = True


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    out = np.empty((len(round.combining), round.said_q.shape[1]), round.said_q.dtype)
    for row, node in enumerate(round.combining):
        members = round.mesh.sets[node]
        kept = len(members) - round.faults_max
        nearest = members[np.argsort(round.squares[node, members], kind="stable")[:kept]]
        weights = np.zeros((1, round.mesh.nodes))
        weights[0, nearest] = 1
        out[row] = round.blend(weights, kept)[0]
    return out
