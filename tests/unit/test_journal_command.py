"""`quelea journal show` and `export`: what a person and a program get to read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from journals import NODES, hear, payload
from quelea.errors import UserError
from quelea.journal import Check, begin, open_run
from quelea.journal.command import export, show


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one finished run of three nodes, one of them lying."""
    run = open_run("demo", tmp_path)
    writer = run.writer()
    begin(writer, name="demo", nodes=NODES, seed=11, command=["quelea", "fleet"])
    for seq in range(1, 12):
        for node in (1, 2, 3):
            if (node, seq) != (2, 5):
                hear(writer, seq * 100_000, node, seq, value_q=node * 10)
    writer.frame(1_100_001, "x", 2, 0, b"\x21garbage")
    writer.state(1, "lease", "present", t_us=3)
    writer.status(1, "{}", t_us=4)
    writer.event("fleet", "kill", {"node": "n02"}, t_us=600_000)
    writer.fault("kill", "n02", 600_000, 900_000, fired=1)
    writer.finish([Check("hull", True, 0, 0, "q"), Check("spread", False, 9, 2, "q")], False)
    assert writer.close() is None
    return tmp_path


def test_show_as_json_counts_frames_losses_and_refusals(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(as_json=True, root=root) == 0
    out = json.loads(capsys.readouterr().out)
    assert out["verdict"] is False and out["closed"] is True and out["incomplete"] is None
    assert [check["name"] for check in out["checks"] if not check["ok"]] == ["spread"]
    assert out["frames"]["good"] == 32 and out["frames"]["lost"] == 1
    assert sum(out["frames"]["refused"].values()) == 1
    by_id = {node["id"]: node for node in out["nodes"]}
    assert [by_id[name]["lost"] for name in ("n01", "n02", "n03")] == [0, 1, 0]
    assert by_id["n02"]["refused"] == 1 and by_id["n02"]["frames"] == 10
    assert by_id["n01"]["per_s"] == 10.0 and by_id["n01"]["value_q"] == 10
    assert by_id["n03"]["roles"] == ["liar", "attack:drift"]
    assert out["run"]["seed"] == 11 and out["faults"][0]["fired"] == 1


def test_show_for_people_says_what_matters(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(root=root) == 0
    text = capsys.readouterr().out
    for part in ("DOES NOT HOLD", "liars: n03", "FAIL spread: 9 q (bound 2)", "quelea fleet"):
        assert part in text
    assert "whole    yes" in text and "fired 1" in text and "kill node=n02" in text
    assert max(map(len, text.splitlines())) <= 120


def test_show_tells_events_that_come_together_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = open_run("demo", tmp_path)
    writer = run.writer()
    for number in range(1, 10):
        writer.event(f"n0{number}", "start", {"session": 1}, t_us=number)
        writer.event("coordinator", "present", {"node": f"n0{number}"}, t_us=number)
    writer.event("coordinator", "broker-lost", {"reason": "closed"}, t_us=5_000_000)
    writer.event("coordinator", "present", {"node": "n04"}, t_us=9_000_000)
    writer.close()
    show(run.path)
    lines = capsys.readouterr().out.splitlines()[-4:]
    assert [line.split("s  ", 1)[1].rstrip() for line in lines] == [
        "9 x start: n01, n02, n03, n04, n05, n06 and 3 more",
        "9 x present: n01, n02, n03, n04, n05, n06 and 3 more",
        "coordinator  broker-lost reason=closed",
        "coordinator  present node=n04",
    ]


def test_show_of_a_run_broken_off_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = open_run("demo", tmp_path)
    writer = run.writer()
    writer.flush(20)
    show(run.path)
    assert "not closed" in capsys.readouterr().out
    writer._drop("frame", 5, "the disk was full")
    writer.close()
    show(run.path)
    out = capsys.readouterr().out
    assert "INCOMPLETE: 5 of frame dropped: the disk was full" in out and "none" in out


def test_export_has_every_row_in_order_of_time(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(root=root) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counts = {name: sum(row["row"] == name for row in rows) for name in {r["row"] for r in rows}}
    assert counts == {
        "run": 1, "node": 3, "fault": 1, "frame": 33, "state": 1, "status": 1, "event": 1,
        "verdict": 2,
    }  # fmt: skip
    times = [row["t_us"] for row in rows if "t_us" in row]
    assert times == sorted(times) and len(times) == 36
    first = next(row for row in rows if row["row"] == "frame")
    assert bytes.fromhex(first["payload"]) == payload(1, 1, value_q=10)
    file = tmp_path / "out.jsonl"
    assert export(jsonl=file, root=root) == 0
    assert [json.loads(line) for line in file.read_text().splitlines()] == rows
    assert f"{len(rows)} lines" in capsys.readouterr().err


def test_export_to_a_place_that_cannot_be_written_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written") as caught:
        export(jsonl=tmp_path / "no" / "such.jsonl", root=root)
    assert "such.jsonl" in caught.value.where and caught.value.remedy


def test_a_closed_pipe_ends_the_export_in_silence(root: Path) -> None:
    run = next(path for path in root.iterdir() if not path.is_symlink())
    writer_code = (
        "import sys; from pathlib import Path; from journals import hear;"
        "from quelea.journal import Writer; from quelea.journal.command import export;"
        "w = Writer(Path(sys.argv[1]) / 'big.sqlite');"
        "[hear(w, i, 1, i) for i in range(30000)]; w.close();"
        "sys.exit(export(Path(sys.argv[1]) / 'big.sqlite'))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", writer_code, str(run)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0
