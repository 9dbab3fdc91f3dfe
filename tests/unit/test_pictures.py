"""Pictures and words about a run: what is drawn is what the journal holds."""

import importlib.util
import json
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
from quelea.pictures.command import explain, plot
from quelea.pictures.course import read_course
from quelea.pictures.messages import read_messages
from quelea.pictures.trims import fates
from quelea.reference import rule as reference_rule

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


def half_up(values_q: list[int]) -> int:
    return (sum(values_q) + len(values_q) // 2) // len(values_q)


def test_what_is_kept_makes_the_value() -> None:
    print(f"QUELEA_SEED={SEED}")
    rng = random.Random(SEED)
    for _ in range(400):
        faults_max = rng.randrange(4)
        values_q = [rng.randrange(60) for _ in range(2 * faults_max + 1 + rng.randrange(6))]
        own_q = rng.randrange(60)
        for rule in ("wmsr", "trim-and-clip", "mean"):
            kept = [own_q]
            for value_q, fate in zip(values_q, fates(rule, own_q, values_q, faults_max)):
                if fate == "kept":
                    kept.append(value_q)
                elif fate.startswith("clipped"):
                    kept.append(int(fate.rsplit(" ", 1)[1]))
            wanted_q = reference_rule(rule)(own_q, values_q, len(values_q), faults_max)
            assert half_up(kept) == wanted_q, (rule, own_q, values_q, faults_max)
        words = fates("trimmed-mean", own_q, values_q, faults_max)
        dropped = sum(word.startswith("dropped") for word in words)
        assert 2 * faults_max - 1 <= dropped <= 2 * faults_max
        for rule in ("midpoint", "median"):
            counted = [
                value_q
                for value_q, fate in zip(values_q, fates(rule, own_q, values_q, faults_max))
                if fate == "kept"
            ]
            assert len(counted) <= 2
            wanted_q = reference_rule(rule)(own_q, values_q, len(values_q), faults_max)
            ends = counted if len(counted) == 2 else [*counted, own_q]
            assert wanted_q in (half_up(ends), *counted, own_q)


def test_a_step_is_explained(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain("n05", None, saved) == 0
    words = capsys.readouterr().out
    assert "which is what it says" in words and "of 6 neighbours" in words
    assert explain("n05", 15.5, saved, as_json=True) == 0
    story = json.loads(capsys.readouterr().out)
    assert story["frame"]["t_us"] <= 15_500_000 and story["expected"] == story["frame"]["value_q"]
    assert {row["node"] for row in story["inputs"]} <= {f"n0{n}" for n in (1, 2, 3, 4, 6, 7)}


def test_a_liar_is_seen_through_and_a_beginning_is_one(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain("3", None, saved) == 1
    assert "it did not follow the rules" in capsys.readouterr().out
    with Journal.open(saved) as journal:
        first = next(journal.frames(node=5))
    assert explain("n05", first.t_us / 1e6, saved) == 0
    assert "just begun the epoch" in capsys.readouterr().out


@pytest.mark.parametrize(("node", "at_s"), [("n99", None), ("n05", 0.0)])
def test_unknown_nodes_and_times_are_refused(saved: Path, node: str, at_s: float | None) -> None:
    with pytest.raises(UserError):
        explain(node, at_s, saved)


def test_exact_mode_is_explained_by_flows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(SEED, mode="exact", faults_max=0)
    run.play(6)
    run.recorder.save(tmp_path / "journal.sqlite")
    assert explain("n02", None, tmp_path) == 0
    assert "given to each neighbour" in capsys.readouterr().out
