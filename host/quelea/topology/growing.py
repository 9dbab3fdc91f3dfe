"""Growth certificates: checking one, and finding one in a graph that nobody grew.

If the graph among some nodes is r-robust and the others can be put in an order in which each has
at least r neighbours among those before it, the whole graph is r-robust (LeBlanc, Zhang,
Koutsoukos, Sundaram 2013, theorem 5). Given the core, the order is found greedily and no choice
matters: a node that has r neighbours before it keeps them when others go first.
"""

import heapq
import math

import numpy as np

from quelea.topology.exact import exact_r
from quelea.topology.graph import Growth, Topology, build, is_connected
from quelea.topology.spectral import DENSE_NODES_MAX, lambda2_of

CORE_EXACT_MAX = 14  # cores up to this size are enumerated: 5 ms each
CORE_SIZES = (5, 7, 9, 11, 14, 18, 24, 32, 48, 64, 96, 128, 192)
SEEDS_MAX = 16  # nodes from which a core is gathered
GROWING_NODES_MAX = 20_000  # the search walks all links in Python a few times: seconds here

Rows = list[list[int]]  # neighbours by node number; row 0 is empty


def spectral_bound(lambda2: float, n: int) -> int:
    """ceil(lambda2 ceil(n / 2) / n): every graph of n nodes is at least so robust.

    Of two disjoint groups one, S, has s <= n / 2 nodes. Fiedler's inequality, from
    x'Lx >= lambda2 |x - mean|^2 with x = 1 on S, gives cut(S) >= lambda2 s (n - s) / n. So the
    mean number of neighbours outside, over S, is at least lambda2 (n - s) / n, and some node has
    at least that many, rounded up. Tight on complete graphs.
    """
    # the margin takes up the rounding of lambda2, some 1e-13 of the largest eigenvalue
    return max(0, math.ceil(lambda2 * ((n + 1) // 2) / n - 1e-6))


def rows_of(topology: Topology) -> Rows:
    return [[], *(list(topology.neighbours(number)) for number in topology.nodes)]


def order_after(rows: Rows, core: tuple[int, ...], r: int) -> tuple[int, ...]:
    """The nodes that join a core, each with >= r neighbours before it, in a possible order."""
    links = [0] * len(rows)
    joined = [False] * len(rows)
    for number in core:
        joined[number] = True
    order: list[int] = []
    waiting = list(core)
    while waiting:
        for other in rows[waiting.pop()]:
            links[other] += 1
            if links[other] >= r and not joined[other]:
                joined[other] = True
                order.append(other)
                waiting.append(other)
    return tuple(order)


def induced(topology: Topology, core: tuple[int, ...]) -> Topology:
    """The graph among the nodes of `core`, renumbered from 1 in its order."""
    place = {number: at for at, number in enumerate(core, start=1)}
    edges = [
        (place[a], place[b]) for a in core for b in topology.neighbours(a) if a < b and b in place
    ]
    return build("core", "induced", len(core), np.array(edges, dtype=np.int64).reshape(-1, 2))


def core_bound(core: Topology) -> tuple[int, str]:
    """A proved lower bound on the robustness of a core, and how; (1, ...) for a single node."""
    n = core.node_count
    if n == 1:
        return 1, "single node"
    if core.degree_min == n - 1:
        return (n + 1) // 2, "complete graph"
    if n <= CORE_EXACT_MAX:
        return exact_r(core)[0], "all groups tried"
    if n > DENSE_NODES_MAX or not is_connected(core):
        return 0, "not settled"
    return spectral_bound(lambda2_of(core), n), "lambda2"


def is_proved(topology: Topology, growth: Growth) -> bool:
    """Whether `growth` proves that the graph is growth.r-robust; checks every step anew."""
    before = set(growth.core)
    if not growth.core or len(before) != len(growth.core):
        return False
    if not all(1 <= number <= topology.node_count for number in (*growth.core, *growth.order)):
        return False
    if core_bound(induced(topology, growth.core))[0] < growth.r:
        return False
    for number in growth.order:
        if number in before or sum(o in before for o in topology.neighbours(number)) < growth.r:
            return False
        before.add(number)
    return len(before) == topology.node_count


def find(topology: Topology, low: int, high: int) -> Growth | None:
    """The best growth proof of an r in low + 1..high that the search meets, or None."""
    if topology.node_count > GROWING_NODES_MAX or low >= high:
        return None
    rows = rows_of(topology)
    best: Growth | None = None
    for seed in _dense_first(rows)[:SEEDS_MAX]:
        gathered = _gather(rows, seed, min(CORE_SIZES[-1], topology.node_count))
        for size in (size for size in CORE_SIZES if size <= len(gathered)):
            core = tuple(gathered[:size])
            among = induced(topology, core)
            if among.degree_min <= low:  # then its r is no more: a node against the rest
                continue
            bound, method = core_bound(among)
            for r in range(min(bound, high), low, -1):
                order = order_after(rows, core, r)
                if len(core) + len(order) == topology.node_count:
                    best, low = Growth(r, core, order, method), r
                    break
            if low >= high:
                return best
    return best


def _dense_first(rows: Rows) -> list[int]:
    """Node numbers by falling core number: the k of the densest k-core they lie in."""
    degree = [len(row) for row in rows]
    heap = [(degree[number], number) for number in range(1, len(rows))]
    heapq.heapify(heap)
    gone = [False] * len(rows)
    level, peeled = 0, []
    while heap:
        have, number = heapq.heappop(heap)
        if gone[number] or have != degree[number]:
            continue
        gone[number] = True
        level = max(level, have)
        peeled.append((-level, number))
        for other in rows[number]:
            if not gone[other]:
                degree[other] -= 1
                heapq.heappush(heap, (degree[other], other))
    return [number for _, number in sorted(peeled)]


def _gather(rows: Rows, seed: int, size: int) -> list[int]:
    """`size` nodes from `seed` on, each the one with the most links to those before it."""
    links: dict[int, int] = {seed: 0}
    heap = [(0, seed)]
    inside: set[int] = set()
    gathered: list[int] = []
    while heap and len(gathered) < size:
        have, number = heapq.heappop(heap)
        if number in inside or -have != links[number]:
            continue
        inside.add(number)
        gathered.append(number)
        for other in rows[number]:
            if other not in inside:
                links[other] = links.get(other, 0) + 1
                heapq.heappush(heap, (-links[other], other))
    return gathered
