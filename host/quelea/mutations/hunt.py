"""Run seeds on nodes with a planted error until a checker finds it.

Several scenarios take turns: seed number k of a hunt is seed k // scenarios + 1 of scenario
k % scenarios. A hunt goes to the processes in small shares, so that all of them have work and
what was found is known soon. The control is the same seeds with nothing planted.
"""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import active_children
from typing import NamedTuple

from quelea import scenarios
from quelea.simulator.run import run_seed
from quelea.simulator.source import INSTALLED, Source, firmware

# Those that see most come first; all of them together take 2 s for a seed each.
HUNTERS = (
    "anything",
    "anything-exact",
    "narrow",
    "old-fleet",
    "plain",
    "overrun",
    "brim",
    "few-words",
)
SEEDS_MAX = 1000
SHARE = 8  # seeds that a process runs before it reports
TURN_S = 0.3  # how soon Ctrl-C is seen
LOADING = "loading"  # what finds code that does not even load


class Found(NamedTuple):
    """The first seed that broke a promise. by: checkers; says: the first sentence of the first."""

    scenario: str
    seed: int
    by: tuple[str, ...]
    says: str


@dataclass
class Hunt:
    """One planted error (or none: the control) and what came of it. seeds: how many were run."""

    name: str
    source: Source
    runs: Sequence[tuple[str, int]]  # (scenario, seed) in order
    seeds: int = 0
    cpu_s: float = 0.0
    found: Found | None = None
    to_the_end: bool = False  # go on after the first find: the control
    all_found: list[Found] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.seeds >= len(self.runs) or (self.found is not None and not self.to_the_end)

    def take(self, ran: int, found: list[Found], cpu_s: float) -> None:
        """Take in what a share of the seeds came to."""
        self.seeds += ran
        self.cpu_s += cpu_s
        self.all_found += found
        if found and self.found is None:
            self.found = found[0]


def runs_of(names: Sequence[str], seeds: int) -> list[tuple[str, int]]:
    """Return (scenario, seed) of the first `seeds` seeds, the scenarios taking turns."""
    chosen = tuple(names) or HUNTERS
    return [(chosen[at % len(chosen)], at // len(chosen) + 1) for at in range(seeds)]


def control(hunts: Sequence[Hunt]) -> Hunt:
    """Return the hunt for nothing, over every seed in which something was found or sought."""
    runs = {run: None for one in hunts if one.found for run in one.runs[: one.seeds]}
    return Hunt("(nothing planted)", INSTALLED, tuple(runs), to_the_end=True)


def share(
    source: Source, runs: Sequence[tuple[str, int]], to_the_end: bool
) -> tuple[int, list[Found], float]:
    """Run these seeds, up to the first find unless to_the_end; return (ran, finds, time taken)."""
    started_s = time.process_time()
    finds: list[Found] = []
    ran = 0
    for name, seed in runs:
        ran += 1
        violations = _violations(source, name, seed)
        if violations:
            by = tuple(violations)
            finds.append(Found(name, seed, by, str(violations[by[0]][0])))
            if not to_the_end:
                break
    return ran, finds, time.process_time() - started_s


def _violations(source: Source, name: str, seed: int) -> dict[str, list[str]]:
    scenario = scenarios.load(name)
    try:
        firmware(source, bool(scenario.get("checks", "narrow")))
    except Exception as error:
        return {LOADING: [f"{type(error).__name__}: {error}"]}
    return run_seed(scenario, seed, source=source).violations


def _deaf() -> None:
    """Ctrl-C is for the process that people see; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _noticing() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C was pressed: a pool must not be broken off while
    it starts a process, or it waits for that one for ever."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


def hunt_all(hunts: Sequence[Hunt], jobs: int) -> Iterator[Hunt]:
    """Run the hunts on `jobs` processes; yield each whenever a share of it is done.

    KeyboardInterrupt on Ctrl-C, with nothing left running.
    """
    waiting = list(reversed(hunts))
    running: dict[Future[tuple[int, list[Found], float]], Hunt] = {}
    with (
        _noticing() as stopped,
        ProcessPoolExecutor(max_workers=jobs, initializer=_deaf) as pool,
    ):
        while (waiting or running) and not stopped():
            while waiting and len(running) < jobs:
                one = waiting.pop()
                part = one.runs[one.seeds : one.seeds + SHARE]
                running[pool.submit(share, one.source, part, one.to_the_end)] = one
            finished, _ = wait(running, TURN_S, FIRST_COMPLETED)
            for task in finished:
                one = running.pop(task)
                one.take(*task.result())
                if not one.done:
                    waiting.append(one)
                yield one
        if stopped():
            for process in active_children():
                process.terminate()
            raise KeyboardInterrupt
