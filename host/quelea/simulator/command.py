"""`quelea sim`: many seeds of a scenario, a verdict, and of a failing seed what explains it."""

import json
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from quelea import scenarios
from quelea.errors import EXIT_FALSE, EXIT_INTERRUPT, EXIT_OK, UserError
from quelea.journal import Check, open_run
from quelea.journal.folder import git_commit
from quelea.scenarios import Scenario
from quelea.simulator import picture, pool
from quelea.simulator.run import ENDLESS, RAISED, Outcome, run_seed
from quelea.simulator.source import INSTALLED, Source, of_folder

SAVED_MAX = 3  # failing seeds whose journal and picture are kept
SHOWN_MAX = 10  # failing seeds that are listed
REPORT_S = 5.0
SEEDS_MAX = 10_000_000


@dataclass
class Tally:
    """What many seeds came to. digest: of all their digests in order of the seeds."""

    seeds: int = 0
    frames: int = 0
    node_rounds: int = 0
    virtual_s: float = 0.0
    fired: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, dict[str, list[str]]]] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Take one seed in."""
        self.seeds += 1
        self.frames += outcome.frames
        self.node_rounds += outcome.node_rounds
        self.virtual_s += outcome.virtual_s
        self.fired.update(outcome.fired)
        self.broken.update(outcome.violations.keys())
        self.digests.append(outcome.digest)
        if not outcome.ok:
            self.failures.append((outcome.options.seed, outcome.violations))

    @property
    def digest(self) -> str:
        return sha256("".join(self.digests).encode()).hexdigest()


def say(text: str) -> None:
    """Print text for people."""
    print(text, file=sys.stderr, flush=True)


def run_seeds(
    scenario: Scenario, seeds: Sequence[int], jobs: int, source: Source = INSTALLED
) -> Generator[Outcome, None, None]:
    """Yield the outcome of every seed in order, computed by `jobs` processes."""
    if jobs == 1 or len(seeds) == 1:
        yield from _some(scenario, seeds, source)
        return
    size = max(1, min(16, len(seeds) // (4 * jobs)))
    chunks = (seeds[at : at + size] for at in range(0, len(seeds), size))
    for outcomes in pool.shared(jobs, ((_all, (scenario, chunk, source)) for chunk in chunks)):
        yield from outcomes


def _some(scenario: Scenario, seeds: Sequence[int], source: Source) -> Iterator[Outcome]:
    for seed in seeds:
        yield run_seed(scenario, seed, source=source)


def _all(scenario: Scenario, seeds: Sequence[int], source: Source) -> list[Outcome]:
    return list(_some(scenario, seeds, source))


def sim(
    name: str,
    seed: int | None = None,
    seeds: int | None = None,
    jobs: int | None = None,
    runs: Path = Path("runs"),
    firmware: Path | None = None,
    as_json: bool = False,
) -> int:
    """Run a scenario and return the exit status: 0 if its verdict holds, 1 if not.

    seed: the first; with it and without `seeds` only that one, and its options are printed.
    firmware: a folder with another copy of the nodes' code. UserError for a scenario, a number or
    a folder that cannot be.
    """
    scenario = scenarios.load(name)
    source = INSTALLED if firmware is None else of_folder(firmware)
    if firmware is not None:
        say(f"nodes' code: {source}")
    wanted = _wanted(scenario, seed, seeds)
    started_s = time.monotonic()
    tally = Tally()
    last: Outcome | None = None
    try:
        with closing(run_seeds(scenario, wanted, pool.count(jobs), source)) as outcomes:
            for last in _told(outcomes, tally, len(wanted)):
                tally.add(last)
    except KeyboardInterrupt:
        _stopped(scenario, tally, len(wanted), firmware, as_json)
        return EXIT_INTERRUPT
    wall_s = time.monotonic() - started_s
    checks = verdict(scenario, tally, whole=len(wanted) >= scenario.get("seeds", "count"))
    holds = all(check.ok for check in checks)
    saved = _explain(scenario, tally, runs, source, len(wanted) == 1)
    _print(scenario, tally, checks, holds, wall_s, firmware, last if len(wanted) == 1 else None)
    for row in saved:
        kept = (row["journal"], *row["pictures"])
        say(f"seed {row['seed']} is kept: {' '.join(Path(name).name for name in kept)}")
        say(f"  in {Path(row['journal']).parent}")
    if as_json:
        document = _as_json(scenario, tally, checks, holds, wall_s, wanted, saved, firmware, last)
        print(json.dumps(document | {"firmware": str(source)}))
    return EXIT_OK if holds else EXIT_FALSE


def _told(outcomes: Iterable[Outcome], tally: Tally, wanted: int) -> Iterator[Outcome]:
    """Yield the outcomes, and say now and then how far it has come."""
    told_s = time.monotonic()
    for outcome in outcomes:
        yield outcome
        if time.monotonic() - told_s > REPORT_S:
            told_s = time.monotonic()
            say(f"{tally.seeds} of {wanted} seeds, {len(tally.failures)} broken")


def _stopped(
    scenario: Scenario, tally: Tally, wanted: int, firmware: Path | None, as_json: bool
) -> None:
    """Say what had come of the seeds when somebody pressed Ctrl-C."""
    for seed, violations in tally.failures[:SHOWN_MAX]:
        say(f"seed {seed}: {', '.join(violations)}\n  again: {replay(scenario, seed, firmware)}")
    say(f"stopped after {tally.seeds} of {wanted} seeds, {len(tally.failures)} broken")
    if as_json:
        failed = [seed for seed, _ in tally.failures]
        print(
            json.dumps({"verdict": False, "checks": [], "stopped": True, "failed_seeds": failed})
        )


def _wanted(scenario: Scenario, seed: int | None, seeds: int | None) -> range:
    first = scenario.get("seeds", "first") if seed is None else seed
    count = seeds if seeds is not None else 1
    if seed is None and seeds is None:
        count = scenario.get("seeds", "count")
    if first < 0:
        raise UserError(f"{first} is no seed", "--seed", "0 or more", "write --seed 1")
    if not 1 <= count <= SEEDS_MAX:
        raise UserError(f"{count} seeds", "--seeds", f"1 to {SEEDS_MAX}", "write --seeds 100")
    return range(first, first + count)


def verdict(scenario: Scenario, tally: Tally, whole: bool) -> list[Check]:
    """Return the checks of a scenario over all its seeds.

    whole: as many seeds as the scenario asks for, so that every fault it names must have fired.
    """
    if scenario.get("checks", "expect") == "fails":
        found = len(tally.failures)
        return [Check("seeds in which the planted fault is found", found > 0, found, 1, "seeds")]
    from quelea import checkers

    names = list(scenario.get("checks", "names") or checkers.names())
    names += [name for name in (RAISED, ENDLESS) if name not in names and tally.broken[name]]
    rows = [Check(n, not tally.broken[n], tally.broken[n], 0, "seeds broken") for n in names]
    for fault in scenario.get("checks", "sometimes") if whole else ():
        rows.append(Check(f"took effect: {fault}", tally.fired[fault] > 0, tally.fired[fault], 1))
    return rows


def _explain(
    scenario: Scenario, tally: Tally, runs: Path, source: Source, single: bool
) -> list[dict[str, Any]]:
    """Run the first failing seeds again and keep their journals and pictures.

    Those of a scenario that must fail are kept only of a seed that was asked for by itself.
    """
    meant = scenario.get("checks", "expect") == "fails" and not single
    if not tally.failures or meant:
        return []
    name = "".join(c if c.isalnum() else "-" for c in scenario.name.lower()).strip("-") or "x"
    folder = open_run(f"sim-{name}"[:40].rstrip("-"), runs)
    out = []
    for seed, _ in tally.failures[:SAVED_MAX]:
        outcome = run_seed(scenario, seed, keep=True, source=source)
        if outcome.world is None:
            continue  # it did not come to an end
        stem = folder.path / f"seed-{seed}"
        outcome.world.journal.save(stem.with_suffix(".sqlite"))
        title = f"{scenario.name}, seed {seed}"
        drawn = picture.compose(
            outcome.world.journal.journal(), outcome.flights, outcome.violations, title
        )
        files = picture.save(drawn, stem)
        outcome.world.journal.close()
        out.append(
            {"seed": seed, "journal": f"{stem}.sqlite", "pictures": [str(f) for f in files]}
        )
    return out


def replay(scenario: Scenario, seed: int, firmware: Path | None = None) -> str:
    """Return the one command that runs this seed again."""
    code = f" --firmware {firmware}" if firmware is not None else ""
    return f"quelea sim {scenario.where} --seed {seed}{code}"


def _print(
    scenario: Scenario,
    tally: Tally,
    checks: list[Check],
    holds: bool,
    wall_s: float,
    firmware: Path | None,
    single: Outcome | None,
) -> None:
    say(f"{scenario.name}: {scenario.get('', 'title')}")
    if single is not None:
        say(f"options {json.dumps(single.options.as_dict())}")
        say(f"digest {single.digest}")
    for seed, violations in tally.failures[:SHOWN_MAX]:
        for checker, texts in violations.items():
            say(f"seed {seed}: {checker}: {texts[0]}")
        say(f"  again: {replay(scenario, seed, firmware)}")
    if len(tally.failures) > SHOWN_MAX:
        say(f"... and {len(tally.failures) - SHOWN_MAX} more seeds")
    for check in checks:
        if not check.ok or check.name.startswith("seeds in"):
            mark = "ok  " if check.ok else "FAIL"
            say(f"  {mark} {check.name}: {check.value} {check.unit} (bound {check.bound})")
    fired = ", ".join(f"{name} {count}" for name, count in sorted(tally.fired.items()))
    say(f"took effect: {fired or 'nothing'}")
    say(
        f"{tally.seeds} seeds, {len(tally.failures)} broken; {tally.frames:,} frames, "
        f"{tally.node_rounds:,} node-rounds, {tally.virtual_s:,.0f} s of virtual time in "
        f"{wall_s:.1f} s; commit {git_commit() or 'unknown'}; digest {tally.digest[:16]}"
    )
    say("the verdict holds" if holds else "THE VERDICT DOES NOT HOLD")


def _as_json(
    scenario: Scenario,
    tally: Tally,
    checks: list[Check],
    holds: bool,
    wall_s: float,
    wanted: range,
    saved: list[dict[str, Any]],
    firmware: Path | None,
    last: Outcome | None,
) -> dict[str, Any]:
    return {
        "verdict": holds,
        "checks": [check._asdict() for check in checks],
        "scenario": scenario.where,
        "seeds": {"first": wanted.start, "count": tally.seeds},
        "commit": git_commit(),
        "digest": tally.digest,
        "fired": dict(sorted(tally.fired.items())),
        "frames": tally.frames,
        "node_rounds": tally.node_rounds,
        "virtual_s": round(tally.virtual_s, 1),
        "wall_s": round(wall_s, 2),
        "failures": [
            {
                "seed": seed,
                "violations": {name: texts[:3] for name, texts in violations.items()},
                "again": replay(scenario, seed, firmware),
            }
            for seed, violations in tally.failures[:SHOWN_MAX]
        ],
        "failed_seeds": [seed for seed, _ in tally.failures],
        "saved": saved,
        "options": last.options.as_dict() if last is not None and tally.seeds == 1 else None,
    }


def listing() -> str:
    """Return the scenarios that ship with Quelea, one a line."""
    rows = []
    for name in scenarios.names():
        scenario = scenarios.load(name)
        rows.append(f"{name:18} {scenario.get('', 'title')}: {scenario.get('', 'what')}")
    return "\n".join(rows)
