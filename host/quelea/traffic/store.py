"""Results as they come, one JSON object a line: an interrupted table goes on from there."""

from __future__ import annotations

import ast
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.traffic import controllers
from quelea.traffic.roads import YELLOW_S
from quelea.traffic.run import Job, run

NICE = 10
Row = dict[str, Any]
Key = tuple[Any, ...]
# What our agents decide with; a row of theirs says by which version of it it was made.
DECIDING = (
    "quelea_proto.claim_row", "quelea_agent.crossing", "quelea_agent.neighbourhood",
    "quelea_agent.signal_head", "quelea.traffic.controllers.agents", "quelea.traffic.plans",
    "quelea.traffic.roads", "quelea.traffic.twins", "quelea.traffic.world",
)  # fmt: skip


@cache
def code() -> str:
    """Return a digest of these modules' statements; comments and docstrings do not count."""
    text = []
    for name in DECIDING:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None
        text.append(statements(Path(spec.origin).read_text()))
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:12]


def statements(source: str) -> str:
    """Return Python source as its syntax tree, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            node.body = node.body[1:]
    return ast.dump(tree)


def key_of(row: Row) -> Key:
    """Return what tells a row's job from others; of our agents also the code that made it."""
    return (
        row["network"], row["controller"], row["seed"], row["liars"], row["cuts"],
        tuple((str(name), int(value)) for name, value in row["options"]),
        row.get("seconds", 0), row.get("yellow_s", YELLOW_S),
        row.get("code", "") if row["controller"] == controllers.OURS else "",
    )  # fmt: skip


def job_key(job: Job) -> Key:
    """Return the same of a job."""
    return (
        job.network, job.controller, job.seed, job.liars, job.cuts, job.options, job.seconds,
        job.yellow_s, code() if job.controller == controllers.OURS else "",
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
                    if row["controller"] == controllers.OURS:
                        row["code"] = code()
                    file.write(json.dumps(row) + "\n")
                    file.flush()
                    yield row
    except BaseException:
        for process in list(pool._processes.values()):
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
