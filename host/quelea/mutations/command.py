"""`quelea mutants`: plant errors in the nodes' code and say which checker finds each, and when."""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quelea import mutations
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.journal import Check
from quelea.mutations import Mutation
from quelea.mutations.hunt import SEEDS_MAX, Hunt, control, hunt_all, runs_of
from quelea.simulator.source import of_folder

REPORT_S = 5.0
JOBS_MAX = 256


def say(text: str) -> None:
    """Print text for people."""
    print(text, file=sys.stderr, flush=True)


def command(
    name: str | None = None,
    file: Path | None = None,
    firmware: Path | None = None,
    seeds: int = SEEDS_MAX,
    jobs: int | None = None,
    write: bool = False,
    as_json: bool = False,
) -> int:
    """Hunt; return 0 if every error is found within `seeds` seeds and nothing else is found.

    file: rows of one's own. firmware: instead of rows, a copy of the nodes' code with an error in
    it. write: keep where each was found, for the table in docs/testing.md.
    """
    if not 1 <= seeds <= 1_000_000:
        raise UserError(f"{seeds} seeds", "--seeds", "1 to 1000000", "write --seeds 1000")
    most = os.cpu_count() or 1
    if jobs is not None and not 1 <= jobs <= JOBS_MAX:
        raise UserError(f"{jobs} processes", "--jobs", f"1 to {JOBS_MAX}", f"write --jobs {most}")
    if write and (name or file or firmware):
        raise UserError("writes down all that ship", "--write", "", "leave the others out")
    rows: list[Mutation] = []
    if firmware is not None:
        source = of_folder(firmware)
        say(f"nodes' code: {source}")
        hunts = [Hunt(str(firmware), source, runs_of((), seeds))]
    else:
        rows = mutations.chosen(mutations.load(file), name)
        hunts = [Hunt(row.name, row.source, runs_of(row.scenarios, seeds)) for row in rows]
    started_s = time.monotonic()
    count = len(hunts)
    say(f"{count} planted error{'s' if count > 1 else ''}, up to {seeds} seeds for each")
    _run(hunts, jobs or min(2, most))
    nothing = control(hunts)
    _run([nothing], jobs or min(2, most))
    checks = _checks(hunts, nothing, seeds)
    holds = all(check.ok for check in checks)
    found = sum(one.found is not None for one in hunts)
    say(
        f"{found} of {len(hunts)} found within {seeds} seeds; nothing planted: "
        f"{len(nothing.all_found)} found in {nothing.seeds}; {time.monotonic() - started_s:.0f} s"
    )
    say("the verdict holds" if holds else "THE VERDICT DOES NOT HOLD")
    if write:
        _write(hunts)
    if as_json:
        print(json.dumps(_as_json(hunts, rows, nothing, checks, holds)))
    return EXIT_OK if holds else EXIT_FALSE


def _run(hunts: Sequence[Hunt], jobs: int) -> None:
    told_s = time.monotonic()
    done = 0
    for one in hunt_all(hunts, jobs):
        if one.done:
            done += 1
            _tell(one)
        elif time.monotonic() - told_s > REPORT_S:
            told_s = time.monotonic()
            say(f"... {done} of {len(hunts)} done; {one.name}: nothing in {one.seeds} seeds yet")


def _tell(one: Hunt) -> None:
    if one.found is None:
        say(f"{one.name:30} {one.seeds:5} seeds  nothing found")
        return
    scenario, seed, by, says = one.found
    say(f"{one.name:30} {one.seeds:5} seeds  {', '.join(by)}")
    say(f"{'':30} {scenario}, seed {seed}: {says}")


def _checks(hunts: Sequence[Hunt], nothing: Hunt, seeds: int) -> list[Check]:
    checks = [
        Check(f"found: {one.name}", one.found is not None, one.seeds, seeds, "seeds")
        for one in hunts
    ]
    count = len(nothing.all_found)
    checks.append(Check("found with nothing planted", count == 0, count, 0, "seeds"))
    return checks


def _row(one: Hunt) -> dict[str, Any]:
    row: dict[str, Any] = {"seeds": one.seeds, "found_by": []}
    if one.found is not None:
        scenario, seed, by, _ = one.found
        row |= {"scenario": scenario, "seed": seed, "found_by": list(by)}
    return row


def _as_json(
    hunts: Sequence[Hunt],
    rows: Sequence[Mutation],
    nothing: Hunt,
    checks: Sequence[Check],
    holds: bool,
) -> dict[str, Any]:
    about = {row.name: {"file": row.file, "why": row.why} for row in rows}
    return {
        "verdict": holds,
        "checks": [check._asdict() for check in checks],
        "mutations": [
            {"name": one.name}
            | about.get(one.name, {})
            | _row(one)
            | {"says": one.found.says if one.found else "", "cpu_s": round(one.cpu_s, 2)}
            for one in hunts
        ],
        "control": {
            "seeds": nothing.seeds,
            "found": [found._asdict() for found in nothing.all_found],
        },
    }


def _write(hunts: Sequence[Hunt]) -> None:
    rows = ",\n".join(f' "{one.name}": {json.dumps(_row(one))}' for one in hunts)
    try:
        mutations.FOUND.write_text("{\n" + rows + "\n}\n", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror}",
            str(mutations.FOUND),
            "--write keeps what was found in the source tree",
            "run it in a source tree of your own",
        ) from None
    say(f"{mutations.FOUND.name} written; now: python tools/derive.py")
