"""`quelea hierarchy`: many agents in clusters against the same agents flat."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.hierarchy import ground
from quelea.hierarchy.inside import KINDS
from quelea.hierarchy.race import NEAR_SHARE, Course, Race, Result
from quelea.journal import Check

FEWER_MIN = 10.0
COST_MAX = 3
NODES = (300, 1_000_000)
FAULTS_MAX = 5
TOLD_S = 10.0


@dataclass(frozen=True)
class Options:
    """Fields are flags. flat_times: the flat fleet is stopped at so many times the messages."""

    nodes: int = 100_000
    faults_max: int = 1
    kind: str = "pairs"
    flat_times: float = 12.0
    seed: int = 1
    png: Path | None = None

    def check(self) -> None:
        """Raise UserError for the first option that is out of range or names nothing."""
        for flag, value, smallest, largest in (
            ("--nodes", self.nodes, *NODES),
            ("--faults-max", self.faults_max, 0, FAULTS_MAX),
            ("--flat-times", self.flat_times, FEWER_MIN, 1e6),
            ("--seed", self.seed, 0, 1 << 31),
        ):
            if not smallest <= value <= largest:
                raise UserError(f"{value} is out of range", flag, f"{smallest} to {largest}")
        if self.kind not in KINDS:
            raise UserError(f"{self.kind!r} is unknown", "--kind", f"one of: {', '.join(KINDS)}")


def command(options: Options, as_json: bool = False) -> int:
    """Run, judge and print; return the exit status."""
    options.check()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    fleet = ground.make(options.nodes, options.seed, options.faults_max)
    sizes = fleet.hierarchy.sizes
    console.print(
        f"{options.nodes:,} agents, {fleet.topology.degree_mean:.1f} in reach of each, in "
        f"{len(sizes)} clusters of {min(sizes)} to {max(sizes)}, {fleet.hierarchy.hops} hops wide"
    )
    race = Race(fleet, options.kind, options.seed)
    race.clusters()
    told_s = time.monotonic()
    for more in race.flat(options.flat_times):
        if time.monotonic() - told_s > TOLD_S:
            told_s = time.monotonic()
            print(f"flat: {more:.1f} times the messages", file=sys.stderr)
    result = race.result
    found = checks(result)
    holds = all(check.ok for check in found)
    _table(console, result)
    for check in found:
        mark = "[green]holds[/]" if check.ok else "[red]FAILS[/]"
        console.print(f"{mark}  {check.name}: {check.value} {check.unit} (bound {check.bound})")
    if options.png is not None:
        from quelea.hierarchy.picture import draw

        draw(fleet, result, options.png)
        console.print(f"picture: {options.png}")
    if as_json:
        rows = [check._asdict() for check in found]
        print(json.dumps({"verdict": holds, "checks": rows} | figures(fleet, result)))
    return EXIT_OK if holds else EXIT_FALSE


def _at(course: Course) -> int:
    """Return the interval that counts: in which all were near, or the last."""
    return len(course.worst) - 1 if course.reached is None else course.reached


def fewer(result: Result) -> tuple[float, float]:
    """Return how many times the clusters' messages the flat fleet sent and heard."""
    here, there = result.clusters, result.flat
    return (
        round(there.sent[_at(there)] / here.sent[_at(here)], 2),
        round(there.heard[_at(there)] / here.heard[_at(here)], 2),
    )


def checks(result: Result) -> list[Check]:
    """Return the verdict."""
    worst = min(result.clusters.worst)
    sent, heard = fewer(result)
    rows = result.lied.values()
    outside, looked = sum(row.outside for row in rows), sum(row.looked for row in rows)
    gap_q = max(row.gap_q for row in rows)
    late = [name for name, row in result.lied.items() if row.reached is None]
    told = result.liars == 0 or min(row.lies for row in rows) > 0
    return [
        Check(
            "an agent's distance from the flat fleet's answer",
            worst <= NEAR_SHARE, round(worst, 5), NEAR_SHARE,
        ),
        Check("flat sends more, by", sent >= FEWER_MIN, sent, FEWER_MIN, "times"),
        Check("flat hears more, by", heard >= FEWER_MIN, heard, FEWER_MIN, "times"),
        Check(
            "a dead delegate costs", 0 < result.cost <= COST_MAX, result.cost, COST_MAX,
            f"intervals, of {result.deaths} deaths",
        ),
        Check("values moved until then by", result.moved_q == 0, result.moved_q, 0, "q"),
        Check(
            "with F liars in each cluster, beliefs outside the honest hull",
            outside == 0 and looked > 0 and told, outside, 0, f"of {looked:,}",
        ),
        Check(
            "lies moved an agent by", gap_q <= result.gap_max_q, gap_q, result.gap_max_q,
            "q; so far members of one cluster differ",
        ),
        Check("lies under which it was not reached", not late, len(late), 0, ", ".join(late)),
        Check(
            "intervals after all demand rose by a quarter", result.risen is not None,
            result.risen, "any", "",
        ),
    ]  # fmt: skip


def _table(console: Console, result: Result) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("form", "intervals", "off", "sent", "heard", "bytes"):
        table.add_column(name, justify="left" if name == "form" else "right", no_wrap=True)
    for name, course in (("clusters", result.clusters), ("flat", result.flat)):
        at = _at(course)
        there = "" if course.reached is not None else ", stopped"
        table.add_row(
            name + there, str(at + 1), f"{course.worst[at]:.2%}",
            *(_millions(part[at]) for part in (course.sent, course.heard, course.heard_bytes)),
        )  # fmt: skip
    for name, row in result.lied.items():
        when = "never" if row.reached is None else str(row.reached + 1)
        table.add_row(f"clusters, lies: {name}", when, "", "", "")
    naive = result.naive
    assert naive is not None
    for name, off in (
        ("as in the article", naive.off),
        ("  a leader lies: all others", naive.lied_all),
        ("  a leader lies: its own", naive.lied_own),
        ("  a leader is dead: its own", naive.dead),
    ):
        table.add_row(name, "", f"{off:.2%}", "", "")
    console.print(table)


def _millions(count: int) -> str:
    return f"{count / 1e6:,.1f} M"


def figures(fleet: ground.Ground, result: Result) -> dict[str, Any]:
    """Return what --json adds to the checks."""
    sizes = fleet.hierarchy.sizes
    return {
        "answer_q": result.answer_q,
        "clusters": len(sizes),
        "size_least": min(sizes),
        "size_most": max(sizes),
        "hops": fleet.hierarchy.hops,
        "degree_mean": round(fleet.topology.degree_mean, 2),
        "row_bytes": result.row_bytes,
        "intervals": _at(result.clusters) + 1,
        "flat_reached": result.flat.reached is not None,
        "messages": {
            name: {
                "sent": course.sent[_at(course)],
                "heard": course.heard[_at(course)],
                "heard_bytes": course.heard_bytes[_at(course)],
            }
            for name, course in (("clusters", result.clusters), ("flat", result.flat))
        },
        "lies": {name: asdict(row) for name, row in result.lied.items()},
        "naive": asdict(result.naive) if result.naive is not None else None,
        "risen_intervals": result.risen,
    }
