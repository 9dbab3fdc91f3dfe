"""Graphs that the topology tests share, written out by hand, and slow plain definitions."""

import itertools
import random

import numpy as np
from quelea.topology import Topology, build

# Boyd's small example (CVX `small_example.m`), nodes from 0
CVX_EDGES = (
    (0, 1), (1, 2), (2, 3), (0, 4), (1, 7), (1, 3), (4, 5), (4, 6), (2, 6), (3, 7), (5, 6),
    (6, 7), (1, 6),
)  # fmt: skip


def from_zero(node_count: int, edges) -> Topology:
    """A topology from edges between nodes numbered from 0."""
    pairs = np.array(list(edges), dtype=np.int64).reshape(-1, 2)
    return build("by hand", "by hand", node_count, pairs + 1)


def cvx() -> Topology:
    return from_zero(8, CVX_EDGES)


def path(n: int) -> Topology:
    return from_zero(n, ((i, i + 1) for i in range(n - 1)))


def star(n: int) -> Topology:
    return from_zero(n, ((0, i) for i in range(1, n)))


def petersen() -> Topology:
    outer = [(i, (i + 1) % 5) for i in range(5)]
    spokes = [(i, i + 5) for i in range(5)]
    inner = [(5 + i, 5 + (i + 2) % 5) for i in range(5)]
    return from_zero(10, outer + spokes + inner)


def bipartite(a: int, b: int) -> Topology:
    return from_zero(a + b, ((i, a + j) for i in range(a) for j in range(b)))


def two_k5(matchings: int) -> Topology:
    """Two complete graphs of five, joined by that many perfect matchings."""
    one = list(itertools.combinations(range(5), 2))
    two = [(a + 5, b + 5) for a, b in one]
    across = [(i, 5 + (i + shift) % 5) for shift in range(matchings) for i in range(5)]
    return from_zero(10, one + two + across)


def random_graph(rng: random.Random, n: int) -> Topology:
    """Each link with a probability that is itself drawn; in parts or not."""
    share = rng.uniform(0.2, 1.0)
    pairs = itertools.combinations(range(n), 2)
    return from_zero(n, [pair for pair in pairs if rng.random() < share])


def reached(topology: Topology, group: set[int], r: int) -> int:
    """|X(S)|: nodes of the group with at least r neighbours outside it."""
    return sum(len(set(topology.neighbours(i)) - group) >= r for i in group)


def is_robust_slow(topology: Topology, r: int, s: int) -> bool:
    """(r,s)-robustness word by word: every pair of disjoint nonempty groups, 3^n of them."""
    for sides in itertools.product((0, 1, 2), repeat=topology.node_count):
        first = {i + 1 for i, side in enumerate(sides) if side == 1}
        second = {i + 1 for i, side in enumerate(sides) if side == 2}
        if not first or not second:
            continue
        x1, x2 = reached(topology, first, r), reached(topology, second, r)
        if not (x1 == len(first) or x2 == len(second) or x1 + x2 >= s):
            return False
    return True


def r_slow(topology: Topology) -> int:
    r = 0
    while r < topology.node_count and is_robust_slow(topology, r + 1, 1):
        r += 1
    return r
