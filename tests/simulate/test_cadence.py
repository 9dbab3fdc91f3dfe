"""A cadence beside a fleet that always speaks: fewer messages, a known error, no delay."""

import json

import pytest
from quelea import scenarios
from quelea.cadence.trial import ALWAYS, ARTICLE, Policy, Scene, run
from quelea.cli import app
from quelea.errors import UserError
from quelea.simulator.run import run_seed
from typer.testing import CliRunner

OURS = Policy("ours", 16)


@pytest.mark.parametrize("mode", ["resilient", "exact"])
def test_ten_times_fewer_messages_and_a_step_is_seen_as_soon(mode: str) -> None:
    scene = Scene("calm", mode=mode, loss=0.05)
    always, ours = run(scene, ALWAYS, 5), run(scene, OURS, 5)
    assert always.messages == 1 and ours.messages < 0.1
    assert ours.error_q <= ours.bound_q
    assert always.reaction_rounds is not None and ours.reaction_rounds is not None
    assert ours.reaction_rounds <= always.reaction_rounds + 3  # of one seed; by chance more


def test_the_naive_rule_saturates_where_readings_tremble_and_sleeps_where_they_rest() -> None:
    assert run(Scene("calm"), ARTICLE, 1).messages > 0.9
    still = run(Scene("calm", still=True), ARTICLE, 1)
    assert still.messages < 0.2
    assert still.reaction_rounds is None or still.reaction_rounds > 10


def test_liars_that_call_for_epochs_cost_less_than_always_speaking() -> None:
    figures = run(Scene("alarm", attack="alarm"), OURS, 2)
    assert 0.1 < figures.messages < 0.5 and figures.error_q <= figures.bound_q


@pytest.mark.parametrize("name", ["quiet", "quiet-exact"])
def test_scenarios_with_a_cadence_hold_and_are_quiet(name: str, seed: int) -> None:
    scenario = scenarios.load(name)
    for one in range(seed % 10_000, seed % 10_000 + 3):
        outcome = run_seed(scenario, one)
        assert outcome.ok, (one, outcome.violations)
        drawn = outcome.options  # a liar may tell each neighbour something else, in every round
        assert outcome.frames < outcome.node_rounds or drawn.fanout or drawn.liars


def test_the_command_refuses_what_cannot_be() -> None:
    ran = CliRunner().invoke(app, ["cadence", "--quiet-rounds", "49"])
    assert isinstance(ran.exception, UserError) and "1 to 48" in str(ran.exception)


def test_the_command_prints_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    from quelea.cadence import command

    monkeypatch.setattr(command, "SCENES", command.SCENES[1:2])
    ran = CliRunner().invoke(app, ["cadence", "--seeds", "1", "--jobs", "1", "--json"])
    document = json.loads(ran.stdout)
    assert {row["policy"][:6] for row in document["rows"]} == {"always", "cadenc", "as in "}
    assert document["verdict"] == (ran.exit_code == 0)
