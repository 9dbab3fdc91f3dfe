"""Certificates: every proof by itself, and all together, against exact robustness."""

import itertools
import random

import pytest
from quelea.topology import Growth, certify, growing, is_connected, mixed, parse, robustness
from quelea.topology.exact import exact_r
from quelea.topology.graph import Topology
from quelea.topology.groups import best_upper, most_outside, plain_upper
from quelea.topology.spectral import spectrum
from topology_graphs import bipartite, from_zero, petersen, random_graph, star, two_k5


def _connected(rng: random.Random, n: int) -> Topology:
    while True:
        topology = random_graph(rng, n)
        if is_connected(topology):
            return topology


def _check_upper(topology: Topology, upper: int, groups) -> None:
    first, second = groups
    assert first and second and not set(first) & set(second)
    outside = [len(set(topology.neighbours(i)) - set(group)) for group in groups for i in group]
    assert max(outside) <= upper


def test_bounds_hold_on_random_graphs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spectral bound, growth search and groups, without the help of enumeration."""
    monkeypatch.setattr(mixed, "MIXED_NODES_MAX", 0)
    rng = random.Random(seed)
    met = proved = grown = 0
    for _ in range(300):
        topology = _connected(rng, rng.randrange(3, 13))
        r, _ = exact_r(topology)
        figures = spectrum(topology)
        by_spectrum = growing.spectral_bound(figures.lambda2, topology.node_count)
        assert by_spectrum <= r, topology.edges
        upper, groups = best_upper(topology, figures.fiedler, 1)
        assert upper >= r, topology.edges
        _check_upper(topology, upper, groups)
        plain, groups = plain_upper(topology)
        assert plain >= r
        _check_upper(topology, plain, groups)
        certificate = robustness._bounded(topology, robustness.WITHOUT_LIMIT)
        assert certificate.r_lower <= r <= certificate.r_upper, topology.edges
        _check_upper(topology, certificate.r_upper, certificate.groups)
        if certificate.growth:
            assert growing.is_proved(topology, certificate.growth)
            assert certificate.growth.r == certificate.r_lower
            grown += 1
        met += by_spectrum == r
        proved += certificate.exact
    # that the bounds say something at all
    assert met > 100
    assert proved > 200
    assert grown > 20


def test_mixed_search_is_exact(seed: int) -> None:
    rng = random.Random(seed)
    settled = 0
    for _ in range(25):
        topology = _connected(rng, rng.randrange(3, 12))
        r, _ = exact_r(topology)
        for t in (r - 1, r):
            done, groups = mixed.groups_keeping(topology, t)
            settled += done
            if groups:
                assert t >= r
                _check_upper(topology, t, groups)
            else:
                assert t < r or not done
        upper, shown = plain_upper(topology)
        low, high, shown = mixed.narrow(topology, 0, upper, shown, 99)
        assert low <= r <= high
        _check_upper(topology, high, shown)
    assert settled == 50


def test_a_search_that_was_cut_short_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    topology = parse("k-out:8", 40, 1)
    upper, shown = plain_upper(topology)
    monkeypatch.setattr(mixed, "SEARCH_NODES", 1)
    assert mixed.groups_keeping(topology, 5) == (False, None)
    low, high, shown = mixed.narrow(topology, 1, upper, shown, 99)
    assert low < 5 < high < upper
    _check_upper(topology, high, shown)


def test_graphs_above_enumeration_are_bounded(seed: int) -> None:
    """Figures of two proofs on the same graph may not contradict each other."""
    for spec, n in (("k-out:4", 26), ("geometric:0.35", 40), ("circulant:1,2,3", 40)):
        topology = parse(spec, n, seed)
        certificate = certify(topology)
        assert 1 <= certificate.r_lower <= certificate.r_upper <= topology.degree_min
        _check_upper(topology, certificate.r_upper, certificate.groups)


def test_enough_stops_early_and_stays_right() -> None:
    topology = parse("k-out:5", 28, 1)
    full, quick = certify(topology), certify(topology, enough=2)
    assert 2 <= quick.r_lower <= full.r_lower <= full.r_upper <= quick.r_upper


def test_certificates_do_not_change_between_runs() -> None:
    topology = parse("k-out:4", 30, 1)
    assert certify(topology) == certify(parse("k-out:4", 30, 1))


@pytest.mark.parametrize(
    ("spec", "n", "r"),
    [
        ("ring", 50, 1),
        ("complete", 60, 30),
        ("hypercube", 256, 1),
        ("circulant:1,2,3,4", 200, 4),
        ("growth:5", 50, 5),
        ("growth:5", 5000, 5),
        ("growth:42", 300, 42),
    ],
)
def test_families_whose_r_is_known(spec: str, n: int, r: int) -> None:
    certificate = certify(parse(spec, n, 1))
    assert (certificate.r_lower, certificate.r_upper) == (r, r)
    assert certificate.exact
    assert certificate.faults_max == (r - 1) // 2


def test_bounds_of_shapes() -> None:
    assert growing.spectral_bound(spectrum(parse("complete", 9)).lambda2, 9) == 5
    assert growing.spectral_bound(spectrum(bipartite(4, 4)).lambda2, 8) == 2
    assert growing.spectral_bound(spectrum(petersen()).lambda2, 10) == 1
    assert growing.spectral_bound(0.0, 10) == 0
    assert plain_upper(star(6))[0] == 1


@pytest.mark.parametrize("n", range(2, 11))
def test_bounds_of_cores(n: int, seed: int) -> None:
    assert growing.core_bound(parse("complete", n)) == ((n + 1) // 2, "complete graph")
    core = random_graph(random.Random(seed), n)
    assert growing.core_bound(core)[0] == exact_r(core)[0]
    assert growing.core_bound(from_zero(20, []))[0] == 0


def test_graphs_in_parts() -> None:
    topology = from_zero(30, ((i, i + 1) for i in range(29) if i != 11))
    certificate = certify(topology)
    assert (certificate.r_lower, certificate.r_upper, certificate.faults_max) == (0, 0, -1)
    _check_upper(topology, 0, certificate.groups)
    with pytest.raises(ValueError, match="two nodes"):
        certify(from_zero(1, []))


def test_growth_proofs_are_checked_step_by_step() -> None:
    topology = parse("growth:3", 40, 1)
    proof = topology.certificate.growth
    assert growing.is_proved(topology, proof)
    core, order = proof.core, proof.order
    for wrong in (
        Growth(4, core, order, ""),  # the core is a K5: r = 3
        Growth(4, core + order, (), ""),  # a core that is not so robust
        Growth(3, core[:-1], order, ""),  # a core too small
        Growth(3, core, order[:-1], ""),  # a node left out
        Growth(3, core, order[::-1], ""),  # the last node first: too few before it
        Growth(3, core, (*order, order[0]), ""),  # a node twice
        Growth(3, (*core, core[0]), order, ""),
        Growth(3, core, (*order, 41), ""),  # no such node
        Growth(3, (), core + order, ""),
    ):
        assert not growing.is_proved(topology, wrong), wrong


def test_a_false_certificate_is_not_believed() -> None:
    """The claim travels with the graph; certify checks it and falls back on its own proofs."""
    grown = parse("growth:5", 60, 1)
    ring = parse("ring", 60)
    fake = Topology("x", "x", ring.starts, ring.others, grown.certificate)
    assert certify(fake).r_lower == certify(fake).r_upper == 1


def test_growth_is_found_in_graphs_that_nobody_declared(seed: int) -> None:
    """The same grown graphs under shuffled numbers, with more links thrown in."""
    rng = random.Random(seed)
    for r, n in ((2, 30), (3, 40), (4, 60)):
        grown = parse(f"growth:{r}", n, rng.randrange(1 << 30))
        turned = list(range(n))
        rng.shuffle(turned)
        extra = rng.sample(list(itertools.combinations(range(n), 2)), n // 4)
        links = {tuple(sorted((turned[a - 1], turned[b - 1]))) for a, b in grown.edges}
        topology = from_zero(n, links | set(extra))
        found = growing.find(topology, 0, topology.degree_min)
        assert found is not None
        assert found.r >= r - 1  # the search may miss the core; it rarely does
        assert growing.is_proved(topology, found)


def test_a_weak_place_is_found_in_large_graphs() -> None:
    """Two robust halves joined by one matching: r = 1, and the groups are the halves."""
    half = parse("growth:5", 100, 1)
    links = [*half.edges, *((a + 100, b + 100) for a, b in half.edges)]
    links += [(i, i + 100) for i in range(1, 101)]
    topology = from_zero(200, [(a - 1, b - 1) for a, b in links])
    certificate = certify(topology)
    assert (certificate.r_lower, certificate.r_upper) == (1, 1)
    assert {min(group) > 100 for group in certificate.groups} == {True, False}
    assert most_outside(topology, certificate.groups[0]) == 1


def test_words_of_a_certificate() -> None:
    assert str(certify(two_k5(1))) == "r = 1 (all 2^10 groups tried)"
    assert str(certify(parse("growth:5", 50, 1))).startswith("r = 5 (growth from the complete")
    assert str(certify(parse("regular:8", 200, 1))).startswith("2 <= r <= ")
