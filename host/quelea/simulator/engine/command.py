"""`quelea sim --engine`: thousands of seeds in lanes, some of them held to real agents as well."""

import json
import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from quelea.errors import EXIT_FALSE, EXIT_INTERRUPT, EXIT_OK, UserError
from quelea.journal import Check
from quelea.journal.folder import git_commit
from quelea.simulator import pool
from quelea.simulator.engine import plants
from quelea.simulator.engine.lanes import CHECKS
from quelea.simulator.engine.plan import LANES, NODES, ROUNDS, plan
from quelea.simulator.engine.replay import Replay, explain, make_of, replay
from quelea.simulator.engine.total import Task, Total, totals
from quelea.simulator.source import INSTALLED, of_folder

SEEDS_MAX = 100_000_000
SEEDS = 1000
SHOWN_MAX = 10
AGENTS = 8  # seeds of a run that are held to real agents
WHOLE = 16 * LANES  # seeds from which on every fault must have taken effect
REPORT_S = 5.0


@dataclass(frozen=True)
class Asked:
    """The flags of the command. firmware: another copy of the nodes' code for the real agents.

    scenario: a name that was given as well, to be refused.
    """

    seed: int | None = None
    seeds: int | None = None
    nodes: int = NODES
    rounds: int = ROUNDS
    jobs: int | None = None
    agents: int = AGENTS
    plant: str = ""
    firmware: Path | None = None
    runs: Path = Path("runs")
    as_json: bool = False
    scenario: str | None = None

    @property
    def single(self) -> bool:
        return self.seed is not None and self.seeds is None

    @property
    def wanted(self) -> range:
        """Return the seeds; UserError for numbers that cannot be."""
        first = self.seed or 0
        count = 1 if self.single else self.seeds if self.seeds is not None else SEEDS
        if first < 0:
            raise UserError(f"{first} is no seed", "--seed", "0 or more", "write --seed 1")
        if not 1 <= count <= SEEDS_MAX:
            raise UserError(f"{count} seeds", "--seeds", f"1 to {SEEDS_MAX}", "write --seeds 1000")
        if self.agents < 0:
            raise UserError(f"{self.agents} seeds", "--agents", "0 or more", "write --agents 8")
        return range(first, first + count)

    def again(self, seed: int) -> str:
        """Return the one command that runs a seed again."""
        flags = [f"quelea sim --engine --seed {seed}"]
        flags += [f"--nodes {self.nodes}"] if self.nodes != NODES else []
        flags += [f"--rounds {self.rounds}"] if self.rounds != ROUNDS else []
        flags += [f"--plant {self.plant}"] if self.plant else []
        flags += [f"--firmware {self.firmware}"] if self.firmware else []
        return " ".join(flags)


def say(text: str) -> None:
    """Print text for people."""
    print(text, file=sys.stderr, flush=True)


