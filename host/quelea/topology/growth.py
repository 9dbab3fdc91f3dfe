"""Robust growth: r-robust by construction, for any number of nodes.

The core is the complete graph on 2r - 1 nodes, whose robustness is ceil((2r - 1) / 2) = r. Each
later node is joined to r nodes that are there already, which keeps r-robustness (LeBlanc, Zhang,
Koutsoukos, Sundaram 2013, theorem 5). The last node has exactly r neighbours, so r is exact.

Which r: a seeded draw among the nodes with fewer than 3r neighbours. A node has 2r on average, so
with a limit of 2r hardly any node has room but the newest, and so it is when the lowest degrees
are always taken: the graph becomes a long band. growth:5 on 1,000 nodes: diameter 94 and
lambda2 0.001 by lowest degree, 6 and 2.3 by this draw, 5 and 2.7 with no limit but 40 neighbours.
"""

import numpy as np
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.topology.draws import Draws, IntArray
from quelea.topology.family import FLAG, Family, refuse, whole
from quelea.topology.graph import Certificate, Growth, Topology, build

FORM = "growth:R"
R_MAX = NEIGHBOURS_MAX // 3  # no node gets more than 3r neighbours


def make(text: str, nodes: int, seed: int) -> Topology:
    r = whole(text, FORM, 1, R_MAX, "robustness; a node has 2R neighbours on average, at most 3R")
    core = 2 * r - 1
    if nodes < max(core, 2):
        most = (nodes + 1) // 2
        raise refuse(
            f"{nodes} nodes are too few for growth:{r}.",
            f"Its core alone has 2R - 1 = {core} nodes; allowed with {nodes} nodes: 1..{most}.",
            f"write {FLAG} growth:{most} or --nodes {core}",
        )
    first, second = np.triu_indices(core, 1)
    edges = np.concatenate([np.column_stack([first, second]), _joins(Draws(seed), nodes, core, r)])
    origin = f"core of {core} nodes, each later node joined to {r} at random, seed {seed}"
    proof = Growth(
        r,
        core=tuple(range(1, core + 1)),
        order=tuple(range(core + 1, nodes + 1)),
        core_method="complete graph",
    )
    method = f"growth from the complete graph on {core} nodes, {r} links a node"
    certificate = Certificate(r, r, method, growth=proof)
    return build(f"growth:{r}", origin, nodes, edges + 1, certificate)


def _joins(draws: Draws, nodes: int, core: int, r: int) -> IntArray:
    """Shape ((nodes - core) * r, 2): the links of nodes core..nodes-1 to earlier ones.

    There are always r nodes with room: before the t-th new node the room left, summed over the
    nodes, is (2r - 1)(r + 2) + t r, and no node has more than max(2r, r + 2) of it.
    """
    limit = 3 * r
    degree = [core - 1] * core + [r] * (nodes - core)
    room = list(range(core))  # nodes with fewer than `limit` neighbours, in any order
    joins = np.empty(((nodes - core) * r, 2), dtype=np.int64)
    words = draws.raw(len(joins)).reshape(-1, r)
    at = 0
    for new in range(core, nodes):
        old = []
        for word in words[new - core].tolist():  # drawn without putting back
            place = word % len(room)
            room[place], room[-1] = room[-1], room[place]
            old.append(room.pop())
        for node in old:
            degree[node] += 1
            joins[at] = new, node
            at += 1
        room += [node for node in [*old, new] if degree[node] < limit]
    return joins


FAMILY = Family("growth", FORM, "grown so that it is R-robust, proof included", make)
