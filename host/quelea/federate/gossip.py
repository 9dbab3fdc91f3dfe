"""One round of averaging: what every node said, and the tools that rules are made of.

All arithmetic is on whole numbers. Sums of products go through float64, which is exact here:
|q| < 2^23, weights below 2^20, at most 127 of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea import kernels
from quelea.federate.fixed import Ints
from quelea.federate.mesh import Index, Mesh

Exact = NDArray[np.float64]  # whole numbers below 2^53


@dataclass
class Round:
    """said_q: (nodes, size), what each node said, its own value too unless it lies.

    combining: the nodes that are to get a new value. faults_max: F, liars among any node's
    neighbours. memory: kept from round to round, for rules that have any.
    """

    said_q: Ints
    mesh: Mesh
    combining: Index
    faults_max: int
    memory: dict[str, object] = field(default_factory=dict)

    @cached_property
    def exact(self) -> Exact:
        """What was said, as float64."""
        return np.asarray(self.said_q.astype(np.float64))

    @cached_property
    def squares(self) -> Exact:
        """Squared distances between what any two nodes said, (nodes, nodes)."""
        centred = self.exact - self.exact[0]
        gram = centred @ centred.T
        norms = np.diagonal(gram)
        return np.asarray(np.maximum(norms[:, None] + norms - 2 * gram, 0))

    def columns(self, rule: str) -> Ints:
        """Return a rule of the kernels, parameter by parameter, for each combining node."""
        out = np.empty((len(self.combining), self.said_q.shape[1]), self.said_q.dtype)
        for row, node in enumerate(self.combining):
            heard = self.said_q[list(self.mesh.near[node])]
            kernels.columns(rule, self.said_q[node], heard, self.faults_max, out=out[row])
        return out

    def mixed(self, members: Index) -> Ints:
        """Return for each of some nodes the mean of what the nearest of them said.

        members: m numbers. Nearest are m - F, the one itself among them; ties by the order of
        members. Half up, in the type of said_q.
        """
        kept = len(members) - self.faults_max
        order = np.argsort(self.squares[np.ix_(members, members)], axis=1, kind="stable")
        weights = np.zeros((len(members), len(members)))
        np.put_along_axis(weights, order[:, :kept], 1, axis=1)
        return half_up(weights @ self.exact[members], kept, self.said_q.dtype)

    def per_set(self, rule: Callable[[Ints], Ints], prepare: Callable[[Index], Ints]) -> Ints:
        """Return rule(prepare(own number first, then its neighbours)) for each combining node.

        On a complete graph all have the same vectors, and rule must not care which is first: so
        it is worked out once.
        """
        if self.mesh.is_complete:
            one = rule(prepare(np.arange(self.mesh.nodes)))
            return np.repeat(one[None], len(self.combining), axis=0)
        return np.array([rule(prepare(self.mesh.sets[node])) for node in self.combining])

    def blend(self, weights: Exact, total: int) -> Ints:
        """Return half_up(sum of weights times what was said, over total).

        weights: (combining, nodes), whole, each row summing to total.
        """
        return half_up(weights @ self.exact, total, self.said_q.dtype)


def half_up(sums: Exact, total: int, kind: Any) -> Ints:
    """Return floor((sums + total // 2) / total) as integers; sums are whole and overwritten.

    Exact for total <= 2^27 and results below 2^24: the quotient is then nearer to its true value
    than any fraction of total is to the next whole number.
    """
    sums += total // 2
    sums /= total
    np.floor(sums, out=sums)
    return np.asarray(sums.astype(kind))
