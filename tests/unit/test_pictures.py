"""Pictures and words about a run: what is drawn is what the journal holds."""

import importlib.util
import json
import os
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from audit_runs import Run
from conftest import need
from journals import payload
from quelea.errors import UserError
from quelea.journal import Journal, MemoryRecorder, NodeRow, begin
from quelea.journal.rows import HEADROOM, refusal
from quelea.pictures import course as course_module
from quelea.pictures.caps import read_allocation
from quelea.pictures.command import explain, plot
from quelea.pictures.course import predicted, read_course
from quelea.pictures.messages import read_messages
from quelea.pictures.trimmed import read_trims
from quelea.pictures.trims import fates
from quelea.reference import rule as reference_rule
from quelea_proto.headroom_row import pack_head, pack_slot, row_bytes, seal

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


def test_a_step_without_its_unit_is_q_and_predictions_fall_by_rho(saved: Path) -> None:
    with Journal.open(saved) as journal:
        course = read_course(journal)
    assert course.unit == "q" and course.rho == pytest.approx(0, abs=1e-9)  # each hears all
    assert predicted(course) == []
    course = replace(course, rho=0.5)
    lines = predicted(course)
    assert len(lines) == 2
    for t_s, spread_q in lines:
        rounds = (t_s[1] - t_s[0]) / course.period_s
        assert spread_q[1] == pytest.approx(spread_q[0] * 0.5**rounds)
        assert spread_q[1] >= 0.99


def test_a_big_run_is_sampled_and_looks_the_same(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal.open(saved) as journal:
        whole = read_course(journal)
        monkeypatch.setattr(course_module, "FRAMES_MAX", 10)
        few = read_course(journal)
    assert few.sampled and not whole.sampled
    assert [number for _, number in few.epochs] == [number for _, number in whole.epochs]
    assert few.spread_q[-1] == whole.spread_q[-1]
    for one, other in zip(few.lines, whole.lines):
        assert one.id == other.id and one.value_q[-1] == other.value_q[-1]


def test_trims_single_out_the_liar(saved: Path) -> None:
    with Journal.open(saved) as journal:
        found, steps = read_trims(journal)
    assert steps > 50
    kept = {number: words["kept"] / words.total() for number, words in found.items()}
    assert min(kept, key=lambda number: kept[number]) == 3 and kept[3] < 0.1
    assert found[3]["left out as high"] > 0.9 * found[3].total()


def headroom_row(node: int, cap_q: int, given: int, taken: int) -> bytes:
    buffer = bytearray(row_bytes(1))
    pack_head(buffer, 0, node, 1, cap_q, 0, cap_q, 1)
    pack_slot(buffer, 0, given, taken, 0)
    return bytes(buffer[: seal(buffer)])


def test_caps_are_stacked_with_what_is_under_way(tmp_path: Path) -> None:
    need(importlib.util.find_spec("matplotlib"), "matplotlib", 'pip install "quelea[plot]"')
    members = [{"node": 1, "floor_q": 10, "initial_q": 60}, {"node": 2, "floor_q": 10}]
    recorder = MemoryRecorder()
    nodes = [NodeRow(1, "n01", (2,)), NodeRow(2, "n02", (1,))]
    begin(recorder, name="t", nodes=nodes, settings={"unit": "mA", "mode": "exact"})
    recorder.run("headroom", {"limit_q": 100, "safety_percent": 80, "members": members})
    for at, (node, *rest) in enumerate(
        [(1, 70, 0, 0), (2, 10, 0, 0), (1, 40, 30, 0), (2, 40, 0, 30)]
    ):
        recorder.frame(at * 1_000_000, "x", node, 0, headroom_row(node, *rest))
        recorder.frame(at * 1_000_000, "x", node, 0, payload(node, at + 1, used=(0,)))
    found = read_allocation(recorder.journal())
    assert found is not None and found.budget_q == 80 and found.violations == 0
    assert found.caps_q[:, -1].tolist() == [40, 40] and found.under_way_q.tolist() == [0, 0, 30, 0]
    assert (found.caps_q.sum(axis=0) + found.under_way_q <= 80).all()
    recorder.save(tmp_path / "journal.sqlite")
    assert plot(tmp_path, (tmp_path / "a.svg", tmp_path / "a.pdf")) == 0
    drawn = (tmp_path / "a.svg").read_text()
    assert "never above the limit" in drawn and "may draw (mA)" in drawn
    assert read_allocation(MemoryRecorder().journal()) is None


def test_a_share_is_explained_from_the_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    members = [{"node": 1, "floor_q": 10, "initial_q": 60}, {"node": 2, "floor_q": 10}]
    recorder = MemoryRecorder()
    nodes = [NodeRow(1, "n01", (2,)), NodeRow(2, "n02", (1,))]
    known = {"unit": "mA", "mode": "exact", "faults_max": 0, "period_ms": 1000}
    begin(recorder, name="t", nodes=nodes, settings=known)
    recorder.run("headroom", {"limit_q": 100, "safety_percent": 80, "members": members})
    rows = [(1, 70, 0, 0), (2, 10, 0, 0), (1, 40, 30, 0), (2, 40, 0, 30)]
    for at, (node, *rest) in enumerate(rows, 1):
        recorder.frame(at * 1_000_000, "hr", node, 0, headroom_row(node, *rest), refusal(HEADROOM))
        recorder.frame(at * 1_000_000, "x", node, 0, payload(node, at))
    document = '{"sharing": {"wish_q": 44, "point_q": 40, "percent": 90}}'
    recorder.status(2, document, t_us=3_500_000)
    recorder.save(tmp_path / "journal.sqlite")
    explain("n02", 3.4, tmp_path)
    words = capsys.readouterr().out
    assert (
        "allow 10 mA, and that is its cap" in words
        and "30 under way from it mA (its row at 3.000 s)" in words
    )
    assert "caps 50 + 30 under way of 80 mA" in words and "2 of 2 members' rows: kept" in words
    explain("n02", None, tmp_path)
    words = capsys.readouterr().out
    assert "has taken 30 mA and given 0 mA, so it owns 30 mA" in words
    assert "wish, was 44 mA, with 90 % of the limit there and its load was set to 40 mA" in words
    explain("n01", None, tmp_path, as_json=True)
    (limit,) = json.loads(capsys.readouterr().out)["limits"]
    assert limit["cap_q"] == 40 and limit["owned_q"] == 30 and limit["edges"][0]["given_q"] == 30


def half_up(values_q: list[int]) -> int:
    return (sum(values_q) + len(values_q) // 2) // len(values_q)


def test_what_is_kept_makes_the_value() -> None:
    print(f"QUELEA_SEED={SEED}")
    rng = random.Random(SEED)
    for _ in range(400):
        faults_max = rng.randrange(4)
        values_q = [rng.randrange(60) for _ in range(2 * faults_max + 1 + rng.randrange(6))]
        own_q = rng.randrange(60)
        for rule in ("wmsr", "trim-and-clip", "clipped-wmsr", "mean"):
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
    assert "which is what it says" in words and "of its 6 neighbours" in words
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
    words = capsys.readouterr().out
    assert "given each neighbour" in words and words.count("in this step; it said") == 6