def engine(asked: Asked) -> int:
    """Run seeds in lanes and return the exit status: 0 if all holds, 1 if not, 130 on Ctrl-C.

    With a seed and no number of seeds only that one, every state of it beside real agents. With
    an error to be planted: look for it, or with a seed alone show what it does there.
    """
    if asked.scenario is not None:
        raise UserError(
            f"a scenario, {asked.scenario!r}, with --engine",
            "--engine",
            "the engine draws everything from the seed",
            "leave out one of the two",
        )
    if asked.plant == "all" or (asked.plant and not asked.single):
        return _hunt(asked)
    seeds, jobs = asked.wanted, pool.count(asked.jobs)
    source = INSTALLED if asked.firmware is None else of_folder(asked.firmware)
    plan(seeds.start // LANES, asked.nodes, asked.rounds)  # refuses sizes that do not fit
    plant = plants.number(asked.plant) if asked.plant else 0
    agents = 0 if asked.single else min(asked.agents, len(seeds))
    total = Total()
    started_s = time.perf_counter()
    try:
        if not asked.single:
            say(f"{len(seeds):,} seeds from {seeds.start} on, {jobs} processes")
        _run(Task(seeds, asked.nodes, asked.rounds, plant, agents, source), jobs, total)
        beside = _beside(asked, total, plant, source)
    except KeyboardInterrupt:
        say(f"stopped after {total.seeds:,} of {len(seeds):,} seeds, {len(total.broken)} broken")
        if asked.as_json:
            print(json.dumps({"verdict": False, "checks": [], "stopped": True}))
        return EXIT_INTERRUPT
    wall_s = time.perf_counter() - started_s
    checks = _checks(total, beside)
    holds = all(check.ok for check in checks)
    if asked.single:
        group = plan(seeds.start // LANES, asked.nodes, asked.rounds)
        say(f"options {json.dumps(group.options(seeds.start % LANES))}")
    _say(asked, total, checks, beside, wall_s)
    if asked.as_json:
        print(json.dumps(_as_json(asked, total, checks, beside, wall_s)))
    return EXIT_OK if holds else EXIT_FALSE


def _run(task: Task, jobs: int, total: Total) -> None:
    told_s = time.monotonic()
    with closing(totals(task, jobs)) as parts:
        for part in parts:
            total.join(part)
            if time.monotonic() - told_s > REPORT_S:
                told_s = time.monotonic()
                say(
                    f"{total.seeds:,} of {len(task.seeds):,} seeds, {len(total.broken)} broken; "
                    f"{total.agents} of {task.agents} beside real agents"
                )


def _beside(asked: Asked, total: Total, plant: int, source: Any) -> dict[int, Replay]:
    """Run the only seed, or the first that failed, on real agents; keep what explains it."""
    failed = [seed for seed, _ in total.broken] + [seed for seed, _ in total.differs]
    chosen = [asked.seed or 0] if asked.single else failed[:1]
    make = make_of(source)
    return {
        seed: replay(seed, asked.nodes, asked.rounds, plant, make, asked.runs, seed in failed)
        for seed in chosen
    }


def _checks(total: Total, beside: dict[int, Replay]) -> list[Check]:
    broken_by = total.broken_by
    checks = [Check(n, not broken_by[n], broken_by[n], 0, "seeds broken") for n in CHECKS]
    if total.seeds >= WHOLE:
        rows = total.seen.items()
        checks += [Check(f"took effect: {name}", n > 0, n, 1, "times") for name, n in rows]
    differs = len(
        {seed for seed, _ in total.differs} | {n for n, r in beside.items() if r.differs}
    )
    checks.append(Check("not as the real agents", not differs, differs, 0, "seeds"))
    journals = sum(len(one.violations) for one in beside.values())
    checks.append(Check("broken on real agents", not journals, journals, 0, "checkers"))
    return checks


def _say(
    asked: Asked, total: Total, checks: list[Check], beside: dict[int, Replay], wall_s: float
) -> None:
    plant = plants.number(asked.plant) if asked.plant else 0
    for at, (seed, sentences) in enumerate(total.broken[:SHOWN_MAX]):
        for text in sentences:
            say(f"seed {seed}: {text}")
        for line in explain(seed, asked.nodes, asked.rounds, plant) if at == 0 else ():
            say(f"  {line}")
        say(f"  again: {asked.again(seed)}")
    for seed, text in total.differs[:SHOWN_MAX]:
        say(f"seed {seed}: {text}\n  again: {asked.again(seed)}")
    for seed, one in beside.items():
        say(f"seed {seed} on real agents: {one.differs or 'the same state in every round'}")
        for name, texts in one.violations.items():
            say(f"  {name}: {texts[0]}")
        for file in one.files:
            say(f"  kept: {file}")
    for check in checks:
        if not check.ok:
            say(f"  FAIL {check.name}: {check.value} {check.unit} (bound {check.bound})")
    say("took effect: " + ", ".join(f"{name} {count:,}" for name, count in total.seen.items()))
    rounds, held = total.seen["node-rounds"], max(total.agents, len(beside))
    say(
        f"{total.seeds:,} seeds of {asked.nodes} nodes and {asked.rounds} rounds, "
        f"{len(total.broken)} broken, {held} beside real agents, agreement due in {total.due:,}; "
        f"{rounds:,} node-rounds in {wall_s:.1f} s, {rounds / wall_s / 1e6:.1f} million a second; "
        f"commit {git_commit() or 'unknown'}; digest {total.digest:016x}"
    )
    holds = all(check.ok for check in checks)
    say("the verdict holds" if holds else "THE VERDICT DOES NOT HOLD")


def _as_json(
    asked: Asked, total: Total, checks: list[Check], beside: dict[int, Replay], wall_s: float
) -> dict[str, Any]:
    return {
        "verdict": all(check.ok for check in checks),
        "checks": [check._asdict() for check in checks],
        "seeds": {"first": asked.wanted.start, "count": total.seeds, "agreement_due": total.due},
        "nodes": asked.nodes,
        "rounds": asked.rounds,
        "seen": dict(total.seen),
        "failures": [
            {"seed": seed, "violations": texts, "again": asked.again(seed)}
            for seed, texts in total.broken[:SHOWN_MAX]
        ],
        "agents": {
            "seeds": max(total.agents, len(beside)),
            "differs": [
                {"seed": seed, "where": where, "again": asked.again(seed)}
                for seed, where in total.differs[:SHOWN_MAX]
                + [(seed, one.differs) for seed, one in beside.items() if one.differs]
            ],
            "violations": {seed: one.violations for seed, one in beside.items() if one.violations},
            "kept": [str(file) for one in beside.values() for file in one.files],
        },
        "commit": git_commit(),
        "digest": f"{total.digest:016x}",
        "wall_s": round(wall_s, 2),
    }


def _hunt(asked: Asked) -> int:
    """Look for one planted error or for all of them; 0 if every one was found."""
    names = [row[0] for row in plants.PLANTS[1:]]
    chosen = range(1, len(plants.PLANTS)) if asked.plant == "all" else [plants.number(asked.plant)]
    if asked.plant == "all" and asked.single:
        asked = replace(asked, seeds=SEEDS)
    seeds = asked.wanted
    hunts: list[plants.Hunt] = []
    try:
        calls = [(plants.hunt, (number, seeds.start, len(seeds))) for number in chosen]
        with closing(pool.shared(pool.count(asked.jobs), calls)) as answers:
            for one in answers:
                hunts.append(one)
                _say_hunt(one)
    except KeyboardInterrupt:
        say(f"stopped after {len(hunts)} of {len(names)} errors")
        return EXIT_INTERRUPT
    found = sum(one.found for one in hunts)
    say(f"{found} of {len(hunts)} planted errors found within {len(seeds)} seeds")
    if asked.as_json:
        checks = [Check(f"found: {one.name}", one.found, one.first, len(seeds)) for one in hunts]
        rows = [vars(one) for one in hunts]
        document = {"checks": [check._asdict() for check in checks], "hunts": rows}
        print(json.dumps({"verdict": found == len(hunts), **document}))
    return EXIT_OK if found == len(hunts) else EXIT_FALSE


def _say_hunt(one: plants.Hunt) -> None:
    flags = f"--plant {one.name} --nodes {plants.NODES} --rounds {plants.ROUNDS}"
    say(f"{one.name}: {one.why}")
    if one.seed >= 0:
        say(f"  seed {one.seed}: {one.says}")
    if one.agents >= 0:
        say(f"  seed {one.agents} beside real agents: {one.differs}")
    seed = one.seed if one.seed >= 0 else one.agents
    if one.found:
        say(f"  again: quelea sim --engine --seed {seed} {flags}")
    else:
        say("  NOT FOUND")
