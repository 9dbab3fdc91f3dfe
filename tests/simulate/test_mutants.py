"""Planted errors: each row is whole, a sample of them is found again, and sound nodes pass."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quelea import mutations
from quelea.cli import app
from quelea.errors import UserError
from quelea.mutations.hunt import Hunt, hunt_all, runs_of
from quelea.simulator.source import INSTALLED
from typer.testing import CliRunner

# One of each class of error; the others take turns. `make mutants` hunts all.
ALWAYS = (
    "residue-dropped", "f-from-arrivals", "floor", "own-value-excluded-from-mean", "flow-sign",
    "credit-twice", "wrap-ignored", "stale-accepted", "epoch-jumped-too-far", "both-ends-move",
    "checksum-not-checked", "sequence-not-monotone", "session-not-stored", "flow-clamp-removed",
)  # fmt: skip
SAMPLE = 6
SEEDS_MAX = 160  # beyond the seed in which it was found last
JOBS = min(2, os.cpu_count() or 1)
ROW = """
[[mutation]]
name = "mine"
file = "firmware/quelea_agent/agent.py"
find = "        self.seq += 1\\n"
replace = "        self.seq += 2\\n"
"""


def hunts_of(rows: list[mutations.Mutation]) -> list[Hunt]:
    """Return hunts that begin with the seed in which each error was found last."""
    last = mutations.found_last()
    hunts = []
    for row in rows:
        runs = runs_of(row.scenarios, SEEDS_MAX)
        known = last.get(row.name, {})
        if "scenario" in known:
            runs.insert(0, (str(known["scenario"]), int(str(known["seed"]))))
        hunts.append(Hunt(row.name, row.source, runs))
    return hunts


def test_planted_errors_are_found(seed: int) -> None:
    rows = mutations.load()
    assert len(rows) >= 24
    others = [row for row in rows if row.name not in ALWAYS]
    wanted = [mutations.chosen(rows, name)[0] for name in ALWAYS]
    hunts = hunts_of(wanted + random.Random(seed).sample(others, SAMPLE))
    assert len(list(hunt_all(hunts, JOBS))) >= len(hunts)
    assert [one.name for one in hunts if one.found is None] == [], "`quelea mutants NAME`"


def test_sound_nodes_pass_the_same_seeds() -> None:
    rows = mutations.found_last().values()
    runs = [(str(row["scenario"]), int(str(row["seed"]))) for row in rows]
    nothing = Hunt("nothing", INSTALLED, tuple(dict.fromkeys(runs)), to_the_end=True)
    list(hunt_all([nothing], JOBS))
    assert nothing.seeds == len(nothing.runs) and nothing.all_found == []


def test_what_was_written_down_is_of_all_rows_and_all_were_found() -> None:
    last = mutations.found_last()
    assert list(last) == [row.name for row in mutations.load()], "run `make mutants`"
    assert all(row["found_by"] and int(str(row["seeds"])) <= 1000 for row in last.values())


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(ROW)
    ran = CliRunner().invoke(app, ["mutants", "--file", str(file), "--seeds", "9", "--json"])
    assert ran.exit_code == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["verdict"] and document["mutations"][0]["found_by"]
    assert document["control"] == {"seeds": document["mutations"][0]["seeds"], "found": []}


def test_an_error_that_is_not_found_fails(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(ROW.replace("+= 2", "+= 0 + 1"))
    ran = CliRunner().invoke(app, ["mutants", "--file", str(file), "--seeds", "3", "--json"])
    assert ran.exit_code == 1 and "nothing found" in ran.stderr
    assert json.loads(ran.stdout)["verdict"] is False


WRONG = [
    ('find = "no such text"', "stands 0 times in firmware/quelea_agent/agent.py"),
    ('find = "self"', "must stand there exactly once"),
    ('find = "        self.seq += 1\\n"\nreplace = "if"', "is no Python"),
    ('file = "firmware/quelea_agent/link.py"', "do not run firmware/quelea_agent/link.py"),
    ('file = "setup.py"', "no file 'setup.py'"),
    ('name = ""', "name = ''"),
    ("hunters = []", "no key 'hunters'"),
    ('scenarios = ["canari"]', "did you mean canary?"),
    ('replace = "        self.seq += 1\\n"', "nothing changes"),
]


@pytest.mark.parametrize(("line", "says"), WRONG)
def test_a_wrong_row_is_refused_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    keys = {text.split(" =")[0] for text in line.splitlines()}
    rest = [row for row in ROW.splitlines() if row.split(" =")[0] not in keys]
    file = tmp_path / "mine.toml"
    file.write_text("\n".join([*rest, line]))
    with pytest.raises(UserError) as caught:
        mutations.load(file)
    assert says in str(caught.value) and f"{file}:2" in caught.value.where


def test_two_rows_of_one_name_and_files_without_rows_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for text, says in ((ROW + ROW, "a second"), ("", "no rows"), ("x = [", "cannot be read")):
        file.write_text(text)
        with pytest.raises(UserError, match=says):
            mutations.load(file)


def test_ctrl_c_ends_a_hunt(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(ROW.replace("+= 2", "+= 0 + 1"))
    command = [sys.executable, "-m", "quelea.cli", "mutants", "--file", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "1 planted error," in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        started_s = time.monotonic()
    assert process.returncode == 130 and time.monotonic() - started_s < 10
