"""Robustness by mixed-integer programming, for graphs too large to enumerate.

With x_i = 1 for the nodes of a group S, (Lx)_i is the number of neighbours outside for i in S and
not positive for the others. So two disjoint nonempty groups keep to t if and only if there are
binary x, y with Lx <= t, Ly <= t, x + y <= 1: no auxiliary constants (Usevitch and Panagou 2019,
arXiv 1901.11000). One question a value of t, answered by HiGHS: no such groups (r > t), two
groups (r <= t, checked afterwards in whole numbers), or not settled within SEARCH_NODES.

The answer "none" rests on floating-point tolerances (1e-6 on whole-number data of at most 126).
"""

import numpy as np

from quelea.topology.graph import Groups, Topology
from quelea.topology.groups import most_outside, numbers
from quelea.topology.spectral import laplacian

MIXED_NODES_MAX = 64  # about a second a question; random graphs of 50 nodes are mostly settled
# Branches, not seconds, bound the search: the same graph gets the same certificate everywhere.
SEARCH_NODES = 1000


def groups_keeping(topology: Topology, t: int) -> tuple[bool, Groups | None]:
    """(settled, two disjoint groups that keep to t); (True, None): there are none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, eye_array, hstack

    n = topology.node_count
    lap = laplacian(topology)
    one = eye_array(n)
    sizes = np.zeros((2, 2 * n))
    sizes[0, :n] = sizes[1, n:] = 1.0
    # a node of a group that keeps to t has itself and all but t of its neighbours inside
    least = max(1, topology.degree_min - t + 1)
    found = milp(
        np.zeros(2 * n),
        integrality=np.ones(2 * n),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(block_diag([lap, lap]), -np.inf, t),
            LinearConstraint(hstack([one, one]), 0, 1),
            LinearConstraint(sizes, [least, least], [n // 2, n]),  # the first is the smaller
        ],
        options={"node_limit": SEARCH_NODES},
    )
    if found.x is None:
        return found.status == 2, None  # 2 is infeasible; the others ran into a limit
    members = found.x > 0.5
    pair = numbers(members[:n]), numbers(members[n:])
    right = all(group and most_outside(topology, group) <= t for group in pair)
    right = right and not set(pair[0]) & set(pair[1])
    return (True, pair) if right else (False, None)


def narrow(
    topology: Topology, low: int, high: int, shown: Groups, enough: int
) -> tuple[int, int, Groups]:
    """Narrow low <= r <= high, whose upper end `shown` proves, until low >= enough or settled."""
    while low < high:  # downwards: where there are groups they are found at once
        settled, pair = groups_keeping(topology, high - 1)
        if not pair:
            low = high if settled else low
            break
        shown = pair
        high = max(most_outside(topology, group) for group in pair)
    while low < high and low < enough:  # upwards: each step takes a proof that there are none
        settled, pair = groups_keeping(topology, low)
        if not settled:
            break
        if pair:
            high, shown = low, pair
        else:
            low += 1
    return low, high, shown
