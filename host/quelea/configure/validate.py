"""`quelea validate`: what a fleet.toml promises, with the numbers that the promise rests on."""

import json
import sys
from typing import Any

from quelea_proto.headroom_row import row_bytes

from quelea.configure import fleetfile
from quelea.errors import EXIT_OK
from quelea.fleet.options import FleetOptions
from quelea.headroom.group import Group


def command(file: str, as_json: bool) -> int:
    """Print what holds; UserError, with what would fit, for a file of which nothing does."""
    given, group = fleetfile.load(fleetfile.find(file))
    FleetOptions(**{**given, "nodes": len(group.loads)}).check()
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
        print(json.dumps({"verdict": True, "checks": checks, "limits": limits}))
    for row in limits:
        for line in _told(row, group):
            print(line, file=sys.stderr)
    print(f"{len(group.loads)} loads, {group.policy}: every limit holds.", file=sys.stderr)
    return EXIT_OK


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
    if row["on_together"] < row["members"]:
        lines.append(
            f"  at most {row['on_together']} of {row['members']} loads have their least amount at "
            "a time; the others wait for their turn"
        )
    lines.append(
        f"  a lowered cap has {row['settle_ms']} ms to take effect; rows take "
        f"{row['bytes_a_second']} bytes/s at the broker, records {row['record_bytes']} bytes of "
        "flash a node"
    )
    return lines
