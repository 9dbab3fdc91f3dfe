"""Groups that keep to themselves: upper bounds on robustness, each shown by two of them.

A group keeps to t if no node of it has more than t neighbours outside. Two disjoint groups that
both keep to t show r <= t. The union of two groups that keep to t does too, so the largest one
within any set is found by dropping offenders until none is left.
"""

import numpy as np
from numpy.typing import NDArray

from quelea.topology.graph import Groups, Topology, adjacency
from quelea.topology.spectral import FloatArray, Sparse

MOVES_NODES_MAX = 2000  # above it, cuts are taken as the Fiedler vector gives them
SWEEP_CUTS = 9  # places at which the Fiedler vector is cut

Members = NDArray[np.bool_]  # shape (n,), node 1 first


def numbers(members: Members) -> tuple[int, ...]:
    return tuple((np.flatnonzero(members) + 1).tolist())


def most_outside(topology: Topology, group: tuple[int, ...]) -> int:
    """The most neighbours that a node of the group has outside it; plain, to check others by."""
    inside = set(group)
    return max(len(set(topology.neighbours(number)) - inside) for number in group)


def largest_keeping(near: Sparse, within: Members, t: int) -> Members:
    """The largest group among `within` that keeps to t; near: the adjacency matrix."""
    members = within.copy()
    while members.any():
        outside = near @ (~members).astype(float)
        offenders = members & (outside > t + 0.5)
        if not offenders.any():
            break
        members &= ~offenders
    return members


def plain_upper(topology: Topology) -> tuple[int, Groups]:
    """The smaller of the least degree (a node against the rest) and ceil(n / 2) (two halves)."""
    n = topology.node_count
    lonely = int(topology.degrees.argmin()) + 1
    half = (n + 1) // 2
    if topology.degree_min <= half:
        rest = tuple(number for number in topology.nodes if number != lonely)
        return max(1, topology.degree_min), ((lonely,), rest)
    return half, (tuple(range(1, n // 2 + 1)), tuple(range(n // 2 + 1, n + 1)))


def best_upper(topology: Topology, fiedler: FloatArray, low: int) -> tuple[int, Groups]:
    """An upper bound on r of a connected graph and its groups; the search stops at `low`.

    Cuts along the Fiedler vector, which are the thin places, are mended by moving the node with
    the most neighbours across, and what keeps to itself on both sides is tried for ever less t.
    """
    upper, shown = plain_upper(topology)
    near = adjacency(topology)
    ranks = np.argsort(np.argsort(fiedler, kind="stable"), kind="stable")
    n = topology.node_count
    for cut in range(1, SWEEP_CUTS + 1):
        side = ranks < max(1, n * cut // (SWEEP_CUTS + 1))
        for members in (side, _mended(near, topology, side)):
            while upper > low:
                first = largest_keeping(near, members, upper - 1)
                second = largest_keeping(near, ~members, upper - 1)
                if not (first.any() and second.any()):
                    break
                upper, shown = upper - 1, (numbers(first), numbers(second))
    return upper, shown


def _mended(near: Sparse, topology: Topology, side: Members) -> Members:
    """`side` after moving, one by one, the node that gains most; each move thins the cut."""
    n = topology.node_count
    if n > MOVES_NODES_MAX:
        return side
    side = side.copy()
    across = np.where(side, near @ (~side).astype(float), near @ side.astype(float))
    gain = 2 * across - topology.degrees
    size = int(side.sum())
    for _ in range(2 * n):
        node = int(gain.argmax())
        size_then = size + (-1 if side[node] else 1)
        if gain[node] <= 0 or not 0 < size_then < n:
            break
        size = size_then
        side[node] = not side[node]
        row = topology.others[topology.starts[node] : topology.starts[node + 1]] - 1
        gain[node] = -gain[node]
        gain[row] += np.where(side[row] == side[node], -2.0, 2.0)
    return side
