"""`quelea lockstep`: one fleet in synchronous rounds, in this process or over the ranks of MPI."""

import hashlib
import json
import resource
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from quelea_proto import limits, rules
from rich.console import Console

from quelea.errors import EXIT_FALSE, EXIT_OK, EXIT_USAGE, UserError
from quelea.fleet.options import MODES
from quelea.journal import Check
from quelea.lockstep import team as teams
from quelea.lockstep.exact import Exact
from quelea.lockstep.graph import NODES_MAX, Order, rows
from quelea.lockstep.resilient import ATTACKS, Resilient, draw_values
from quelea.lockstep.team import Team, share

ROUNDS_MAX = 10_000_000
RSS_BYTES = 1 if sys.platform == "darwin" else 1024  # unit of ru_maxrss


@dataclass(frozen=True)
class Options:
    """Fields are flags. every: rounds between two looks at the spread, each an exchange of all."""

    nodes: int = 100_000
    topology: str = "cycles:4"
    mode: str = "resilient"
    rule: str = "wmsr"
    faults_max: int = 0
    liars: int = 0
    attack: str = "const-max"
    rounds: int = 50
    every: int = 10
    seed: int = 1
    hi_q: int = 1_000_000

    def check(self) -> None:
        """Raise UserError for the first option that is out of range or names nothing."""
        for flag, value, smallest, largest in (
            ("--nodes", self.nodes, 2, NODES_MAX),
            ("--faults-max", self.faults_max, 0, limits.FAULTS_MAX),
            ("--liars", self.liars, 0, self.nodes - 1),
            ("--rounds", self.rounds, 1, ROUNDS_MAX),
            ("--every", self.every, 1, ROUNDS_MAX),
            ("--seed", self.seed, 0, 1 << 31),
            ("--hi-q", self.hi_q, 1, limits.Q_MAX),
        ):
            if not smallest <= value <= largest:
                raise UserError(f"{value} is out of range", flag, f"{smallest} to {largest}")
        for flag, word, words in (
            ("--mode", self.mode, MODES),
            ("--attack", self.attack, ATTACKS),
            ("--rule", self.rule, tuple(row[0] for row in rules.RULES)),
        ):
            if word not in words:
                raise UserError(f"{word!r} is unknown", flag, f"one of: {', '.join(words)}")
        if self.mode == "exact" and self.liars:
            raise UserError(
                f"{self.liars} liars in exact mode",
                "--liars",
                "exact averaging trusts every node",
                "add `--liars 0`, or use `--mode resilient`",
            )


@dataclass
class Result:
    """course: (round, lowest, highest) of the honest values. ms_*: of the slowest rank.

    bytes_node: the largest rank's peak memory over its nodes, everything else in it included.
    """

    course: list[tuple[int, int, int]]
    digest: str
    outside: int
    met: int
    gap_q: int
    waits: int
    crossing: int
    ms_round: float
    ms_exchange: float
    ms_build: float
    bytes_node: float


def simulate(options: Options, team: Team) -> Result | None:
    """Run the rounds on all ranks; the result at rank 0, None elsewhere."""
    started_s = time.perf_counter()
    first, last = share(options.nodes, team)
    own = rows(options.topology, options.nodes, options.seed, first, last)
    inputs_q = draw_values(first, own.count, options.seed, options.hi_q)
    places = Order(options.nodes, options.seed).node(np.arange(options.liars))
    liars = np.zeros(own.count, dtype=bool)
    liars[places[(places >= first) & (places < last)] - first] = True
    fleet: Resilient | Exact
    if options.mode == "exact":
        fleet = Exact(own, options.nodes, team, inputs_q)
    else:
        fleet = Resilient(
            own, options.nodes, team, inputs_q, options.rule, options.faults_max, liars,
            options.attack, options.seed, options.hi_q,
        )  # fmt: skip
    honest = ~liars
    low_q, high_q = _extremes(inputs_q[honest], team)
    course = [(0, low_q, high_q)]
    outside, exchange_s = 0, 0.0
    built_s = time.perf_counter()
    for number in range(1, options.rounds + 1):
        begun_s = time.perf_counter()
        heard = fleet.exchange()
        exchange_s += time.perf_counter() - begun_s
        fleet.move(heard)
        if number % options.every == 0 or number == options.rounds:
            values_q = fleet.values_q[honest]
            course.append((number, *_extremes(values_q, team)))
            outside += int(((values_q < low_q) | (values_q > high_q)).sum())
    ended_s = time.perf_counter()
    given_q = fleet.given_q if isinstance(fleet, Exact) else 0
    waits = fleet.waits if isinstance(fleet, Exact) else 0
    gap_q = int(inputs_q.sum(dtype=np.int64) - fleet.values_q.sum(dtype=np.int64)) - given_q
    sums = team.total(np.array([outside, gap_q, waits, fleet.halo.crossing], dtype=np.int64))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_BYTES / max(1, own.count)
    spans_s = (ended_s - built_s, exchange_s, built_s - started_s, memory / 1000)
    slowest_s = -team.least(-np.array(spans_s))
    digest = _digest(course, fleet.state, team)
    if team.rank:
        return None
    ms = 1000.0 * slowest_s / np.array([options.rounds, options.rounds, 1, 1])
    return Result(
        course, digest, int(sums[0]), fleet.met, int(sums[1]), int(sums[2]), int(sums[3]),
        *(round(float(value), 4) for value in ms),
    )  # fmt: skip


