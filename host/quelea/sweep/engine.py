"""Spread chunks of points over processes, by joblib: loky here, or an existing Dask cluster.

Chunks come back in any order and are handed on as they come. What a killed process had in hand is
done again: Dask does so by itself; loky gives up, and is started anew for what is missing.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from quelea.errors import UserError
from quelea.sweep import point as points
from quelea.sweep.grid import Grid, Point
from quelea.sweep.store import Row

LOSSES_MAX = 3  # of workers in a row, without a chunk in between: then a point kills its process
CONNECT_S = 10
IDLE_S = 10  # until a process without work ends: also after the sweep itself was killed

Chunk = Sequence[Point]
Taken = Callable[[list[Row]], None]


def run_chunk(grid: Grid, chunk: Chunk, parent: int) -> list[Row]:
    """Run the points of a chunk, one after the other; what a worker is sent."""
    if os.getpid() != parent and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to act on
    return [points.run(grid, point) for point in chunk]


def run(grid: Grid, chunks: Sequence[Chunk], jobs: int, dask: str, taken: Taken) -> int:
    """Run all chunks; taken(rows) is called for each as it comes. Return how many losses of
    workers were made good here. UserError when a cluster cannot be used.
    """
    left = {chunk[0].index: chunk for chunk in chunks}

    def take(rows: list[Row]) -> None:
        taken(rows)
        del left[rows[0]["index"]]

    if dask:
        with _dask(dask):
            _spread(grid, list(left.values()), take, n_jobs=-1)
        return 0
    if jobs == 1:
        for chunk in list(left.values()):
            take(run_chunk(grid, chunk, os.getpid()))
        return 0
    return _local(grid, left, jobs, take)


def _local(grid: Grid, left: dict[int, Chunk], jobs: int, take: Taken) -> int:
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    losses = in_a_row = 0
    try:
        while left:
            before = len(left)
            try:
                todo = list(left.values())
                _spread(grid, todo, take, n_jobs=jobs, idle_worker_timeout=IDLE_S)
            except TerminatedWorkerError:
                losses += 1
                in_a_row = in_a_row + 1 if len(left) == before else 1
                if in_a_row > LOSSES_MAX:
                    first = next(iter(left.values()))[0]
                    raise UserError(
                        f"a process was killed {in_a_row} times in a row",
                        why=f"the first point that is missing: {first}",
                        remedy="see whether memory runs out; fewer --jobs, or fewer --nodes",
                    ) from None
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=True)
    return losses


def _spread(grid: Grid, chunks: Sequence[Chunk], take: Taken, **options: int) -> None:
    from joblib import Parallel, delayed

    parallel = Parallel(batch_size=1, return_as="generator_unordered", **options)
    for rows in parallel(delayed(run_chunk)(grid, chunk, os.getpid()) for chunk in chunks):
        take(rows)


@contextmanager
def _dask(address: str) -> Iterator[None]:
    """Let joblib use the Dask cluster at address while the block runs."""
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "Dask is not installed", "--dask", remedy="run `pip install quelea[cluster]`"
        ) from None
    from joblib import parallel_config

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"no Dask scheduler answers at {address}",
            "--dask",
            str(error) or f"tried for {CONNECT_S} s",
            "start one with `dask scheduler`, workers with `dask worker ADDRESS`",
        ) from None
    with client:
        _require_workers(client, address)
        with parallel_config(backend="dask", client=client):
            yield


def _require_workers(client: Any, address: str) -> None:
    """Refuse a cluster without workers, or with workers that would run other code."""
    ours = points.fingerprint()
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
        theirs = client.run(points.fingerprint, on_error="return")
    except TimeoutError:
        theirs = {}
    if not theirs:
        raise UserError(
            f"the Dask scheduler at {address} has no workers",
            "--dask",
            remedy=f"start one with `dask worker {address}`",
        )
    for worker, found in theirs.items():
        if found != ours:
            said = f"{type(found).__name__}: {found}" if isinstance(found, Exception) else found
            raise UserError(
                f"the worker {worker} would run other code",
                "--dask",
                f"ours has the fingerprint {ours}; there: {said}",
                "install the same quelea there",
            )
