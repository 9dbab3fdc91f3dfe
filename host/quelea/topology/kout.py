"""k-out: every node picks k others at random; the links are used in both directions.

So it is the symmetrised union of the picks: a node has at least k neighbours, 2k on average.
"""

import numpy as np
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.topology.draws import Draws, IntArray
from quelea.topology.family import FLAG, Family, at_least, first_connected, whole
from quelea.topology.graph import Topology, build

FORM = "k-out:K"


def make(text: str, nodes: int, seed: int) -> Topology:
    at_least("k-out", nodes, 2)
    high = min(nodes - 1, NEIGHBOURS_MAX)
    k = whole(text, FORM, 1, high, "picks a node; at most the other nodes")

    def attempt(lane: int) -> Topology:
        ends = np.repeat(np.arange(nodes), k)
        edges = np.column_stack([ends, picks(Draws(seed, lane), nodes, k).ravel()]) + 1
        origin = (
            f"each of {nodes} nodes picks {k} others, links used both ways, "
            f"seed {seed}, try {lane + 1}"
        )
        return build(f"k-out:{k}", origin, nodes, edges)

    return first_connected(
        attempt, f"k-out:{k} on {nodes} nodes", f"write {FLAG} k-out:{min(k + 1, high)}"
    )


def picks(draws: Draws, nodes: int, k: int) -> IntArray:
    """Shape (nodes, k): k different others for each node 0..nodes-1, uniform.

    Floyd's sampling, all nodes at once: pick t in 0..j; if it is taken already, take j.
    """
    chosen = np.empty((nodes, k), dtype=np.int64)
    for column, j in enumerate(range(nodes - 1 - k, nodes - 1)):
        pick = draws.below(j + 1, nodes)
        taken = (chosen[:, :column] == pick[:, None]).any(axis=1)
        chosen[:, column] = np.where(taken, j, pick)
    # the numbers so far count the others only: step over the node itself
    return chosen + (chosen >= np.arange(nodes)[:, None])


FAMILY = Family("k-out", FORM, "each node picks K others, links used both ways", make)
