"""The engine's lanes are the reference's Machines, and what it checks it can find."""

import json

import numpy as np
import pytest
from quelea.cli import app
from quelea.errors import UserError
from quelea.simulator.engine import draws
from quelea.simulator.engine.command import difference
from quelea.simulator.engine.lanes import NODE, SEEN, Lanes
from quelea.simulator.engine.plan import LANES, comparators, plan
from typer.testing import CliRunner

NODES, ROUNDS = 26, 240


@pytest.mark.parametrize("case", range(8))
def test_a_lane_is_a_fleet_of_machines(case: int, seed: int) -> None:
    """Both modes, any rule, liars and every fault: each state of each round, bit for bit."""
    seed = (seed + 17 * case) * 4 + case % 4  # every mode among the groups
    print(f"seed {seed}: {plan(seed // LANES, NODES, ROUNDS).options(seed % LANES)}")
    assert difference(seed, NODES, ROUNDS) == ""


def test_rules_and_modes_are_all_drawn() -> None:
    groups = [plan(number, NODES, ROUNDS) for number in range(120)]
    resilient = [group for group in groups if group.mode == "resilient"]
    assert len({group.rule for group in resilient}) == 6 and len(resilient) < len(groups)
    assert {int(lie) for group in groups for lie in np.unique(group.lies)} == set(range(12))


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
    group = next(g for g in map(lambda n: plan(n, NODES, ROUNDS), range(50)) if g.rule == "wmsr")
    group.demand[:] = group.lo_q  # and the liars claim the top
    lanes = Lanes(group)
    lanes.node[NODES // 3 :, NODE.index("lie"), 5] = 1
    result = lanes.run()
    assert broken_lanes(lanes, 0) == [5]
    assert "hull broken" in result.violations(5)[0] and result.violations(4) == []


def test_a_lost_unit_is_found() -> None:
    lanes = Lanes(plan(3, NODES, ROUNDS))
    assert lanes.group.mode == "exact"
    lanes.enter(0)
    lanes.machine.run(0, 40)
    up = int(np.flatnonzero(lanes.head[39 % 16, :, 0, 2])[0])
    lanes.node[up, NODE.index("value"), 2] += 1
    lanes.machine.run(40, 60)
    assert broken_lanes(lanes, 1) == [2] and lanes.broken[2, 2] == up + 1


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
    assert any("the spread ended" in text for lane in due for text in result.violations(int(lane)))


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


def test_sixteen_groups_show_every_fault_and_break_nothing() -> None:
    arguments = ["sim", "--engine", "--seed", "4096", "--seeds", "512", "--json"]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["verdict"] is True and document["seeds"]["count"] == 512
    assert set(document["seen"]) == set(SEEN) and min(document["seen"].values()) > 0
    again = json.loads(CliRunner().invoke(app, [*arguments, "--jobs", "1"]).stdout)
    assert again["digest"] == document["digest"]


def test_one_seed_is_held_to_the_machines() -> None:
    ran = CliRunner().invoke(app, ["sim", "--engine", "--seed", "99", "--rounds", "220"])
    assert ran.exit_code == 0 and '"seed": 99' in ran.stderr


@pytest.mark.parametrize(("nodes", "rounds"), [(3, 500), (2000, 500), (64, 100), (64, 5000)])
def test_sizes_that_do_not_fit_are_refused(nodes: int, rounds: int) -> None:
    with pytest.raises(UserError):
        plan(0, nodes, rounds)
