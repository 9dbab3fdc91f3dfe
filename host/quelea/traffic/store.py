"""Results as they come, one JSON object a line: an interrupted table goes on from there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.traffic.roads import YELLOW_S
from quelea.traffic.run import Job, run

NICE = 10
Row = dict[str, Any]
Key = tuple[Any, ...]


def key_of(row: Row) -> Key:
    """Return what tells a row's job from others."""
    return (
        row["network"], row["controller"], row["seed"], row["liars"], row["cuts"],
        tuple((str(name), int(value)) for name, value in row["options"]),
        row.get("seconds", 0), row.get("yellow_s", YELLOW_S),
    )  # fmt: skip


def job_key(job: Job) -> Key:
    """Return the same of a job."""
    return (
        job.network, job.controller, job.seed, job.liars, job.cuts, job.options, job.seconds,
        job.yellow_s,
    )  # fmt: skip


def load(path: Path) -> dict[Key, Row]:
    """Return the rows of a file by key; a last line that was cut is left out."""
    rows: dict[Key, Row] = {}
    if not path.exists():
        return rows
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            rows[key_of(row)] = row
        except (ValueError, KeyError, TypeError):
            if not line.endswith("}"):
                continue
            raise UserError(
                "is no result", f"{path}:{number}", "", "remove the line, or the file"
            ) from None
    return rows


def _yield() -> None:
    """Let other work go first, unless whoever started this has seen to it."""
    os.nice(max(0, NICE - os.nice(0)))


def fill(jobs: Iterable[Job], path: Path, workers: int) -> Iterator[Row]:
    """Run the jobs that the file has no row for; write and yield each row when it is done."""
    known = load(path)
    todo = [job for job in jobs if job_key(job) not in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not todo:
        return
    pool = ProcessPoolExecutor(
        min(workers, len(todo)), mp_context=get_context("spawn"), initializer=_yield
    )
    waiting: set[Future[Any]] = {pool.submit(run, job) for job in todo}
    try:
        with path.open("a") as file:
            if path.stat().st_size and not path.read_text().endswith("\n"):
                file.write("\n")  # after a line that was cut
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    row = future.result().row()
                    file.write(json.dumps(row) + "\n")
                    file.flush()
                    yield row
    except BaseException:
        for process in list(pool._processes.values()):
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
