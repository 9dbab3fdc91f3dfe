"""`quelea story`: one seed told with a picture, or the table of many seeds; verdict and status."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from quelea_agent import choice
from rich.console import Console
from rich.table import Table

from quelea.errors import UserError
from quelea.journal import Check, open_run
from quelea.judged import answer, ended_by_sigterm, print_checks
from quelea.learn import weights
from quelea.simulator import pool
from quelea.story import lies, setting, tale, trials
from quelea.story.chronicle import PERIOD_MS, Chronicle
from quelea.story.course import COORDINATED, NEVER, Course, Mode, Phase, liars, run
from quelea.story.picture import draw

SEEDS_MAX = 10_000
REPORT_S = 5.0
PHASE_COLUMNS = (
    *("phase", "goodput", "optimum", "share", "to .97", "overloaded", "overasked", "Jain"),
    *("oscillation", "messages"),
)
RUN_COLUMNS = (
    *("run", "first 20", "last 100", "worst", "to .97", "most", "overloaded", "overasked"),
    *("Jain", "messages"),
)
WIDTH = 132  # of tables, also where there is no terminal


@dataclass(frozen=True)
class Options:
    """The flags of the command, checked by check()."""

    seed: int = 1
    seeds: int = 1
    rho: float = 0.97
    rule: str = COORDINATED.rule
    throttle: bool = True
    liars: int = 5
    lie: str = "random"
    kappa_percent: int = 100
    jobs: int = 0
    fleet: bool = False
    own_clocks: bool = False
    policy: Path | None = None
    png: Path | None = None
    runs: Path = Path("runs")

    @property
    def mode(self) -> Mode:
        """How the agents behave once coordination is on."""
        return Mode(self.rule, self.throttle, checked=True, adaptive=True)

    @property
    def memory(self) -> bytes:
        """Return what agents begin with: the network, if they follow one."""
        return weights.read(self.policy) if self.rule == weights.RULE else b""

    def check(self) -> None:
        """UserError for a flag out of range."""
        if not choice.known(self.rule):
            raise UserError(f"no rule named {self.rule!r}", "--rule", f"one of: {choice.names()}")
        names = [row[0] for row in lies.LIES]
        if self.lie not in names:
            raise UserError(f"no lie named {self.lie!r}", "--lie", f"one of: {', '.join(names)}")
        for flag, value, low, high in (
            ("--seeds", self.seeds, 1, SEEDS_MAX),
            ("--liars", self.liars, 0, setting.AGENTS // 2),
            ("--kappa-percent", self.kappa_percent, 0, 100),
            ("--jobs", self.jobs, 0, 1024),
        ):
            if not low <= value <= high:
                raise UserError(f"{value} is out of range", flag, f"{low} to {high}")
        if self.policy is not None and self.rule != weights.RULE:
            raise UserError("this flag has no meaning here", "--policy", "", "add --rule policy")
        self.memory  # noqa: B018  (raises for a file that no board takes)
        if self.fleet and self.seeds > 1:
            raise UserError("one seed at a time", "--fleet", "", "leave --seeds out")
        setting.draw(self.seed, self.rho)


def command(options: Options, as_json: bool = False) -> int:
    """Run, print and draw; return the exit status: 0 if every bound holds, else 1."""
    options.check()
    console = Console(stderr=True, highlight=False, width=WIDTH)
    begun_s = time.monotonic()
    with ended_by_sigterm():
        checks, document = (_tell if options.seeds == 1 else _tabulate)(options, console)
    console.print(f"{time.monotonic() - begun_s:.1f} s")
    print_checks(console, checks, "g")
    return answer(checks, document, as_json)


# -- one seed --------------------------------------------------------------------------------
def _tell(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    instance = setting.draw(options.seed, options.rho)
    console.print(
        f"{setting.AGENTS} agents, {len(setting.CAPACITIES)} servers of "
        f"{sum(setting.CAPACITIES)} units, demand {sum(instance.demands)}, seed {options.seed}"
    )
    folder = open_run("story", options.runs)
    if folder.note:
        console.print(f"warning: {folder.note}", style="yellow")
    lengths = tale.FLEET_ROUNDS if options.fleet else tale.ROUNDS
    phases = tale.phases(options.mode, options.liars, options.lie, lengths)
    lying = liars(options.seed, setting.AGENTS, options.liars)
    kept = Chronicle(folder, instance, phases, lying, options.fleet)
    parts: list[tuple[Phase, Course]] = []
    chapters: list[tale.Chapter] = []
    try:
        for phase, course in _courses(options, instance, phases, kept, folder.path, console):
            begins = sum(before.rounds for before, _ in parts)
            parts.append((phase, course))
            chapters.append(tale.chapter(phase, course, begins))
            console.print(
                f"round {begins + phase.rounds}: {phase.name} ({phase.mode}): "
                f"{chapters[-1].share:.3f} of the optimum"
            )
        checks = tale.checks(chapters, options.fleet, options.own_clocks)
        kept.finish(checks, all(check.ok for check in checks))
    finally:
        lacks = kept.close()
    if lacks:
        console.print(f"warning: {lacks}", style="yellow")
    document = _report(options, parts, chapters, console, folder.path)
    console.print(f"journal: {folder.journal}")
    return checks, document | {"journal": str(folder.journal)}


def _courses(
    options: Options, instance: setting.Instance, phases: tuple[Phase, ...], kept: Chronicle,
    folder: Path, console: Console,
) -> Iterator[tuple[Phase, Course]]:  # fmt: skip
    """Yield each phase with its course, from the simulator or from real processes."""
    kappa_percent = options.kappa_percent
    if not options.fleet:
        yield from run(instance, phases, kappa_percent, options.memory, options.own_clocks, kept)
        return
    from quelea.story import fleet

    with fleet.StoryFleet(instance, folder, kappa_percent, kept, options.memory) as running:
        took_s = sum(phase.rounds for phase in phases) * PERIOD_MS // 1000
        console.print(f"{setting.AGENTS} MicroPython processes are ready; {took_s} s to go")
        yield from running.run(phases)


def _report(
    options: Options,
    parts: list[tuple[Phase, Course]],
    chapters: list[tale.Chapter],
    console: Console,
    folder: Path,
) -> dict[str, Any]:
    """Print the table, draw the picture; return the part of the JSON object that is the run's."""
    table = Table(title="Last 50 rounds of each phase", title_justify="left")
    for name in PHASE_COLUMNS:
        table.add_column(name, justify="left" if name == "phase" else "right", no_wrap=True)
    for one in chapters:
        table.add_row(
            one.phase.name, f"{one.share * one.best:.0f}", f"{one.best:.0f}", f"{one.share:.3f}",
            rounds_text(one.stay), f"{one.overloaded:.2f}", f"{one.overasked:.2f}",
            f"{one.fairness:.4f}", f"{one.oscillation:.5f}", f"{one.messages:.2f}",
        )  # fmt: skip
    console.print(table)
    path = options.png or folder / "story.png"
    world = "as real processes" if options.fleet else "in the simulator"
    world += " with clocks of their own" if options.own_clocks and not options.fleet else ""
    title = (
        f"{setting.AGENTS} agents {world}, rho {options.rho:g}, seed {options.seed}; "
        f"{options.liars} liars in the last phase"
    )
    draw(parts, title, path)
    console.print(f"picture: {path}")
    return {
        "seed": options.seed,
        "rho": options.rho,
        "fleet": options.fleet,
        "picture": str(path),
        "phases": [_as_json(one) for one in chapters],
    }


