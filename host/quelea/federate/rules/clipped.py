"""Clipping around the own value: nobody moves a node further than an honest neighbour could.

ClippedGossip (He, Karimireddy and Jaggi 2022) with the radius of a node taken from its F: the
distance of the farthest neighbour that is left when the F farthest are set aside. Those are
pulled in to that radius, not dropped, so that a node with rare data is heard as well.
"""

import numpy as np

from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round
from quelea.federate.mesh import METROPOLIS_BITS

LIARS = True
FACTOR_BITS = 12


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    mesh = round.mesh
    weights = np.zeros((len(round.combining), mesh.nodes))
    for row, node in enumerate(round.combining):
        near = np.array(mesh.near[node])
        squares = round.squares[node, near]
        kept = max(len(near) - round.faults_max, 1)
        radius = np.partition(squares, kept - 1)[kept - 1]
        share = np.sqrt(radius / np.maximum(squares, max(radius, 1)))
        weights[row, near] = mesh.metropolis[node, near] * np.floor(share * (1 << FACTOR_BITS))
        weights[row, node] = (1 << (METROPOLIS_BITS + FACTOR_BITS)) - weights[row].sum()
    return round.blend(weights, 1 << (METROPOLIS_BITS + FACTOR_BITS))
