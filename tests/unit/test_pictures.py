"""Pictures and words about a run: what is drawn is what the journal holds."""

import importlib.util
import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from audit_runs import Run
from conftest import need
from quelea.errors import UserError
from quelea.journal import Journal, MemoryRecorder, begin
from quelea.pictures.command import plot
from quelea.pictures.course import read_course
from quelea.pictures.messages import read_messages

SEED = int(os.environ.get("QUELEA_SEED", random.SystemRandom().randrange(1 << 30)))
ROUNDS = 30


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of seven nodes, one of them lying, with a fault."""
    print(f"QUELEA_SEED={SEED}")
    run = Run(SEED, "const-max", liars=(3,))
    run.play(ROUNDS)
    run.recorder.fault("cut", "n02", 3_000_000, 6_000_000, 1)
    path = tmp_path_factory.mktemp("run") / "journal.sqlite"
    run.recorder.save(path)
    return path


def test_the_course_is_the_frames(saved: Path) -> None:
    with Journal.open(saved) as journal:
        course = read_course(journal)
        frames = list(journal.frames(node=5))
    line = next(line for line in course.lines if line.number == 5)
    heard = ~np.isnan(line.t_s)
    assert line.value_q[heard].tolist() == [row.value_q for row in frames]
    assert [line.id for line in course.lines if line.liar] == ["n03"]
    assert [number for _, number in course.epochs] == [0, 1]
    ends = course.spread_q[course.spread_s < course.epochs[1][0] - 1]
    assert 0 <= ends[-1] < np.nanmax(course.spread_q) / 10


def test_lines_lead_from_a_frame_to_a_later_step(saved: Path) -> None:
    with Journal.open(saved) as journal:
        messages = read_messages(journal, 2.0, 7.0)
    lines = [(one.t_s, at_s) for one in messages for _, at_s in one.used_by]
    assert len(messages) > 20 and len(lines) > 60
    assert all(said_s < used_s for said_s, used_s in lines)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_figure_is_drawn(saved: Path, tmp_path: Path, ending: str) -> None:
    need(importlib.util.find_spec("matplotlib"), "matplotlib", 'pip install "quelea[plot]"')
    file = tmp_path / f"run.{ending}"
    assert plot(saved, (file,), at_s=5.0) == 0
    head = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert file.read_bytes().startswith(head) and file.stat().st_size > 5_000
    if ending == "svg":
        assert "cut n02" in file.read_text() and "n03" in file.read_text()


def test_other_endings_and_empty_runs_are_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run\.gif"):
        plot(saved, (tmp_path / "run.gif",))
    empty = MemoryRecorder()
    begin(empty, name="t")
    with pytest.raises(UserError, match="heard"):
        read_course(empty.journal())


def test_without_matplotlib_the_error_says_how(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UserError) as caught:
        plot(saved, (tmp_path / "run.png",))
    assert 'pip install "quelea[plot]"' in str(caught.value)
