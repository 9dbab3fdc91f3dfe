"""`quelea sweep`: a grid of simulated runs, from its flags to its table and verdict."""

import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from quelea.errors import EXIT_FALSE, EXIT_INTERRUPT, EXIT_OK, UserError
from quelea.journal import Check, open_run
from quelea.sweep import engine, point, store, table
from quelea.sweep.grid import Grid, Point
from quelea.sweep.store import Row, Store

CHUNK_S_MIN = 0.05  # below it an engine's cost for a task (0.03 to 0.6 ms) would show
CHUNK_S = 0.5
CHUNKS_A_JOB = 8  # so that no job waits long for the last one
POINTS_A_CHUNK_MAX = 1000
JOBS_MAX = 512


def command(
    grid: Grid,
    *,
    jobs: int = 0,
    dask: str = "",
    into: Path | None = None,
    runs: Path = Path("runs"),
    as_json: bool = False,
) -> int:
    """Run what is missing of a sweep and judge all of it; return the exit status.

    jobs: processes, 0 for one a core. dask: address of a scheduler instead. into: a folder that
    is made, or gone on with; None makes one below runs. UserError for wrong arguments.
    """
    grid.check()
    if not 0 <= jobs <= JOBS_MAX:
        raise UserError(f"{jobs} is out of range", "--jobs", f"0 (one a core) to {JOBS_MAX}")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    folder = into if into is not None else open_run("sweep", runs).path
    kept = Store(folder, grid, point.fingerprint())
    found = kept.read()
    if found:
        console.print(f"{len(found):,} of {grid.count:,} points are there already: {folder}")
    started_s = time.monotonic()
    missing = [one for one in grid.points() if one.index not in found]
    try:
        losses = _run(grid, kept, missing, jobs or os.cpu_count() or 1, dask, console)
    except KeyboardInterrupt:
        done = len(kept.read())
        console.print(
            f"stopped with {done:,} of {grid.count:,} points done; the same flags with "
            f"--into {folder} go on from there"
        )
        if as_json:
            print(json.dumps({"verdict": False, "checks": [], "stopped": True, "points": done}))
        return EXIT_INTERRUPT
    wall_s = time.monotonic() - started_s
    rows = [row for _, row in sorted(kept.read().items())]
    return _report(grid, rows, folder, losses, len(missing), wall_s, console, as_json)


def _run(
    grid: Grid, kept: Store, missing: Sequence[Point], jobs: int, dask: str, console: Console
) -> int:
    """Run the missing points, the first one here to learn what one costs; return losses."""
    if not missing:
        return 0
    with Progress(
        "[progress.description]{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        task = progress.add_task("points", total=grid.count, completed=grid.count - len(missing))

        def taken(rows: list[Row]) -> None:
            kept.add(rows)
            progress.advance(task, len(rows))

        started_s = time.perf_counter()
        taken([point.run(grid, missing[0])])
        point_s = time.perf_counter() - started_s
        chunks = chunked(missing[1:], point_s, jobs)
        return engine.run(grid, chunks, jobs, dask, taken) if chunks else 0


def chunked(missing: Sequence[Point], point_s: float, jobs: int) -> list[Sequence[Point]]:
    """Cut the points into chunks of CHUNK_S, fewer where a job would get fewer than
    CHUNKS_A_JOB of them, but never below CHUNK_S_MIN. What is in a chunk never shows in a row.
    """
    least = math.ceil(CHUNK_S_MIN / point_s)
    fair = len(missing) // (jobs * CHUNKS_A_JOB)
    size = max(1, least, min(fair, int(CHUNK_S / point_s)))
    size = min(size, POINTS_A_CHUNK_MAX)
    return [missing[at : at + size] for at in range(0, len(missing), size)]


def checks(grid: Grid, rows: Sequence[Row]) -> list[Check]:
    """Return the verdict on a finished sweep."""
    broken = [row for row in rows if not row["kept"]]
    tolerant = [row for row in rows if row["rule"] in point.TOLERANT and row["liars_met"]]
    outside = sum(row["outside_hull"] for row in tolerant if row["liars_met"] <= row["faults_max"])
    promised = [row for row in rows if row["promised"]]
    apart = sum(not row["agreed"] for row in promised)
    seq = sum(row["seq_broken"] for row in rows)
    sums = sum(row["sum_broken"] for row in rows)
    silent = sum(row["frames"] == 0 for row in rows)
    return [
        Check("points done", len(rows) == grid.count, len(rows), grid.count, "points"),
        Check("points that break a promise", not broken, len(broken), 0, "points"),
        Check("values outside the hull, tolerant rules", outside == 0, outside, 0, "frames"),
        Check("points apart where agreement is proved", apart == 0, apart, 0, "points"),
        Check("seq that does not rise", seq == 0, seq, 0, "times"),
        Check("sums broken", sums == 0, sums, 0, "frames"),
        Check("points without a frame", silent == 0, silent, 0, "points"),
    ]


def _report(
    grid: Grid,
    rows: Sequence[Row],
    folder: Path,
    losses: int,
    new: int,
    wall_s: float,
    console: Console,
    as_json: bool,
) -> int:
    path, note = table.write(folder, rows)
    groups = table.summary(grid, rows)
    found = checks(grid, rows)
    holds = all(check.ok for check in found)
    result: dict[str, Any] = {
        "verdict": holds,
        "checks": [check._asdict() for check in found],
        "digest": store.digest(rows),
        "points": len(rows),
        "new_points": new,
        "worker_losses": losses,
        "wall_s": round(wall_s, 2),
        "table": str(path),
        "groups": groups,
        "grid": grid.to_dict(),
    }
    (folder / "report.json").write_text(json.dumps(result, indent=1))
    console.print(table.shown(groups))
    for check in found:
        mark = "[green]holds[/]" if check.ok else "[red]FAILS[/]"
        console.print(
            f"{mark}  {check.name}: {check.value:,} {check.unit} (bound {check.bound:,})"
        )
    if losses:
        console.print(f"{losses} times a process was lost; what it had in hand was done again")
    if note:
        console.print(note, style="yellow", markup=False)
    console.print(f"{new:,} new points in {wall_s:.1f} s; digest {result['digest'][:16]}; {path}")
    if as_json:
        print(json.dumps(result))
    return EXIT_OK if holds else EXIT_FALSE
