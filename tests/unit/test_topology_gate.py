"""The gate: what it lets pass, what it refuses and in which words, and that it is right to."""

import pytest
from quelea.errors import UserError
from quelea.topology import Topology, certify, parse, require
from quelea.topology.gate import CARRIED_MAX
from quelea_proto.limits import Q_MAX
from quelea_proto.rules import find
from topology_graphs import bipartite, from_zero, two_k5


def _rounds(
    topology: Topology, values: list[int], faults_max: int, rule: str, rounds: int, lies=()
):
    """Values after some rounds of the real rule; `lies` tells the values that liars send on."""
    apply = find(rule)[1]
    lying = dict(lies)
    for _ in range(rounds):
        sent = [lying.get(number, values[number - 1]) for number in topology.nodes]
        values = [
            apply(
                values[number - 1],
                [*(sent[other - 1] for other in topology.neighbours(number)), 0],
                len(topology.neighbours(number)),
                faults_max,
            )
            for number in topology.nodes
        ]
    return values


def test_two_cliques_never_agree_and_are_refused() -> None:
    """Connectivity 5 and no liar, but r = 1: W-MSR with F = 1 does not move at all."""
    topology = two_k5(1)
    split = [0] * 5 + [1000] * 5
    assert _rounds(topology, split, 1, "wmsr", 50) == split
    assert certify(topology).r_upper == 1
    with pytest.raises(UserError) as caught:
        require(topology, 1)
    text = str(caught.value)
    assert caught.value.where == "--topology"
    assert "r >= 3: r = 1" in text
    assert "may disagree for ever" in text
    assert "n01, n02, n03, n04 and 1 more" in text or "n02, n03, n04, n05" in text
    assert "--topology growth:3, or --faults-max 0, or --force" in caught.value.remedy


def test_a_graph_that_will_do_does() -> None:
    topology = parse("growth:3", 10, 1)
    certificate, warning = require(topology, 1)
    assert certificate.r_lower == 3
    assert warning == ""
    values = [0] * 5 + [1000] * 5
    after = _rounds(topology, values, 1, "wmsr", 60, lies=[(10, Q_MAX)])
    honest = after[:9]
    assert max(honest) - min(honest) <= 10
    assert min(honest) >= 0 and max(honest) <= 1000


def test_force_turns_the_refusal_into_a_warning() -> None:
    certificate, warning = require(two_k5(1), 1, force=True)
    assert certificate.r_upper == 1
    assert "is too weak for faults_max 1, which takes r >= 3" in warning


def test_the_remedy_works() -> None:
    for spec, nodes, faults_max in (("k-out:4", 16, 2), ("regular:8", 30, 2), ("ring", 8, 1)):
        with pytest.raises(UserError) as caught:
            require(parse(spec, nodes, 1), faults_max)
        words = caught.value.remedy.replace(",", " ").split()
        advised = words[words.index("--topology") + 1]
        assert require(parse(advised, nodes, 1), faults_max)[1] == ""
        lower = int(words[words.index("--faults-max") + 1])
        assert lower < faults_max
        assert require(parse(spec, nodes, 1), lower)[1] == ""


def test_few_nodes_are_told_to_be_more() -> None:
    with pytest.raises(UserError) as caught:
        require(parse("complete", 8), 2)  # r = 4
    assert "growth:5 --nodes 9" in caught.value.remedy
    assert require(parse("growth:5", 9), 2)[1] == ""
    with pytest.raises(UserError) as caught:
        require(parse("complete", 60), 30)
    assert "complete --nodes 121" in caught.value.remedy
    assert require(parse("complete", 121), 30)[1] == ""


@pytest.mark.parametrize("force", [False, True])
def test_nodes_with_too_few_neighbours_are_refused_even_by_force(force: bool) -> None:
    with pytest.raises(UserError) as caught:
        require(parse("ring", 8), 1, force=force)
    assert "n01 has 2 neighbours in 'ring', and faults_max 1 takes 3" in str(caught.value)
    assert "--force" not in str(caught.value)


@pytest.mark.parametrize("force", [False, True])
def test_graphs_in_parts_are_refused_even_by_force(force: bool) -> None:
    parts = from_zero(8, [(i, j) for i in range(8) for j in range(i) if i // 4 == j // 4])
    for faults_max in (0, 1):
        with pytest.raises(UserError, match="in parts"):
            require(parts, faults_max, force=force)
    with pytest.raises(UserError, match="n03 has 0 neighbours"):
        require(from_zero(3, [(0, 1)]), 0, force=force)


@pytest.mark.parametrize("faults_max", [-1, CARRIED_MAX + 1, 1000])
def test_faults_out_of_range(faults_max: int) -> None:
    with pytest.raises(UserError) as caught:
        require(parse("complete", 20), faults_max)
    assert caught.value.where == "--faults-max"
    assert f"0..{CARRIED_MAX}" in caught.value.why


def test_no_liars_need_a_connected_graph_only() -> None:
    for rule in ("mean", "wmsr", "midpoint"):
        assert require(parse("ring", 8), 0, rule) == (certify(parse("ring", 8)), "")


def test_a_bound_that_does_not_suffice_is_no_proof() -> None:
    topology = parse("regular:16", 200, 1)
    certificate = certify(topology)
    assert certificate.r_lower < 7 <= certificate.r_upper
    with pytest.raises(UserError) as caught:
        require(topology, 3)
    assert "is not proved for faults_max 3, which takes r >= 7" in str(caught.value)
    assert "No node of" not in str(caught.value)


def test_rules_that_the_proof_does_not_cover_are_named() -> None:
    grown, complete = parse("growth:3", 12, 1), parse("complete", 12)
    assert require(grown, 1, "wmsr")[1] == ""
    for rule in ("trimmed-mean", "midpoint"):
        assert require(complete, 1, rule)[1] == ""
        assert "proved to agree on complete graphs only" in require(grown, 1, rule)[1]
    for rule in ("median", "trim-and-clip"):
        assert "proved to agree on no graph" in require(complete, 1, rule)[1]
    assert "mean carries no liars" in require(grown, 2 // 2, "mean")[1]


@pytest.mark.parametrize("rule", ["trimmed-mean", "midpoint", "median"])
def test_rules_that_put_the_own_value_aside_swing_for_ever(rule: str) -> None:
    """Why those warnings are there: r = 3 carries F = 1, no liar, and yet."""
    topology = bipartite(6, 6)
    split = [0] * 6 + [1000] * 6
    assert certify(topology).r_lower == 3
    assert _rounds(topology, split, 1, rule, 1) == split[::-1]
    assert _rounds(topology, split, 1, rule, 100) == split
    after = _rounds(topology, split, 1, "wmsr", 100)
    assert max(after) - min(after) <= 2
