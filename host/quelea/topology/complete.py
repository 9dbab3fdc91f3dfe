"""Complete: everyone speaks to everyone. r = ceil(n / 2), the most a graph can have."""

import numpy as np
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.topology.family import FLAG, Family, at_least, no_parameter, refuse
from quelea.topology.graph import Topology, build


def make(text: str, nodes: int, seed: int) -> Topology:
    no_parameter(text, "complete")
    at_least("complete", nodes, 2)
    if nodes > NEIGHBOURS_MAX + 1:
        raise refuse(
            f"'complete' of {nodes} nodes gives each node {nodes - 1} neighbours.",
            f"Allowed: at most {NEIGHBOURS_MAX} neighbours a node.",
            f"write {FLAG} regular:8, or --nodes {NEIGHBOURS_MAX + 1}",
        )
    first, second = np.triu_indices(nodes, 1)
    edges = np.column_stack([first, second]) + 1
    return build("complete", f"complete graph of {nodes} nodes", nodes, edges)


FAMILY = Family("complete", "complete", "everyone to everyone; r = ceil(n / 2)", make)