def _as_json(one: tale.Chapter) -> dict[str, Any]:
    row = asdict(one) | {"phase": one.phase.name, "mode": str(one.phase.mode)}
    return row | {"goodput": one.share * one.best}


def rounds_text(rounds: float) -> str:
    """Return a number of rounds for people."""
    return "never" if rounds >= NEVER else f"{rounds:.0f}"


# -- many seeds ------------------------------------------------------------------------------
def _tabulate(options: Options, console: Console) -> tuple[list[Check], dict[str, Any]]:
    seeds = range(options.seed, options.seed + options.seeds)
    rows: trials.Rows = {}
    chosen = trials.trials(options.rule)
    total = len(chosen) * len(seeds)
    told_s = time.monotonic()
    found: dict[tuple[str, int], trials.Figures] = {}
    for done, (trial, seed, figures) in enumerate(_measured(chosen, seeds, options), 1):
        found[trial.label, seed] = figures
        if time.monotonic() - told_s > REPORT_S:
            told_s = time.monotonic()
            console.print(f"{done} of {total} runs")
    for trial in chosen:
        rows[trial.label] = [found[trial.label, seed] for seed in seeds]
    console.print(_table(rows, len(seeds)))
    document = {
        "seed": options.seed,
        "seeds": options.seeds,
        "own_clocks": options.own_clocks,
        "rows": {label: [asdict(one) for one in figures] for label, figures in rows.items()},
    }
    return trials.checks(rows, options.own_clocks), document


def _measured(
    chosen: tuple[trials.Trial, ...], seeds: range, options: Options
) -> Iterator[tuple[trials.Trial, int, trials.Figures]]:
    """Yield every trial of every seed as it is done; Ctrl-C ends the workers at once."""
    jobs = options.jobs or os.cpu_count() or 1
    memory = options.memory
    work = [(trial, seed) for seed in seeds for trial in chosen]
    with pool.workers(jobs) as team:
        waiting: dict[Future[trials.Figures], tuple[trials.Trial, int]] = {}
        while work or waiting:
            while work and len(waiting) < 2 * jobs:
                trial, seed = work.pop(0)
                future = team.submit(
                    trials.measure, trial, seed, options.kappa_percent, memory,
                    options.own_clocks,
                )  # fmt: skip
                waiting[future] = (trial, seed)
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                trial, seed = waiting.pop(future)
                yield trial, seed, future.result()


def _table(rows: trials.Rows, seeds: int) -> Table:
    table = Table(title=f"{seeds} seeds, {trials.ROUNDS} rounds", title_justify="left")
    for name in RUN_COLUMNS:
        table.add_column(name, justify="left" if name == "run" else "right", no_wrap=True)
    for label, figures in rows.items():

        def mean(take: Callable[[trials.Figures], float], figures: Any = figures) -> float:
            return float(np.mean([take(one) for one in figures]))

        stays = [one.stay for one in figures]
        table.add_row(
            label, f"{mean(lambda one: one.first):.3f}", f"{mean(lambda one: one.last):.4f}",
            f"{min(one.last for one in figures):.4f}", rounds_text(float(np.median(stays))),
            rounds_text(max(stays)), f"{mean(lambda one: one.overloaded):.2f}",
            f"{mean(lambda one: one.overasked):.2f}", f"{mean(lambda one: one.fairness):.4f}",
            f"{mean(lambda one: one.messages):.2f}",
        )  # fmt: skip
    return table
