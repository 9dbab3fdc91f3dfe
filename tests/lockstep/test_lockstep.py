"""Lock-step rounds: they are the protocol's, and on any number of ranks the same to the bit."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.lockstep import team as teams
from quelea.lockstep.command import Options, checks, simulate
from quelea.lockstep.exact import Exact
from quelea.lockstep.graph import Order, Rows, rows
from quelea.lockstep.resilient import Resilient, draw_values
from quelea.lockstep.team import Alone
from quelea.topology import parse
from quelea_proto import rules
from quelea_proto.flows import Flows

WAIT_S = 60
MPIEXEC = Path(sys.executable).with_name("mpiexec")


def whole(spec: str, nodes: int, seed: int = 1) -> Rows:
    return rows(spec, nodes, seed, 0, nodes)


def near(graph: Rows, node: int) -> list[int]:
    return [int(other) for other in graph.others[graph.starts[node] : graph.starts[node + 1]]]


@pytest.mark.parametrize("rule", [row[0] for row in rules.RULES])
def test_resilient_rounds_are_the_protocols_rule(rule: str, seed: int) -> None:
    graph, faults_max = whole("growth:5", 40, seed), 2
    values_q = draw_values(0, 40, seed, 100_000)
    fleet = Resilient(
        graph, 40, Alone(), values_q, rule, faults_max, np.zeros(40, bool), "noise", seed, 9
    )
    expected = [int(value) for value in values_q]
    apply = rules.find(rule)
    assert apply is not None
    for _ in range(6):
        fleet.move(fleet.exchange())
        before = list(expected)
        for node in range(40):
            heard = [before[other] for other in near(graph, node)]
            if len(heard) > 2 * faults_max:
                expected[node] = apply[1](before[node], [*heard, 0], len(heard), faults_max)
        assert fleet.values_q.tolist() == expected
    # the slowest, trim-and-clip, leaves .29 of it at most in 400 graphs
    assert max(expected) - min(expected) < np.ptp(values_q) / 2, "nothing moved: nothing is shown"


@pytest.mark.parametrize("spec", ["growth:5", "ring", "k-out:3"])
def test_exact_rounds_are_the_protocols_flows(spec: str, seed: int) -> None:
    nodes, graph = 30, whole(spec, 30, seed)
    values_q = draw_values(0, nodes, seed, 100_000)
    fleet = Exact(graph, nodes, Alone(), values_q)
    twins = [Flows(n, tuple(near(graph, n)), int(values_q[n])) for n in range(nodes)]
    for _ in range(120):
        fleet.move(fleet.exchange())
        said = [
            (len(t.neighbours), t.estimate_q, t.flow_q[:], t.turn[:], t.residue[:]) for t in twins
        ]
        for twin in twins:
            for slot, other in enumerate(twin.neighbours):
                count, value_q, flow_q, turn, residue = said[other]
                back = twins[other].neighbours.index(twin.node)
                twin.hear(slot, count, value_q, flow_q[back], turn[back], residue[back])
        for twin in twins:
            for slot in range(len(twin.neighbours)):
                twin.move(slot)
        assert fleet.values_q.tolist() == [twin.estimate_q for twin in twins]
        assert fleet.flow_q.tolist() == [flow for twin in twins for flow in twin.flow_q]
        assert fleet.turn.tolist() == [turn for twin in twins for turn in twin.turn]
        assert fleet.residue.tolist() == [rest for twin in twins for rest in twin.residue]
    assert fleet.values_q.sum() + fleet.given_q == values_q.sum()
    assert np.ptp(fleet.values_q) < np.ptp(values_q) / 4, "nothing moved: nothing is shown"


@pytest.mark.parametrize("spec", ["ring", "circulant:1,5", "growth:3", "cycles:3"])
def test_shards_put_together_are_the_graph(spec: str) -> None:
    nodes = 50
    graph = whole(spec, nodes)
    for ranks in (2, 3, 7):
        parts = [rows(spec, nodes, 1, r * nodes // ranks, (r + 1) * nodes // ranks)
                 for r in range(ranks)]  # fmt: skip
        assert np.array_equal(np.concatenate([part.others for part in parts]), graph.others)
        assert [near(p, n) for p in parts for n in range(p.count)] == [
            near(graph, n) for n in range(nodes)
        ]
    if not spec.startswith("cycles"):
        known = parse(spec, nodes, 1)
        assert np.array_equal(known.others - 1, graph.others)
    for node in range(nodes):
        assert node not in near(graph, node)
        assert all(node in near(graph, other) for other in near(graph, node)), "not symmetric"


@pytest.mark.parametrize("count", [3, 64, 1000, 4097])
def test_an_order_is_a_permutation_with_its_inverse(count: int, seed: int) -> None:
    order, here = Order(count, seed), np.arange(count)
    nodes = order.node(here)
    assert sorted(nodes.tolist()) == list(range(count))
    assert np.array_equal(order.place(nodes), here)
    assert not np.array_equal(nodes, Order(count, seed + 1).node(here)) or count < 8


def test_liars_and_the_verdict() -> None:
    good = Options(nodes=2000, topology="cycles:6", faults_max=2, liars=2, attack="noise")
    found = simulate(good, Alone())
    assert found is not None and found.met >= 1, "no honest node meets a liar: nothing is shown"
    assert all(check.ok for check in checks(good, found))
    bad = Options(nodes=200, topology="cycles:3", faults_max=0, liars=20, rule="wmsr")
    found = simulate(bad, Alone())
    assert found is not None and not all(check.ok for check in checks(bad, found))
    assert found.outside == 0 and found.course[-1][2] > 900_000, "captured, inside the wide hull"


def start(ranks: int, *flags: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "quelea.cli", "lockstep", "--json", *flags]
    if ranks > 1:
        argv = [str(MPIEXEC), "-n", str(ranks), *argv]
    return subprocess.run(argv, capture_output=True, text=True, timeout=WAIT_S, check=False)


@pytest.mark.parametrize(
    "flags",
    [
        ("--nodes", "5000", "--topology", "cycles:4", "--liars", "3", "--faults-max", "2"),
        ("--nodes", "3001", "--topology", "circulant:1,7,60", "--rule", "midpoint"),
        ("--nodes", "801", "--topology", "growth:5", "--mode", "exact", "--rounds", "120"),
        ("--nodes", "2001", "--topology", "cycles:3", "--mode", "exact", "--rounds", "60"),
    ],
)
def test_two_ranks_give_the_bits_of_one(flags: Sequence[str], need: Any) -> None:
    need(find_spec("mpi4py") and MPIEXEC.exists(), "MPI", "pip install quelea[mpi]")
    reports = [json.loads(start(ranks, *flags).stdout) for ranks in (1, 2)]
    assert [report["ranks"] for report in reports] == [1, 2]
    assert reports[1]["crossing"] > 0, "nothing crossed between the ranks"
    assert reports[0]["digest"] == reports[1]["digest"]
    assert reports[0]["course"] == reports[1]["course"]
    assert reports[0]["verdict"] is reports[1]["verdict"] is True
    other = json.loads(start(1, *flags, "--seed", "2").stdout)
    assert other["digest"] != reports[0]["digest"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--rule", "average"), "'average' is unknown"),
        (("--topology", "circulant:1,70000"), "circulant:1,70000 with"),
        (("--topology", "circulant:2,4"), "2 parts"),
        (("--topology", "cycles:99"), "cycles:99 with"),
        (("--topology", "growth:99"), "99 is out of range"),
    ],
)
def test_two_ranks_refuse_once(flags: Sequence[str], says: str, need: Any) -> None:
    """No rank may go on alone: it would wait for the others for ever."""
    need(find_spec("mpi4py") and MPIEXEC.exists(), "MPI", "pip install quelea[mpi]")
    done = start(2, *flags)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr.count(says) == 1 and "Traceback" not in done.stderr


def test_without_mpi_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(UserError) as caught:
        teams.make()
    assert "quelea[mpi]" in caught.value.remedy


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--topology", "cycles:99"), "cycles:K"),
        (("--topology", "circulant:x"), "circulant"),
        (("--mode", "exact", "--liars", "1"), "--liars 0"),
        (("--nodes", "1"), "--nodes"),
    ],
)
def test_what_cannot_be_is_refused(flags: Sequence[str], says: str) -> None:
    done = start(1, *flags)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr
