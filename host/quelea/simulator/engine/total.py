"""Thousands of seeds of the engine, shared among processes, and what they came to."""

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from quelea.simulator.engine.lanes import SEEN, Lanes, Result
from quelea.simulator.engine.plan import LANES, plan
from quelea.simulator.engine.replay import difference, make_of
from quelea.simulator.pool import shared
from quelea.simulator.source import Source

CHUNK = 8  # groups handed to a process at a time


@dataclass
class Total:
    """What many seeds came to. broken: (seed, sentences). due: in how many agreement was due.

    agents: seeds that were held to real agents; differs: (seed, where) of those that are not.
    """

    seeds: int = 0
    due: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, list[str]]] = field(default_factory=list)
    digest: int = 0
    agents: int = 0
    differs: list[tuple[int, str]] = field(default_factory=list)

    def add(self, result: Result, first: int, last: int) -> None:
        """Take in the lanes of a group whose seeds are first .. last - 1."""
        start = result.group.number * LANES
        for lane in range(LANES):
            if not first <= start + lane < last:
                continue
            self.seeds += 1
            self.due += bool(result.group.bound_q[lane])
            self.digest = (self.digest * 31 + int(result.digest[lane])) % (1 << 64)
            self.seen.update(dict(zip(SEEN, result.seen[:, lane].tolist())))
            sentences = result.violations(lane)
            if sentences:
                self.broken.append((start + lane, sentences))

    def join(self, other: "Total") -> None:
        """Take in what came of the seeds after these."""
        if other.seeds:
            self.digest = (self.digest * 31 + other.digest) % (1 << 64)
        self.seeds += other.seeds
        self.due += other.due
        self.seen.update(other.seen)
        self.broken += other.broken
        self.agents += other.agents
        self.differs += other.differs

    @property
    def broken_by(self) -> Counter[str]:
        """Seeds broken by property: what stands before the colon of a sentence."""
        found: Counter[str] = Counter()
        for _, sentences in self.broken:
            found.update({text.split(":", 1)[0] for text in sentences})
        return found


@dataclass(frozen=True)
class Task:
    """What is asked for. agents: how many of the seeds are held to real agents, of `source`."""

    seeds: range
    nodes: int
    rounds: int
    plant: int
    agents: int
    source: Source


def _run_groups(task: Task, groups: range) -> Total:
    total = Total()
    for number in groups:
        group = plan(number, task.nodes, task.rounds)
        total.add(Lanes(group, task.plant).run(), task.seeds.start, task.seeds.stop)
    return total


def _hold(task: Task, seed: int) -> Total:
    where = difference(seed, task.nodes, task.rounds, task.plant, make_of(task.source))
    return Total(agents=1, differs=[(seed, where)] if where else [])


def sample(seeds: range, count: int) -> list[int]:
    """Return `count` of the seeds, evenly spread but in groups and lanes of every kind."""
    count = min(count, len(seeds))
    step = max(1, len(seeds) // max(1, count))
    return [seeds[min(len(seeds) - 1, at * step + at * 7 % step)] for at in range(count)]


def totals(task: Task, jobs: int) -> Generator[Total, None, None]:
    """Yield the totals of consecutive chunks of groups, and of single seeds on real agents."""
    seeds = task.seeds
    groups = range(seeds.start // LANES, (seeds.stop - 1) // LANES + 1)
    chunks = [groups[at : at + CHUNK] for at in range(0, len(groups), CHUNK)]
    held = sample(seeds, task.agents)
    if jobs == 1 or len(chunks) == 1:
        yield from (_run_groups(task, chunk) for chunk in chunks)
        yield from (_hold(task, seed) for seed in held)
        return
    slow: list[tuple[Callable[..., Total], tuple[Any, ...]]]
    slow = [(_hold, (task, seed)) for seed in held]
    calls = [*slow, *((_run_groups, (task, chunk)) for chunk in chunks)]
    yield from shared(jobs, calls)
