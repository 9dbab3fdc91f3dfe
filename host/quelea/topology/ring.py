"""Ring: node i speaks to i - 1 and i + 1. The sparsest graph without a leaf, and the slowest."""

import numpy as np

from quelea.topology.family import Family, at_least, no_parameter
from quelea.topology.graph import Topology, build


def make(text: str, nodes: int, seed: int) -> Topology:
    no_parameter(text, "ring")
    at_least("ring", nodes, 3)
    here = np.arange(nodes)
    edges = np.column_stack([here, (here + 1) % nodes]) + 1
    return build("ring", f"ring of {nodes} nodes", nodes, edges)


FAMILY = Family("ring", "ring", "each node and the next; r = 1", make)
