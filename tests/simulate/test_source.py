"""`quelea sim --firmware`: an edited copy of the nodes' code runs, and what it breaks is found."""

import json
import shutil
from pathlib import Path

import pytest
import quelea_agent
from quelea import scenarios
from quelea.cli import app
from quelea.errors import UserError
from quelea.simulator import guard, source
from quelea.simulator.run import ENDLESS, RAISED, run_seed
from typer.testing import CliRunner

AGENT = Path(quelea_agent.__path__[0])


def edited(folder: Path, file: str, find: str, replace: str) -> Path:
    """Return a copy of firmware/ with one change in it."""
    copy = folder / "firmware"
    shutil.copytree(AGENT, copy / "quelea_agent", ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / "quelea_agent" / file
    text = path.read_text()
    assert text.count(find) == 1
    path.write_text(text.replace(find, replace))
    return copy


def test_a_copy_that_is_the_same_does_the_same(tmp_path: Path) -> None:
    copy = source.of_folder(edited(tmp_path, "demand.py", '"""The node', '"""A node'))
    scenario = scenarios.load("plain")
    assert run_seed(scenario, 3, source=copy).digest == run_seed(scenario, 3).digest


def test_an_error_in_a_copy_is_found_and_its_command_names_it(tmp_path: Path) -> None:
    copy = edited(tmp_path, "agent.py", "self.seq += 1", "self.seq += self.seq < 9")
    runs = str(tmp_path / "runs")
    arguments = ["sim", "plain", "--seed", "1", "--firmware", str(copy), "--runs", runs, "--json"]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 1 and f"quelea_agent from {copy}" in ran.stderr
    failure = json.loads(ran.stdout)["failures"][0]
    assert "monotone-seq" in failure["violations"]
    assert failure["again"] == f"quelea sim plain --seed 1 --firmware {copy}"


def test_the_settings_of_a_copy_are_its_own(tmp_path: Path) -> None:
    copy = edited(tmp_path, "settings.py", "lo_q >= settings.hi_q", "lo_q < settings.hi_q")
    violations = run_seed(scenarios.load("plain"), 1, source=source.of_folder(copy)).violations
    assert "is not below hi_q" in violations[RAISED][0]


def test_code_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = "        while self.seq > 3:\n            pass\n        self.seq += 1"
    copy = edited(tmp_path, "agent.py", "        self.seq += 1", loop)
    monkeypatch.setattr(guard, "SEED_S_MAX", 0.3)
    violations = run_seed(scenarios.load("plain"), 1, source=source.of_folder(copy)).violations
    assert set(violations) == {ENDLESS}


def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no nodes' code"):
        source.of_folder(tmp_path)
    copy = edited(tmp_path, "outbox.py", "class Outbox:", "class Outbox")
    with pytest.raises(UserError) as caught:
        source.of_folder(copy)
    assert caught.value.where.startswith(f"{copy}/quelea_agent/outbox.py:")
    (copy / "quelea_agent" / "outbox.py").unlink()
    with pytest.raises(UserError, match=r"no quelea_agent\.outbox"):
        source.of_folder(copy)
    ran = CliRunner().invoke(app, ["sim", "plain", "--engine", "--firmware", str(copy)])
    assert isinstance(ran.exception, UserError) and ran.exception.where == "--engine"
