"""The engine's lanes are real agents, bit for bit, and what it checks it can find."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from quelea.cli import app
from quelea.errors import UserError
from quelea.simulator.engine import draws, plants
from quelea.simulator.engine.lanes import BROKEN, EDGE, NODE, SEEN, Lanes
from quelea.simulator.engine.plan import LANES, RULES, comparators, plan
from quelea.simulator.engine.replay import difference, replay
from typer.testing import CliRunner

NODES, ROUNDS = 26, 240


def seed_of(seed: int, case: int) -> int:
    """Return a seed that depends on both; four cases in a row have groups of every mode."""
    return ((seed + 17 * case) * 4 + case) * LANES + seed % LANES


@pytest.mark.parametrize("case", range(4))
def test_a_lane_is_a_fleet_of_agents(case: int, seed: int) -> None:
    """Both modes, liars and every fault: each state of each agent in each round, bit for bit."""
    seed = seed_of(seed, case)
    print(f"seed {seed}: {plan(seed // LANES, NODES, ROUNDS).options(seed % LANES)}")
    assert difference(seed, NODES, ROUNDS) == ""


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_the_agents(rule: str, seed: int) -> None:
    """Each rule by name, on committees: every node hears every other."""
    numbers = range(seed % 1000, seed % 1000 + 2000)
    number = next(n for n in numbers if n % 4 != 3 and plan(n, 9, 200).rule == rule)
    print(f"group {number}")
    assert difference(number * LANES + seed % LANES, 9, 200) == ""


@pytest.mark.parametrize("case", range(2))
def test_the_checkers_of_the_simulator_agree(case: int, seed: int) -> None:
    """The same seed as a journal of real agents: all checkers, and the lanes say the same."""
    seed = seed_of(seed, 3 * case)
    found = replay(seed, NODES, ROUNDS)
    assert found.differs == "" and found.violations == {}, f"seed {seed}"


def test_rules_and_modes_are_all_drawn() -> None:
    groups = [plan(number, NODES, ROUNDS) for number in range(120)]
    resilient = [group for group in groups if group.mode == "resilient"]
    assert len({group.rule for group in resilient}) == len(RULES) and len(resilient) < len(groups)
    assert {int(lie) for group in groups for lie in np.unique(group.lies)} == set(range(12))
    assert {int(epoch) for group in resilient for epoch in group.draws[7]} == {0, 65_530}


@pytest.mark.parametrize("number", [0, 2, 3, 5, 9])
def test_every_instruction_set_computes_the_same(number: int) -> None:
    results = [Lanes(plan(number, NODES, ROUNDS)).run(widest) for widest in (0, 1, 2)]
    assert results[0].seen.tolist() == results[1].seen.tolist() == results[2].seen.tolist()
    assert len({result.digest.tobytes() for result in results}) == 1


def test_a_lane_does_not_depend_on_the_others() -> None:
    """The same seed with all other lanes silenced: its own digest stays."""
    whole, lone = Lanes(plan(1, NODES, ROUNDS)), Lanes(plan(1, NODES, ROUNDS))
    lone.node[:, NODE.index("down"), 1:] = 10_000
    assert whole.run().digest[0] == lone.run().digest[0]


def broken_lanes(lanes: Lanes, bit: int) -> list[int]:
    return [lane for lane in range(LANES) if lanes.broken[0, lane] >> bit & 1]


def test_too_many_liars_leave_the_hull_and_are_found() -> None:
    group = next(
        g
        for g in map(lambda n: plan(n, NODES, ROUNDS), range(90))
        if g.rule == "wmsr" and g.faults_max
    )
    group.demand[:] = group.lo_q  # and the liars claim the top
    lanes = Lanes(group)
    lanes.node[NODES // 3 :, NODE.index("lie"), 5] = 1
    result = lanes.run()
    assert broken_lanes(lanes, 0) == [5]
    assert result.violations(5)[0].startswith("hull: ") and result.violations(4) == []


def test_a_lost_unit_is_found() -> None:
    lanes = Lanes(plan(3, NODES, ROUNDS))
    assert lanes.group.mode == "exact"
    lanes.enter(0)
    lanes.machine.run(0, 40)
    up = int(np.flatnonzero(lanes.head[39 % 16, :, 0, 2])[0])
    lanes.node[up, NODE.index("value"), 2] += 1
    lanes.machine.run(40, 60)
    assert broken_lanes(lanes, 1) == [2] and lanes.broken[2, 2] == up + 1


def test_a_flow_that_one_end_forgot_is_found() -> None:
    """At one turn two ends do not agree; each node by itself still adds up."""
    lanes = Lanes(plan(3, NODES, ROUNDS))
    lanes.run()
    ends = [0, lanes.back[0]]
    lanes.edge[ends, EDGE.index("turn"), 4] = 3
    lanes.edge[0, EDGE.index("flow"), 4] = 5 - lanes.edge[lanes.back[0], EDGE.index("flow"), 4]
    lanes.apart(ROUNDS)
    assert broken_lanes(lanes, 8) == [4] and lanes.broken[2, 4] == 1
    assert "antisymmetry" in lanes.result().violations(4)[0] and len(BROKEN) == 9


def test_an_epoch_out_of_the_table_is_found() -> None:
    lanes = Lanes(plan(0, NODES, ROUNDS))
    lanes.enter(0)
    lanes.machine.run(0, 30)
    lanes.node[:, NODE.index("epoch"), 7] += 100
    lanes.machine.run(30, 34)
    assert 7 in broken_lanes(lanes, 3)


def test_fleets_that_stay_apart_are_found() -> None:
    """A cut that never ends: agreement is due and does not come."""
    groups = (plan(number, NODES, ROUNDS) for number in range(80))
    group = next(g for g in groups if g.bound_q.any() and g.mode == "resilient")
    group.cuts[:, 0] = -1
    result = Lanes(group).run()
    due = np.flatnonzero(group.bound_q)
    assert any("convergence: " in text for lane in due for text in result.violations(int(lane)))


def test_the_draws_are_the_same_in_numpy_and_on_integers(seed: int) -> None:
    words = np.array([seed & 0xFFFFFFFF, 0, 1, 0xFFFFFFFF, 12345], np.uint32)
    assert draws.mixed_all(words).tolist() == [draws.mixed(word) for word in words.tolist()]
    one, many = draws.Stream(seed, 3), draws.Stream(seed, 3)
    assert many.words(2, 3).reshape(-1).tolist() == [one.word() for _ in range(6)]
    assert one.word() == many.word()


def test_the_comparators_sort(seed: int) -> None:
    pairs, starts = comparators()
    rng = np.random.default_rng(seed)
    for count in range(2, len(starts) - 1):
        for _ in range(20):
            values = rng.integers(0, 2, count)
            for a, b in pairs[starts[count] : starts[count + 1]]:
                if values[a] > values[b]:
                    values[a], values[b] = values[b], values[a]
            assert (np.diff(values) >= 0).all(), count


@pytest.mark.parametrize("name", ["trim-one-side", "stale-taken", "other-epochs", "credit-twice"])
def test_a_planted_error_is_found_by_the_lanes_own_checks(name: str) -> None:
    """`quelea sim --engine --plant all` looks for every one of them."""
    number = plants.number(name)
    for group in range(63):
        lanes = Lanes(plan(group, NODES, ROUNDS), number).run()
        if any(lanes.violations(lane) for lane in range(LANES)):
            return
    raise AssertionError(f"{name} was not found within 1000 seeds")


def run(*arguments: str) -> tuple[int, str, dict[str, object]]:
    """Return exit status, text for people and the document of `quelea sim --engine`."""
    small = ["--nodes", str(NODES), "--rounds", str(ROUNDS), "--json"]
    ran = CliRunner().invoke(app, ["sim", "--engine", *arguments, *small])
    return ran.exit_code, ran.stderr, json.loads(ran.stdout)


def test_sixteen_groups_show_every_fault_and_break_nothing() -> None:
    code, said, document = run("--seed", "4096", "--seeds", "512", "--agents", "1")
    assert code == 0, said
    assert document["verdict"] is True and document["seeds"]["count"] == 512
    assert set(document["seen"]) == set(SEEN) and min(document["seen"].values()) > 0
    assert document["agents"]["seeds"] == 1
    again = run("--seed", "4096", "--seeds", "512", "--agents", "0", "--jobs", "1")[2]
    assert again["digest"] == document["digest"]


def test_one_seed_is_held_to_real_agents() -> None:
    code, said, _ = run("--seed", "99")
    assert code == 0 and '"seed": 99' in said and "the same state in every round" in said


def test_a_failing_seed_is_explained_and_replays_by_one_command(tmp_path: Path) -> None:
    """A planted error: promise, round, node and what it had before it; journal and picture."""
    seed = plants.hunt(plants.number("other-epochs"), 0, 200, agents=0).seed
    wanted = ("--plant", "other-epochs", "--seed", str(seed), "--runs", str(tmp_path))
    code, said, document = run(*wanted)
    assert code == 1 and document["verdict"] is False
    (failure,) = document["failures"]
    size = f"--nodes {NODES} --rounds {ROUNDS}"
    again = f"quelea sim --engine --seed {seed} {size} --plant other-epochs"
    assert failure["again"] == again and again in said and "hull: " in said
    assert "whose honest inputs are" in said and "of node " in said
    assert document["agents"]["differs"][0]["seed"] == seed
    kept = [Path(name) for name in document["agents"]["kept"]]
    assert {".sqlite", ".svg", ".txt"} <= {path.suffix for path in kept}
    assert all(path.stat().st_size > 500 for path in kept)


def test_an_error_in_a_copy_of_the_nodes_code_is_found(tmp_path: Path) -> None:
    """The engine has steps of its own: what the agents do otherwise comes to light beside it."""
    import quelea_agent

    source = Path(quelea_agent.__path__[0])
    copy = tmp_path / "quelea_agent"
    copy.mkdir()
    for path in source.glob("*.py"):
        text = path.read_text().replace("2 * self.faults_max + 1", "self.faults_max + 1")
        (copy / path.name).write_text(text)
    where = ("--firmware", str(tmp_path), "--runs", str(tmp_path / "runs"))
    code, said, document = run("--seeds", "64", "--agents", "4", *where)
    assert code == 1 and document["agents"]["differs"], said
    assert f"--firmware {tmp_path}" in document["agents"]["differs"][0]["again"]


def test_ctrl_c_ends_it_with_130_and_no_traceback() -> None:
    command = [sys.executable, "-m", "quelea.cli", "sim", "--engine", "--seeds", "1000000"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, start_new_session=True, text=True
    ) as started:
        assert started.stderr is not None and "seeds from 0 on" in started.stderr.readline()
        os.killpg(started.pid, signal.SIGINT)
        said = started.communicate(timeout=60)[1]
    assert started.returncode == 130, said
    assert "Traceback" not in said and "stopped after" in said


@pytest.mark.parametrize(
    "wrong",
    [
        ["--seeds", "0"],
        ["--jobs", "0"],
        ["--agents", "-1"],
        ["--plant", "x"],
        ["--engine", "anything"],
    ],
)
def test_wrong_flags_are_refused(wrong: list[str]) -> None:
    ran = CliRunner().invoke(app, ["sim", "--engine", *wrong])
    assert isinstance(ran.exception, UserError) and wrong[0] in ran.exception.where


@pytest.mark.parametrize(("nodes", "rounds"), [(3, 500), (2000, 500), (64, 100), (64, 5000)])
def test_sizes_that_do_not_fit_are_refused(nodes: int, rounds: int) -> None:
    with pytest.raises(UserError):
        plan(0, nodes, rounds)
