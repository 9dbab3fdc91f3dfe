"""Exact r- and (r,s)-robustness of small graphs (LeBlanc et al. 2013, definitions 5 and 6).

For disjoint nonempty groups S1, S2 and X(S) = {i in S: i has >= r neighbours outside S}, a graph
is (r,s)-robust if |X(S1)| = |S1|, or |X(S2)| = |S2|, or |X(S1)| + |X(S2)| >= s, for every pair;
r-robust is (r,1)-robust: in every pair, some node has r neighbours outside its own group.

Not 3^n pairs but 2^n groups: a group is a bit mask, its figure is computed once, the least figure
among the subsets of each mask follows by n passes over the table, and each S1 meets the best S2
within its complement. Tables are one byte a mask, rows of numpy.
"""

import numpy as np
from numpy.typing import NDArray

from quelea.topology.graph import Groups, Topology

EXACT_NODES_MAX = 22  # 2^22 groups: 0.5 s and 60 MB; each node more doubles both

Bytes = NDArray[np.uint8]
NEVER = 255  # no figure: the empty group


def _masks(topology: Topology) -> list[int]:
    """The neighbours of each node as bits, node 1 in bit 0."""
    return [sum(1 << (other - 1) for other in topology.neighbours(i)) for i in topology.nodes]


def _check(topology: Topology) -> int:
    n = topology.node_count
    if n > EXACT_NODES_MAX:
        raise ValueError(f"exact robustness is for up to {EXACT_NODES_MAX} nodes, not {n}")
    return n


def _outside(near: int, bit: int, n: int) -> Bytes:
    """For each group that holds node `bit`: its neighbours outside; shape of _with(table, bit)."""
    groups = np.arange(1 << n, dtype=np.uint32).reshape(-1, 2, 1 << bit)[:, 1]
    return np.asarray(np.bitwise_count(~groups & np.uint32(near)), dtype=np.uint8)


def _with(table: Bytes, bit: int) -> Bytes:
    """The view of `table` over the groups that hold node `bit`."""
    return table.reshape(-1, 2, 1 << bit)[:, 1]


def _least_within(table: Bytes, n: int) -> Bytes:
    """For each mask the least figure among its subsets."""
    least = table.copy()
    for bit in range(n):
        halves = least.reshape(-1, 2, 1 << bit)
        np.minimum(halves[:, 1], halves[:, 0], out=halves[:, 1])
    return least


def _numbers(mask: int) -> tuple[int, ...]:
    return tuple(bit + 1 for bit in range(mask.bit_length()) if mask >> bit & 1)


def exact_r(topology: Topology) -> tuple[int, Groups]:
    """(r, two groups that show that r + 1 fails). 2 <= n <= EXACT_NODES_MAX, else ValueError.

    r is the least, over disjoint nonempty groups, of the most neighbours that a node of either
    has outside its own group; 0 for a graph in parts.
    """
    n = _check(topology)
    if n < 2:
        raise ValueError("robustness is about two groups: it needs two nodes")
    most = np.zeros(1 << n, dtype=np.uint8)
    for bit, near in enumerate(_masks(topology)):
        part = _with(most, bit)
        np.maximum(part, _outside(near, bit, n), out=part)
    most[0] = NEVER
    least = _least_within(most, n)
    # the complement of mask m is 2^n - 1 - m: the table read backwards
    worst = np.maximum(most, least[::-1])
    first = int(worst.argmin())
    second = ~first & ((1 << n) - 1)
    r = int(worst[first])
    for bit in range(n):  # leave out what the best subset does not need
        without = second & ~(1 << bit)
        if without and least[without] <= r:
            second = without
    return r, (_numbers(first), _numbers(second))


def exact_s(topology: Topology, r: int) -> int:
    """The largest s with which the graph is (r,s)-robust; 0 if it is not r-robust.

    r >= 1. At most n, also where no pair of groups bounds it. 2 <= n <= EXACT_NODES_MAX.
    """
    n = _check(topology)
    size = np.bitwise_count(np.arange(1 << n, dtype=np.uint32)).astype(np.uint8)
    reached = np.zeros(1 << n, dtype=np.uint8)
    for bit, near in enumerate(_masks(topology)):
        part = _with(reached, bit)
        part += _outside(near, bit, n) >= r
    # a full group fulfils the condition alone; 100 keeps the sums of two figures in a byte
    reached[reached == size] = 100
    worst = reached + _least_within(reached, n)[::-1]
    return min(n, int(worst.min()))


def is_robust(topology: Topology, r: int, s: int = 1) -> bool:
    """Whether the graph is (r,s)-robust, exactly; r, s >= 1."""
    return exact_s(topology, r) >= s
