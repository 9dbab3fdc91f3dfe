"""Random regular: every node has exactly d neighbours.

Stubs are paired at random; pairs that are loops or doubles are switched with random other pairs
until none is left. Close to uniform among all d-regular graphs, not exactly so. Above
(n - 1) / 2 the complement is drawn instead, which needs fewer switches.
"""

from collections import Counter

import numpy as np
from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.topology.draws import Draws, IntArray
from quelea.topology.family import FLAG, Family, at_least, first_connected, refuse, whole
from quelea.topology.graph import Topology, build

FORM = "regular:D"
SWITCHES_MAX = 200_000  # ten times what 126 neighbours a node need; beyond it, a new pairing


def make(text: str, nodes: int, seed: int) -> Topology:
    at_least("regular", nodes, 3)
    high = min(nodes - 1, NEIGHBOURS_MAX)
    degree = whole(text, FORM, 2, high, "neighbours a node; at most the other nodes")
    if nodes * degree % 2:
        other = degree - 1 if degree == high else degree + 1
        raise refuse(
            f"no graph of {nodes} nodes gives each of them {degree} neighbours.",
            "Nodes times neighbours must be even.",
            f"write {FLAG} regular:{other} or --nodes {nodes + 1}",
        )

    def attempt(lane: int) -> Topology:
        origin = f"random {degree}-regular graph of {nodes} nodes, seed {seed}, try {lane + 1}"
        edges = _edges(Draws(seed, lane), nodes, degree) + 1
        return build(f"regular:{degree}", origin, nodes, edges)

    return first_connected(
        attempt, f"regular:{degree}", f"write {FLAG} regular:{min(high, degree + 2)}"
    )


def _edges(draws: Draws, nodes: int, degree: int) -> IntArray:
    """Shape (m, 2), nodes 0..nodes-1."""
    if degree == 2:  # the connected ones are the cycles: draw one of them at once
        order = draws.order(nodes)
        return np.column_stack([order, np.roll(order, -1)])
    rest = nodes - 1 - degree
    if rest >= degree:
        return _paired(draws, nodes, degree)
    drawn = _paired(draws, nodes, rest) if rest else np.empty((0, 2), dtype=np.int64)
    absent = np.zeros((nodes, nodes), dtype=bool)
    absent[drawn[:, 0], drawn[:, 1]] = absent[drawn[:, 1], drawn[:, 0]] = True
    return np.argwhere(np.triu(~absent, 1)).astype(np.int64)


def _paired(draws: Draws, nodes: int, degree: int) -> IntArray:
    """Random pairs of the stubs, switched until they are the edges of a simple graph."""
    while True:
        stubs = np.repeat(np.arange(nodes), degree)[draws.order(nodes * degree)]
        pairs = stubs.reshape(-1, 2)
        if _switch(draws, nodes, pairs):
            return pairs


def _key(nodes: int, a: int, b: int) -> int:
    return min(a, b) * nodes + max(a, b)


def _switch(draws: Draws, nodes: int, pairs: IntArray) -> bool:
    """Switch bad pairs in place; False if SWITCHES_MAX draws did not cure them all."""
    keys = pairs.min(axis=1) * nodes + pairs.max(axis=1)
    known = np.sort(keys)
    changed: Counter[int] = Counter()  # what switching added and took, on top of `known`

    def count(key: int) -> int:
        span = np.searchsorted(known, [key, key + 1])
        return int(span[1] - span[0]) + changed[key]

    doubled = np.ones(len(keys), dtype=bool)
    doubled[np.unique(keys, return_index=True)[1]] = False
    waiting = np.flatnonzero(doubled | (pairs[:, 0] == pairs[:, 1])).tolist()
    for _ in range(SWITCHES_MAX):
        if not waiting:
            return True
        here = waiting[-1]
        there, turn = draws.below(len(pairs), 1)[0], draws.below(2, 1)[0]
        a, b = (int(end) for end in pairs[here])
        c, d = (int(end) for end in (pairs[there] if turn else pairs[there, ::-1]))
        if there == here or a == d or c == b:
            continue
        first, second = _key(nodes, a, d), _key(nodes, c, b)
        if first == second or count(first) or count(second):
            continue
        changed[_key(nodes, a, b)] -= 1
        changed[_key(nodes, c, d)] -= 1
        changed[first] += 1
        changed[second] += 1
        pairs[here], pairs[there] = (a, d), (c, b)
        waiting.pop()  # if `there` was waiting too, it is good now, and is met again below
        waiting = [pair for pair in waiting if pair != there]
    return False


FAMILY = Family("regular", FORM, "random graph with exactly D neighbours a node", make)
