"""`quelea validate`: what a fleet.toml promises, with the numbers that the promise rests on."""

import json
import sys
from typing import Any

from quelea_proto.headroom_row import row_bytes

from quelea.configure import fleetfile
from quelea.errors import EXIT_OK
from quelea.fleet import plan
from quelea.fleet.options import FleetOptions
from quelea.headroom.group import AGREED, Group
from quelea.headroom.plan import Split
from quelea.headroom.terms import leases, quorum


def command(file: str, as_json: bool) -> int:
    """Print what holds; UserError, with what would fit, for a file of which nothing does."""
    given, group = fleetfile.load(fleetfile.find(file))
    the_plan = plan.make(FleetOptions(config=file, liars=0))
    period_ms = int(given.get("period_ms", FleetOptions().period_ms))
    limits = [_limit(group, number, period_ms) for number in range(len(group.splits))]
    if as_json:
        checks = [
            {
                "name": f"limit {row['name']}",
                "ok": True,
                "value": row["worst_q"],
                "bound": row["budget_q"],
                "unit": group.unit,
            }
            for row in limits
        ]
        graph = {"name": the_plan.topology.name, "certificate": str(the_plan.certificate)}
        report = {"verdict": True, "checks": checks, "limits": limits, "topology": graph}
        print(json.dumps(report))
    for row in limits:
        for line in _told(row, group):
            print(line, file=sys.stderr)
    for line in [_graph(the_plan, group), *the_plan.warnings]:
        print(line, file=sys.stderr)
    own = group.policy == AGREED and not group.agrees
    way = ", each by levels of its own: several limits or priorities" if own else ""
    print(f"{len(group.loads)} loads, {group.policy}{way}: every limit holds.", file=sys.stderr)
    return EXIT_OK


def _graph(the_plan: plan.Plan, group: Group) -> str:
    """Return what carries the consensus, and that every line of a limit is there."""
    topology = the_plan.topology
    links = sum(len(topology.neighbours(node)) for node in topology.nodes) // 2
    limits_q = max(split.faults_max for split in group.splits)
    weak = "" if limits_q <= the_plan.faults_max else (
        f"; the limits reckon with {limits_q}: set faults_max in [fleet] for fair shares too"
    )  # fmt: skip
    return (
        f"consensus: {topology.name}, {links} links, {the_plan.certificate}, enough for "
        f"{the_plan.faults_max} liars among a node's neighbours; rows of a limit go through the "
        f"broker from each of its members to every other, so units need one step{weak}"
    )


def usable_q(split: Split, wanting: int) -> int:
    """Return how much the first so many members can have when they want all, the others nothing.

    A line takes at most line_q from each of the others, and no more than that one owns.
    """
    having = split.members[:wanting]
    there_q = sum(one.floor_q + one.initial_q for one in having)
    for one in split.members[wanting:]:
        there_q += min(one.initial_q, wanting * split.line_q)
    return there_q


def _limit(group: Group, number: int, period_ms: int) -> dict[str, Any]:
    split, loads = group.splits[number], group.members(number)
    given = group.given[number]
    floors_q = sum(one.floor_q for one in split.members)
    least_q = sorted(max(load.least_q - load.floor_q, 0) for load in loads)
    on = 0
    while on < len(least_q) and floors_q + sum(least_q[: on + 1]) <= split.budget_q:
        on += 1
    count = len(loads)
    return {
        "name": group.names[number],
        "limit_q": given["limit_q"],
        "safety_percent": given["safety_percent"],
        "budget_q": split.budget_q,
        "members": count,
        "floors_q": floors_q,
        "initial_q": split.members[0].initial_q,
        "faults_max": split.faults_max,
        "line_q": split.line_q,
        "worst_q": split.worst_q,
        "reserve_q": split.budget_q - floors_q - sum(one.initial_q for one in split.members),
        "usable_q": {str(k): usable_q(split, k) for k in sorted({1, count // 2, count})},
        "on_together": on,
        "settle_ms": split.settle_rounds * period_ms,
        "bytes_a_second": count * count * row_bytes(count - 1) * 1000 // period_ms,
        "record_bytes": 2 * (16 + 12 * (count - 1)),
    }


def _told(row: dict[str, Any], group: Group) -> list[str]:
    unit = group.unit
    lines = [
        f"limit {row['name']}: {row['safety_percent']} % of {row['limit_q']} {unit} = "
        f"{row['budget_q']} {unit} for {row['members']} loads",
        f"  floors add up to {row['floors_q']} {unit}; each load begins with "
        f"{row['initial_q']} {unit} of headroom",
        f"  at the worst {row['worst_q']} {unit} are drawn or under way, with up to "
        f"{row['faults_max']} liars"
        + (f" and lines of {row['line_q']} {unit}" if row["faults_max"] else ""),
    ]
    parts = [f"{k} of them {used} ({100 * used // row['budget_q']} %)"
             for k, used in row["usable_q"].items()]  # fmt: skip
    lines.append(
        f"  {row['reserve_q']} {unit} are kept for what liars add; if they want all that there "
        f"is, can have: {', '.join(parts)}"
    )
    if row["on_together"] < row["members"]:
        lines.append(
            f"  at most {row['on_together']} of {row['members']} loads have their least amount at "
            "a time; the others wait for their turn"
        )
    if group.terms is not None:
        voters = sum(not load.vacant for load in group.loads)
        wait_ms = group.terms.wait_ms(group.period_ms, row["settle_ms"] // group.period_ms)
        keep = quorum(voters, row["faults_max"])
        lines.append(
            f"  members may change: {keep} of {voters} must stay, a lease takes "
            f"{leases(voters, row['faults_max'])} of them and lasts {group.terms.lease_ms} ms; "
            f"what a dead one held is free after {wait_ms} ms"
        )
    lines.append(
        f"  a lowered cap has {row['settle_ms']} ms to take effect; rows take "
        f"{row['bytes_a_second']} bytes/s at the broker, records {row['record_bytes']} bytes of "
        "flash a node"
    )
    return lines
