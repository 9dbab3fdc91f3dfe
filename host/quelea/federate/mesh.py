"""Who hears whom in a federation, and how many of them may lie."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from quelea import topology

Index = NDArray[np.int64]
METROPOLIS_BITS = 15


@dataclass(frozen=True)
class Mesh:
    """near[i]: the ascending numbers (from 0) of those that node i hears; hearing is mutual."""

    near: tuple[tuple[int, ...], ...]

    @property
    def nodes(self) -> int:
        """How many there are."""
        return len(self.near)

    @property
    def degree(self) -> int:
        """Neighbours of the node that has most."""
        return max(map(len, self.near))

    @cached_property
    def sets(self) -> tuple[Index, ...]:
        """For each node the numbers of itself and its neighbours, itself first."""
        return tuple(np.array([node, *near]) for node, near in enumerate(self.near))

    @cached_property
    def is_complete(self) -> bool:
        """Whether everybody hears everybody."""
        return all(len(near) == self.nodes - 1 for near in self.near)

    def worst(self, liars: Index) -> int:
        """Return the most liars that any node that does not lie has among its neighbours."""
        lying = set(liars.tolist())
        return max(
            (len(lying.intersection(near)) for i, near in enumerate(self.near) if i not in lying),
            default=0,
        )

    @cached_property
    def metropolis(self) -> NDArray[np.float64]:
        """Weights (nodes, nodes) in units of 2^-15: 1 / (1 + the larger degree) for an edge.

        Symmetric, whole, rows sum to 2^15 (Xiao, Boyd and Kim 2007).
        """
        weights = np.zeros((self.nodes, self.nodes))
        for node, near in enumerate(self.near):
            for other in near:
                most = max(len(near), len(self.near[other]))
                weights[node, other] = (1 << METROPOLIS_BITS) // (1 + most)
        np.fill_diagonal(weights, (1 << METROPOLIS_BITS) - weights.sum(axis=1))
        return weights


def build(spec: str, nodes: int, seed: int) -> Mesh:
    """Return the graph that a --topology names; UserError for what it cannot be."""
    if spec == "exponential":
        spec = "circulant:" + ",".join(map(str, exponential(nodes)))
    graph = topology.parse(spec, nodes, seed)
    return Mesh(tuple(tuple(other - 1 for other in graph.neighbours(n)) for n in graph.nodes))


def exponential(nodes: int) -> list[int]:
    """Return the offsets 1, 2, 4 ... up to half of all nodes."""
    return [1 << power for power in range(nodes.bit_length()) if 1 << power <= nodes // 2]
