"""Sweeps: every engine, every interruption and every restart end in the same table."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from quelea.errors import UserError
from quelea.sweep import command, engine, point, store, table
from quelea.sweep.grid import Grid
from quelea.sweep.store import Store

GRID = ("--seeds", "16", "--rules", "wmsr,mean", "--attacks", "const-max,none",
        "--topologies", "complete", "--nodes", "7", "--rounds", "12", "--calm-rounds", "12",
        "--epoch-rounds", "8")  # fmt: skip
SAME = Grid(
    seeds=16, rules=("wmsr", "mean"), attacks=("const-max", "none"), topologies=("complete",),
    nodes=(7,), rounds=12, calm_rounds=12, epoch_rounds=8,
)  # fmt: skip
DEADLINE_S = 90.0


def until(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.01)


def sweep(into: Path, *flags: str) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "quelea.cli", "sweep", "--json", "--into", str(into)]
    return subprocess.Popen(
        [*argv, *GRID, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def finish(process: "subprocess.Popen[str]", status: int = 0) -> dict[str, Any]:
    out, said = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == status, said
    return dict(json.loads(out))


def files(into: Path) -> list[Path]:
    return list((into / "rows").glob("*.jsonl"))


def rows_there(into: Path) -> int:
    return sum(len(path.read_text().splitlines()) for path in files(into))


def children(pid: int) -> list[int]:
    """Return the processes below pid that run loky's workers."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == pid and b"loky" in words and b"resource_tracker" not in words:
            found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the digest that one process finds."""
    into = tmp_path_factory.mktemp("serial")
    report = finish(sweep(into, "--jobs", "1"))
    assert report["verdict"] is True and report["points"] == SAME.count == 64
    groups = {(row["rule"], row["attack"]): row for row in report["groups"]}
    assert groups["mean", "const-max"]["outside_hull"] > 0, "the liars moved nobody"
    assert groups["wmsr", "const-max"]["outside_hull"] == 0
    return str(report["digest"])


def test_processes_give_the_same_digest(tmp_path: Path, reference: str) -> None:
    report = finish(sweep(tmp_path, "--jobs", "2"))
    assert report["digest"] == reference and report["worker_losses"] == 0


def test_a_killed_worker_loses_nothing(tmp_path: Path, reference: str) -> None:
    process = sweep(tmp_path, "--jobs", "2")
    until(lambda: len(files(tmp_path)) >= 3 and children(process.pid), "some rows")
    os.kill(children(process.pid)[0], signal.SIGKILL)
    report = finish(process)
    assert report["worker_losses"] >= 1, "the kill came too late: nothing is proved"
    assert report["digest"] == reference and report["points"] == 64


def test_a_killed_sweep_goes_on_with_what_is_missing(tmp_path: Path, reference: str) -> None:
    process = sweep(tmp_path, "--jobs", "2")
    until(lambda: len(files(tmp_path)) >= 3, "some rows")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    there = rows_there(tmp_path)
    assert 3 <= there < 64
    report = finish(sweep(tmp_path, "--jobs", "1"))
    assert report["new_points"] == 64 - there
    assert report["digest"] == reference
    again = finish(sweep(tmp_path))
    assert again["new_points"] == 0 and again["digest"] == reference


def test_ctrl_c_stops_cleanly_and_keeps_what_is_done(tmp_path: Path, reference: str) -> None:
    process = sweep(tmp_path, "--jobs", "2")
    until(lambda: len(files(tmp_path)) >= 3 and children(process.pid), "some rows")
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of the group
    out, said = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, said
    assert json.loads(out)["stopped"] is True
    assert "Traceback" not in said and str(tmp_path) in said
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the end of workers")
    assert finish(sweep(tmp_path))["digest"] == reference


@pytest.fixture
def dask(tmp_path: Path, need: Any) -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """Start a scheduler and two workers, each a process of its own; yield (address, workers)."""
    need(find_spec("distributed"), "Dask", "pip install quelea[cluster]")
    where = tmp_path / "scheduler.json"
    run = [sys.executable, "-m", "distributed.cli"]
    common = ["--scheduler-file", str(where), "--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    code = "from distributed.cli import {0}; {0}.main()"
    made = []
    try:
        made.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    code.format("dask_scheduler"),
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "0",
                    *common,
                ],
                cwd=tmp_path,
                **quiet,
            )
        )
        until(where.exists, "the scheduler")
        made += [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    code.format("dask_worker"),
                    "--no-nanny",
                    "--nthreads",
                    "1",
                    "--host",
                    "127.0.0.1",
                    *common,
                ],
                cwd=tmp_path,
                **quiet,
            )
            for _ in range(2)
        ]
        assert run
        yield json.loads(where.read_text())["address"], made[1:]
    finally:
        for process in reversed(made):
            process.kill()
            process.wait()


def test_a_dask_cluster_that_loses_a_worker(
    tmp_path: Path, reference: str, dask: tuple[str, list["subprocess.Popen[bytes]"]]
) -> None:
    address, workers = dask
    into = tmp_path / "sweep"
    process = sweep(into, "--dask", address)
    until(lambda: len(files(into)) >= 3 or process.poll() is not None, "some rows")
    workers[0].kill()
    there = rows_there(into)
    assert there < 64, "the kill came too late: nothing is proved"
    report = finish(process)
    assert report["digest"] == reference and report["points"] == 64


def test_a_cluster_that_is_not_there_is_refused(tmp_path: Path, need: Any) -> None:
    need(find_spec("distributed"), "Dask", "pip install quelea[cluster]")
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        engine.run(SAME, [SAME.points()[:1]], 1, "tcp://127.0.0.1:1", lambda rows: None)


def test_without_dask_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError) as caught:
        engine.run(SAME, [SAME.points()[:1]], 1, "tcp://127.0.0.1:1", lambda rows: None)
    assert "quelea[cluster]" in caught.value.remedy


def test_chunks_hold_every_point_once_and_are_long_enough() -> None:
    points = SAME.points()
    for point_s, jobs in ((0.0001, 2), (0.01, 1), (0.3, 64), (5.0, 2)):
        chunks = command.chunked(points, point_s, jobs)
        assert [one for chunk in chunks for one in chunk] == points
        full = chunks[:-1]
        assert all(len(chunk) * point_s >= command.CHUNK_S_MIN for chunk in full)


def test_the_digest_sees_every_bit_and_no_order() -> None:
    rows = [{"index": at, "value": at * 3} for at in range(9)]
    assert store.digest(rows) == store.digest(rows[::-1])
    assert store.digest(rows) != store.digest([*rows[:-1], {"index": 8, "value": 25}])


def test_a_folder_of_another_sweep_or_other_code_is_refused(tmp_path: Path) -> None:
    Store(tmp_path, SAME, "a")
    Store(tmp_path, SAME, "a")
    with pytest.raises(UserError, match="another sweep") as caught:
        Store(tmp_path, Grid(seeds=17), "a")
    assert "seeds" in caught.value.why
    with pytest.raises(UserError, match="other code"):
        Store(tmp_path, SAME, "b")
    (tmp_path / store.FILE).write_text("{}")
    with pytest.raises(UserError, match="none of ours"):
        Store(tmp_path, SAME, "a")


ROWS = [{"index": 0, "rule": "wmsr", "rounds": 2.5}, {"index": 1, "rule": "mean", "rounds": None}]


def test_parquet_reads_back(tmp_path: Path, need: Any) -> None:
    need(find_spec("pyarrow"), "pyarrow", "pip install quelea[parquet]")
    import pyarrow.parquet

    path, note = table.write(tmp_path, ROWS)
    assert note == "" and path.suffix == ".parquet"
    assert pyarrow.parquet.read_table(path).to_pylist() == ROWS


def test_without_pyarrow_it_is_csv_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path, note = table.write(tmp_path, ROWS)
    assert "quelea[parquet]" in note
    with open(path) as file:
        assert [row["rounds"] for row in csv.DictReader(file)] == ["2.5", ""]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--rules", "average"), "--rules"),
        (("--attacks", "nice"), "one of"),
        (("--topologies", "growth:9"), "too few"),
        (("--nodes", "7,x"), "'x'"),
        (("--nodes", "1"), "--nodes"),
        (("--faults", "rain:1"), "--faults"),
        (("--mode", "exact"), "--attacks none"),
        (("--seeds", "0"), "--seeds"),
        (("--jobs", "-1"), "--jobs"),
        (("--rules", "wmsr,wmsr"), "twice"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, flags: tuple[str, ...], says: str) -> None:
    process = sweep(tmp_path, *flags)
    out, said = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2 and out == "" and says in said, said
    assert "Traceback" not in said


def test_a_broken_promise_fails_the_verdict() -> None:
    grid = Grid(seeds=1, attacks=("none",), topologies=("complete",), nodes=(4,), rounds=8)
    rows = [point.run(grid, one) for one in grid.points()]
    assert all(check.ok for check in command.checks(grid, rows))
    broken = [rows[0] | {"kept": False, "agreed": False, "promised": True}]
    assert [check.ok for check in command.checks(grid, broken)].count(False) == 2


def test_faults_take_effect_and_exact_mode_keeps_its_sum() -> None:
    grid = Grid(
        seeds=2, mode="exact", attacks=("none",), topologies=("ring",), nodes=(6,),
        faults=("loss:0.3", "drawn"),
    )  # fmt: skip
    grid.check()
    rows = [point.run(grid, one) for one in grid.points()]
    assert all(row["fired"] > 0 and row["sum_broken"] == 0 and row["kept"] for row in rows)
