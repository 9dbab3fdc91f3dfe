"""Exact robustness: hand-worked graphs, and the definition walked pair by pair."""

import itertools
import random

import pytest
from quelea.topology import parse
from quelea.topology.exact import EXACT_NODES_MAX, exact_r, exact_s, is_robust
from quelea.topology.groups import most_outside
from topology_graphs import (
    bipartite,
    from_zero,
    is_robust_slow,
    path,
    petersen,
    r_slow,
    random_graph,
    star,
    two_k5,
)

KNOWN = (
    (parse("complete", 4), 2),
    (parse("complete", 5), 3),
    (parse("ring", 8), 1),
    (parse("circulant:1,2", 8), 2),
    (petersen(), 1),
    (bipartite(4, 4), 2),
    (bipartite(6, 6), 3),
    (path(9), 1),
    (star(9), 1),
    (parse("hypercube", 16), 1),
    (from_zero(6, [(0, 1), (2, 3), (3, 4), (4, 5)]), 0),
    (from_zero(2, []), 0),
)


@pytest.mark.parametrize(("topology", "r"), KNOWN)
def test_known_graphs(topology, r: int) -> None:
    found, groups = exact_r(topology)
    assert found == r
    _check_groups(topology, r, groups)


@pytest.mark.parametrize("n", range(2, 15))
def test_complete_graphs_reach_half(n: int) -> None:
    assert exact_r(parse("complete", n))[0] == (n + 1) // 2


@pytest.mark.parametrize("h", range(6))
def test_two_cliques_are_as_robust_as_the_matchings_between_them(h: int) -> None:
    """h links a node across: r = h. One matching has connectivity 5, but r = 1."""
    found, groups = exact_r(two_k5(h))
    assert found == h
    if h < 3:
        assert {frozenset(group) for group in groups} <= {
            frozenset(part)
            for whole in (range(1, 6), range(6, 11))
            for size in (4, 5)
            for part in itertools.combinations(whole, size)
        }


def _check_groups(topology, r: int, groups) -> None:
    first, second = groups
    assert first and second and not set(first) & set(second)
    assert max(most_outside(topology, first), most_outside(topology, second)) == r


def test_pair_by_pair(seed: int) -> None:
    """Random graphs of up to six nodes against the definition, all r and s."""
    rng = random.Random(seed)
    seen: set[int] = set()
    graphs = [random_graph(rng, rng.randrange(2, 7)) for _ in range(40)]
    # r = 3 takes five nodes of which nearly all are linked: forty draws may not hold one
    for topology in [*graphs, parse("complete", 5), parse("complete", 6)]:
        n = topology.node_count
        r, groups = exact_r(topology)
        assert r == r_slow(topology), topology.edges
        _check_groups(topology, r, groups)
        seen.add(r)
        for k in range(1, n + 1):
            largest = max(
                (s for s in range(1, n + 1) if is_robust_slow(topology, k, s)), default=0
            )
            assert exact_s(topology, k) == largest, (topology.edges, k)
    assert {0, 1, 2, 3} <= seen


def test_pair_by_pair_of_eight_nodes(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(3):
        topology = random_graph(rng, 8)
        r, _ = exact_r(topology)
        assert is_robust_slow(topology, max(r, 1), 1) == (r > 0)
        assert not is_robust_slow(topology, r + 1, 1)


def test_r_and_s_agree(seed: int) -> None:
    """(r,1)-robust is r-robust, s falls with r, and is_robust says the same."""
    rng = random.Random(seed)
    for _ in range(60):
        topology = random_graph(rng, rng.randrange(3, 12))
        r, _ = exact_r(topology)
        largest = [exact_s(topology, k) for k in range(1, topology.node_count + 1)]
        assert sum(s >= 1 for s in largest) == r
        assert largest == sorted(largest, reverse=True)
        assert is_robust(topology, max(1, r)) == (r > 0)
        assert not is_robust(topology, r + 1)


def test_known_s() -> None:
    assert [exact_s(parse("complete", 5), r) for r in (1, 2, 3, 4)] == [5, 5, 5, 0]
    assert [exact_s(two_k5(1), r) for r in (1, 2)] == [10, 0]


@pytest.mark.parametrize(("k", "n"), [(1, 9), (2, 9), (3, 11), (4, 14), (5, 16)])
def test_circulants_of_near_neighbours(k: int, n: int) -> None:
    offsets = ",".join(str(s) for s in range(1, k + 1))
    assert exact_r(parse(f"circulant:{offsets}", n))[0] == k


@pytest.mark.parametrize(("r", "n"), [(1, 5), (2, 9), (2, 16), (3, 12), (4, 16), (5, 9), (7, 16)])
def test_growth_is_as_robust_as_it_says(r: int, n: int, seed: int) -> None:
    assert exact_r(parse(f"growth:{r}", n, seed))[0] == r


def test_sizes_that_are_refused() -> None:
    with pytest.raises(ValueError, match="22 nodes, not 23"):
        exact_r(parse("ring", EXACT_NODES_MAX + 1))
    with pytest.raises(ValueError, match="two nodes"):
        exact_r(from_zero(1, []))
