"""Hypercube: nodes i and j speak if i - 1 and j - 1 differ in one bit. 2^d nodes, r = 1."""

import numpy as np

from quelea.errors import UserError
from quelea.topology.family import FLAG, Family, at_least, no_parameter
from quelea.topology.graph import Certificate, Topology, build


def make(text: str, nodes: int, seed: int) -> Topology:
    no_parameter(text, "hypercube")
    at_least("hypercube", nodes, 2)
    dimension = nodes.bit_length() - 1
    if nodes != 1 << dimension:
        raise UserError(
            f"{nodes} nodes do not fill a hypercube.",
            where="--nodes",
            why="Allowed: a power of two.",
            remedy=f"write --nodes {1 << dimension} or {2 << dimension}, or {FLAG} regular:8",
        )
    here = np.arange(nodes)
    pairs = [
        np.column_stack([low, low | (1 << bit)])
        for bit in range(dimension)
        for low in [here[(here >> bit) & 1 == 0]]
    ]
    edges = np.concatenate(pairs) + 1
    numbers = tuple(range(1, nodes + 1))
    halves = numbers[: nodes // 2], numbers[nodes // 2 :]  # told apart by the highest bit
    certificate = Certificate(1, 1, "connected", halves)
    return build("hypercube", f"hypercube of dimension {dimension}", nodes, edges, certificate)


FAMILY = Family("hypercube", "hypercube", "2^d nodes, one bit apart; r = 1", make)
