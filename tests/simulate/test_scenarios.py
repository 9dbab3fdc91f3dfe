"""Scenarios: what ships loads and holds, what is wrong is refused with file and line."""

import json
from pathlib import Path

import pytest
from fleets import scenario_of
from quelea import scenarios
from quelea.cli import app
from quelea.errors import UserError
from quelea.scenarios.schema import SCHEMA
from quelea.simulator import command
from quelea.simulator.options import draw
from quelea.simulator.run import run_seed
from typer.testing import CliRunner

WRONG = [
    ("[fleet]\nnodes = 1\n", "x.toml:2", "from 2 to 2000"),
    ("[fleet]\nnodes = [9, 4]\n", "x.toml:2", "[low, high]"),
    ("[fleet]\nnodes = true\n", "x.toml:2", "a whole number"),
    ("title = 3\n", "x.toml:1", "text in quotes"),
    ("\n\n[fleet]\nrules = 'wmsr'\n", "x.toml:4", "did you mean rule?"),
    ("[fleet]\nrule = 'krum'\n", "x.toml:2", "wmsr"),
    ("[flet]\n", "x.toml:1", "tables: fleet"),
    ("[faults]\nloss = 1.5\n", "x.toml:2", "from 0 to 1"),
    ("[faults]\ndraw = 1\n", "x.toml:2", "true or false"),
    ("[checks]\nnames = ['hul']\n", "x.toml:2", "did you mean hull?"),
    ("[liars]\nattack = 'rampe'\n", "x.toml:2", "did you mean ramp?"),
    ("[fleet]\nlo_q = 5\nhi_q = 5\n", "x.toml:3", "below"),
    ("[fleet]\nnodes = \n", "x.toml:2", "no TOML"),
    ("[fleet]\nnodes = 3\nnodes = 4\n", "x.toml:3", "no TOML"),
]


@pytest.mark.parametrize(("text", "where", "says"), WRONG)
def test_what_is_wrong_is_named_with_file_and_line(text: str, where: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        scenarios.parse(text, "x.toml", "x")
    assert caught.value.where == where
    assert says in str(caught.value)


def test_an_unknown_name_is_refused_with_a_near_one() -> None:
    with pytest.raises(UserError, match=r"any-thing") as caught:
        scenarios.load("any-thing")
    assert "did you mean anything?" in caught.value.remedy


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="cannot be read"):
        scenarios.load(str(tmp_path / "x.toml"))


def test_every_key_has_a_default_that_it_allows() -> None:
    """A scenario that says nothing is a scenario."""
    empty = scenario_of("")
    assert {(key.table, key.name) for key in SCHEMA} == set(empty.values)
    assert draw(empty, 1).nodes == 8


def test_a_seed_draws_within_what_the_scenario_says() -> None:
    text = "[fleet]\nnodes = [4, 6]\nrule = ['wmsr', 'median']\n[faults]\nloss = [0.1, 0.2]\n"
    drawn = [draw(scenario_of(text), seed) for seed in range(200)]
    assert {options.nodes for options in drawn} == {4, 5, 6}
    assert {options.rule for options in drawn} == {"wmsr", "median"}
    assert all(0.1 <= options.faults.loss <= 0.2 for options in drawn)
    assert draw(scenario_of(text), 7) == drawn[7]


@pytest.mark.parametrize("name", scenarios.names())
def test_every_scenario_that_ships_says_what_it_is_and_holds(name: str) -> None:
    """Three of its seeds here; `quelea sim NAME` runs all."""
    scenario = scenarios.load(name)
    assert scenario.get("", "title") and scenario.get("", "what")
    first = scenario.get("seeds", "first")
    tally = command.Tally()
    for seed in range(first, first + 3):
        tally.add(run_seed(scenario, seed))
    checks = command.verdict(scenario, tally, whole=False)
    assert all(check.ok for check in checks), tally.failures


def test_a_seed_replays_bit_for_bit() -> None:
    scenario = scenarios.load("anything")
    first, again = run_seed(scenario, 17), run_seed(scenario, 17, keep=True)
    assert first.digest == again.digest and first.options == again.options
    assert run_seed(scenario, 18).digest != first.digest


def test_a_failing_seed_leaves_command_journal_and_picture(tmp_path: Path) -> None:
    """The canary, told to hold: what a failure looks like to the one who has to find it."""
    text = (scenarios.FOLDER / "canary.toml").read_text().replace('expect = "fails"', "")
    file = tmp_path / "broken.toml"
    file.write_text(text)
    arguments = ["sim", str(file), "--seed", "4", "--runs", str(tmp_path / "runs"), "--json"]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 1
    document = json.loads(ran.stdout)
    assert document["verdict"] is False and document["failed_seeds"] == [4]
    again = document["failures"][0]["again"]
    assert again == f"quelea sim {file} --seed 4" and again in ran.stderr
    saved = document["saved"][0]
    assert Path(saved["journal"]).stat().st_size > 1000
    svg = next(Path(path) for path in saved["pictures"] if path.endswith(".svg"))
    assert svg.read_text().count("<path") > 20 and "#d0342c" in svg.read_text()
    shown = CliRunner().invoke(app, ["journal", "show", saved["journal"]])
    assert shown.exit_code == 0


def test_the_command_lists_what_there_is() -> None:
    listed = CliRunner().invoke(app, ["sim"])
    assert listed.exit_code == 0
    assert all(name in listed.stdout for name in scenarios.names())


@pytest.mark.parametrize("arguments", [["--seeds", "0"], ["--jobs", "0"], ["--seed", "-1"]])
def test_wrong_numbers_are_refused(arguments: list[str]) -> None:
    ran = CliRunner().invoke(app, ["sim", "canary", *arguments])
    assert isinstance(ran.exception, UserError)
