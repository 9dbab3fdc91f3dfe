"""Tables in the story and in the minority game, small; and the command around them."""

import json
from pathlib import Path

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.learn import command, minority, tables
from quelea.learn.command import Options
from quelea.story.course import Mode, Phase
from quelea.story.trials import Trial, measure
from quelea_agent.choice.q_learning import ACTIONS, STATES
from quelea_agent.q_table import QTable, Schedule

SMALL = (tables.ROWS[3], tables.ROWS[6], tables.ROWS[-1])


def test_what_was_learned_beats_the_bandit_and_keeps_to_its_caps() -> None:
    memory = tables.dumped(tables.train(8))
    found = tables.tabulate(range(1, 3), memory, 1, SMALL)
    last = {name: float(np.mean([one.last for one in row])) for name, row in found.items()}
    assert last[command.TRAINED] > 0.95 > last["bandit, throttled"] > last[command.UNTRAINED]
    assert all(one.overloaded == 0 for row in found.values() for one in row)


def test_what_was_learned_before_is_read() -> None:
    """A table of nonsense that is restored, to run after the best at once, makes a herd."""
    nonsense = QTable(STATES, len(ACTIONS), Schedule(0, 0, 0, 0, 1, 0))
    nonsense.values = [60_000 if cell % len(ACTIONS) == 0 else 0 for cell in range(100)]
    patient = QTable(STATES, len(ACTIONS), Schedule(0, 0, 0, 0, 1, 0))
    patient.values = [60_000 if cell % len(ACTIONS) == 2 else 0 for cell in range(100)]
    found = []
    for table in (nonsense, patient):
        table.visits = [255] * 100
        table.steps = 1 << 20
        trial = Trial("q", 0.97, (Phase("q", 60, Mode("q-learning")),))
        found.append(measure(trial, 3, memory=tables.dumped(table)).last)
    assert found[1] > found[0] + 0.1


def test_the_classic_game_herds_and_cooperates_where_it_should() -> None:
    (_, herd), (_, best), (_, coins) = minority.curve(51, (2, 5, 9), 6000, range(3))
    assert herd.mean() > 1.0 > coins.mean() > 0.6
    assert best.mean() < 0.35


def test_learners_beat_those_that_learn_nothing() -> None:
    found = np.array(
        [[minority.learned(51, 400, s, on) for s in range(4)] for on in (True, False)]
    )
    assert np.median(found[0]) < 0.25
    assert found[0].mean() < found[1].mean()


def test_the_command_writes_table_and_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "ROWS", SMALL)
    monkeypatch.setattr(tables, "TRAINING_ROUNDS", 60)
    options = Options(seeds=1, episodes=1, jobs=1, runs=tmp_path)
    monkeypatch.setattr(
        tables, "tabulate", lambda *args, real=tables.tabulate: real(*args[:3], rows=tables.ROWS)
    )
    status = command.command("q", options, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert status == (0 if said["verdict"] else 1)
    folder = Path(said["folder"])
    assert {"q.bin", "result.json"} <= {path.name for path in folder.iterdir()}
    assert command._loaded(folder / "q.bin") == (folder / "q.bin").read_bytes()
    (folder / "q.bin").write_bytes(b"Q" + bytes(50))
    with pytest.raises(UserError, match="no table of 20 states"):
        command._loaded(folder / "q.bin")


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(UserError, match="can be trained"):
        command.command("x", Options())
    with pytest.raises(UserError, match="out of range"):
        command.command("q", Options(seeds=0))
    with pytest.raises(UserError, match="cannot be read"):
        command._loaded(Path("none.bin"))