def _extremes(values_q: Any, team: Team) -> tuple[int, int]:
    low, high = limits.SMALL_MAX, limits.SMALL_MAX  # of a rank where nobody is honest
    if len(values_q):
        low, high = int(values_q.min()), -int(values_q.max())
    least = team.least(np.array([low, high], dtype=np.int64))
    return int(least[0]), -int(least[1])


def _digest(course: list[tuple[int, int, int]], state: tuple[bytes, ...], team: Team) -> str:
    """Return SHA-256 of the course and of each column in the order of the nodes."""
    total = hashlib.sha256(json.dumps(course).encode())
    for column in state:
        for part in team.chain(column) or ():
            total.update(part)
    return total.hexdigest()


def command(options: Options, as_json: bool = False) -> int:
    """Run and judge; rank 0 speaks. UserError for wrong options."""
    team = teams.make()
    try:
        options.check()
        result = simulate(options, team)
    except UserError:
        if team.rank:
            return EXIT_USAGE  # rank 0 says it
        raise
    except Exception:
        if not isinstance(team, teams.Mpi):
            raise
        traceback.print_exc()
        sys.stderr.flush()
        team.abort(EXIT_FALSE)
    if result is None:
        return EXIT_OK
    return _report(options, result, team.size, as_json)


def checks(options: Options, result: Result) -> list[Check]:
    """Return the verdict."""
    first_q, final_q = (row[2] - row[1] for row in (result.course[0], result.course[-1]))
    found = [Check("spread at the end", final_q < first_q, final_q, first_q, "q")]
    if options.mode == "exact":
        found.append(
            Check("inputs less values less flows", result.gap_q == 0, result.gap_q, 0, "q")
        )
        found.append(Check("moves put off", result.waits == 0, result.waits, 0, "moves"))
        return found
    if result.met <= options.faults_max and (options.rule != "mean" or not options.liars):
        found.append(
            Check("honest values outside the hull", result.outside == 0, result.outside, 0, "")
        )
    if options.liars:
        found.append(
            Check("a node meets liars", result.met <= options.faults_max, result.met,
                  options.faults_max, "liars")
        )  # fmt: skip
    return found


def _report(options: Options, result: Result, ranks: int, as_json: bool) -> int:
    found = checks(options, result)
    holds = all(check.ok for check in found)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for number, low_q, high_q in result.course:
        console.print(f"round {number:6}: honest values {low_q:,} to {high_q:,}")
    for check in found:
        mark = "[green]holds[/]" if check.ok else "[red]FAILS[/]"
        console.print(
            f"{mark}  {check.name}: {check.value:,} {check.unit} (bound {check.bound:,})"
        )
    each = result.crossing / ranks
    console.print(
        f"{options.nodes:,} nodes on {ranks} rank{'s' * (ranks > 1)}: {result.ms_round:.3f} ms a "
        f"round, {result.ms_exchange:.3f} ms of it exchange of {each:,.0f} values a rank; "
        f"built in {result.ms_build / 1000:.1f} s, {result.bytes_node:,.0f} bytes a "
        f"node; digest {result.digest[:16]}"
    )
    if as_json:
        row = {"verdict": holds, "checks": [check._asdict() for check in found], "ranks": ranks}
        print(json.dumps(row | asdict(result) | {"options": asdict(options)}))
    return EXIT_OK if holds else EXIT_FALSE
