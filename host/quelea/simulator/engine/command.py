"""`quelea sim --engine`: thousands of seeds in lanes; a single one is held to the Machines too."""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.journal import Check
from quelea.journal.folder import git_commit
from quelea.simulator.engine.lanes import SEEN, Lanes, Result
from quelea.simulator.engine.plan import LANES, plan
from quelea.simulator.engine.twin import Twin

SEEDS_MAX = 100_000_000
SHOWN_MAX = 10
CHUNK = 8  # groups handed to a process at a time


@dataclass
class Total:
    """What many seeds came to. broken: (seed, sentences). due: in how many agreement was due."""

    seeds: int = 0
    due: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, list[str]]] = field(default_factory=list)
    digest: int = 0

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
        self.seeds += other.seeds
        self.due += other.due
        self.seen.update(other.seen)
        self.broken += other.broken
        self.digest = (self.digest * 31 + other.digest) % (1 << 64)


def run_groups(task: tuple[range, int, int, int, int]) -> Total:
    """Run the groups of a task: (groups, nodes, rounds, first seed, last seed + 1)."""
    groups, nodes, rounds, first, last = task
    total = Total()
    for number in groups:
        total.add(Lanes(plan(number, nodes, rounds)).run(), first, last)
    return total


def totals(seeds: range, nodes: int, rounds: int, jobs: int) -> Iterator[Total]:
    """Yield the totals of consecutive chunks of groups, computed by `jobs` processes."""
    groups = range(seeds.start // LANES, (seeds.stop - 1) // LANES + 1)
    tasks = [
        (groups[at : at + CHUNK], nodes, rounds, seeds.start, seeds.stop)
        for at in range(0, len(groups), CHUNK)
    ]
    if jobs == 1 or len(tasks) == 1:
        yield from map(run_groups, tasks)
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(run_groups, tasks)


def difference(seed: int, nodes: int, rounds: int) -> str:
    """Return the first place where the lanes differ from the reference's Machines, or ""."""
    group, lane = plan(seed // LANES, nodes, rounds), seed % LANES
    lanes, twin = Lanes(group), Twin(group, lane)
    segment = -1
    for round_ in twin.run(rounds):
        if segment != twin.segment:
            segment = twin.segment
            lanes.enter(segment)
        lanes.machine.run(round_, round_ + 1)
        for node in range(1, nodes + 1):
            active = bool(lanes.head[round_ % 16, node - 1, 0, lane])
            machine = twin.machines[node - 1]
            if active != twin.active[node - 1]:
                return f"round {round_}, node {node}: who is up differs"
            if not active or machine is None:
                continue
            ours, theirs = lanes.state(node, lane, round_), machine.state()
            for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                if one is not None and one != other:
                    return f"round {round_}, node {node}, state[{at}]: {one}, Machine {other}"
    return ""


def engine(
    seed: int | None,
    seeds: int | None,
    nodes: int = 64,
    rounds: int = 500,
    jobs: int | None = None,
    as_json: bool = False,
) -> int:
    """Run seeds in lanes and return the exit status: 0 if nothing was broken, 1 if so.

    With a seed and no number of seeds only that one, on the Machines as well.
    """
    count = seeds if seeds is not None else (1 if seed is not None else 1000)
    first = seed or 0
    if first < 0 or not 1 <= count <= SEEDS_MAX:
        raise UserError(f"{count} seeds from {first} on", "--seeds", f"1 to {SEEDS_MAX}, from 0")
    jobs = jobs or min(2, os.cpu_count() or 1)
    started_s = time.perf_counter()
    total = Total()
    for part in totals(range(first, first + count), nodes, rounds, jobs):
        total.join(part)
    wall_s = time.perf_counter() - started_s
    checks = [Check("seeds broken", not total.broken, len(total.broken), 0, "seeds")]
    if count >= 16 * LANES:
        rows = total.seen.items()
        checks += [Check(f"took effect: {name}", n > 0, n, 1, "times") for name, n in rows]
    if count == 1:
        differs = difference(first, nodes, rounds)
        checks.append(Check("states that differ from the Machines", not differs, differs, ""))
        print(
            json.dumps(plan(first // LANES, nodes, rounds).options(first % LANES)), file=sys.stderr
        )
    _say(total, checks, wall_s)
    if as_json:
        print(json.dumps(_as_json(total, checks, first, nodes, rounds, wall_s)))
    return EXIT_OK if all(check.ok for check in checks) else EXIT_FALSE


def _say(total: Total, checks: list[Check], wall_s: float) -> None:
    lines = []
    for seed, sentences in total.broken[:SHOWN_MAX]:
        lines.append(f"seed {seed}: {sentences[0]}\n  again: quelea sim --engine --seed {seed}")
    for check in checks:
        if not check.ok:
            lines.append(f"  FAIL {check.name}: {check.value} (bound {check.bound})")
    seen = ", ".join(f"{name} {count:,}" for name, count in total.seen.items())
    rounds = total.seen["node-rounds"]
    lines.append(f"took effect: {seen}")
    lines.append(
        f"{total.seeds:,} seeds, {len(total.broken)} broken, agreement due in {total.due:,}; "
        f"{rounds:,} node-rounds in {wall_s:.1f} s, {rounds / wall_s / 1e6:.1f} million a second; "
        f"commit {git_commit() or 'unknown'}; digest {total.digest:016x}"
    )
    print("\n".join(lines), file=sys.stderr)


def _as_json(
    total: Total, checks: list[Check], first: int, nodes: int, rounds: int, wall_s: float
) -> dict[str, Any]:
    return {
        "verdict": all(check.ok for check in checks),
        "checks": [check._asdict() for check in checks],
        "seeds": {"first": first, "count": total.seeds, "agreement_due": total.due},
        "nodes": nodes,
        "rounds": rounds,
        "seen": dict(total.seen),
        "failures": [
            {"seed": seed, "violations": texts, "again": f"quelea sim --engine --seed {seed}"}
            for seed, texts in total.broken[:SHOWN_MAX]
        ],
        "commit": git_commit(),
        "digest": f"{total.digest:016x}",
        "wall_s": round(wall_s, 2),
    }
