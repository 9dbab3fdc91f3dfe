"""The limits that an emulated fleet shares: from options or a file to what its nodes are given."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quelea_proto.limits import HEADROOM_Q_MAX

from quelea.errors import UserError
from quelea.fleet.options import FleetOptions
from quelea.headroom.group import Group, Load, make

SWITCHED = "switched"  # a demand: loads that are wanted and not wanted, at random times
ON_S = (30, 80)  # so long, drawn evenly
OFF_S = (20, 50)


def of_options(options: FleetOptions, highest_q: int) -> Group | None:
    """Return the group of --limit, --floors and --policy, or None without a limit.

    highest_q: the largest reading of any node, the most that a load is given.
    """
    if not options.limit:
        if options.floors:
            raise UserError(
                f"floors {options.floors} of no limit", "--floors", "", "give --limit too"
            )
        return None
    floors_q = _floors(options)
    loads = [
        Load(node, floor_q, most_q=max(highest_q, floor_q, 1))
        for node, floor_q in enumerate(floors_q, 1)
    ]
    return make(loads, [options.limit], faults_max=options.liars, policy=options.policy)


def _floors(options: FleetOptions) -> list[int]:
    words = options.floors.split(",") if options.floors else ["0"]
    try:
        values = [int(word) for word in words]
        if min(values) < 0 or max(values) > HEADROOM_Q_MAX:
            raise ValueError
    except ValueError:
        allowed = f"whole numbers from 0 to {HEADROOM_Q_MAX}"
        raise UserError(f"floors {options.floors!r}", "--floors", allowed) from None
    if len(values) == 1:
        return values * options.nodes
    if len(values) != options.nodes:
        raise UserError(
            f"{len(values)} floors for {options.nodes} nodes",
            "--floors",
            "one for all, or one a node separated by commas",
            "correct it",
        )
    return values


def traces(group: Group, rows: int, reading_ms: int, seed: int) -> list[list[int]]:
    """Return for each load a trace of rows readings: its most, or nothing, for random times."""
    out = []
    for load in group.loads:
        rng = random.Random(f"switched {seed} {load.node}")
        trace: list[int] = []
        wanted = rng.random() < 0.7
        while len(trace) < rows:
            length_ms = 1000 * rng.randint(*(ON_S if wanted else OFF_S))
            trace += [load.most_q if wanted else 0] * max(1, length_ms // reading_ms)
            wanted = not wanted
        out.append(trace[:rows])
    return out


def recorded(group: Group) -> dict[str, Any]:
    """Return what the journal keeps of the limits: the first as it was given, and all."""
    return {**group.given[0], "limits": list(group.given), "names": list(group.names)}


def with_loads(options: FleetOptions, group: Group | None) -> FleetOptions:
    """Return the options with as many nodes as the group has loads."""
    return options if group is None else replace(options, nodes=len(group.loads))


def parts_of(ids: Mapping[int, str], numbers: Sequence[int]) -> str:
    """Return ids of nodes for messages."""
    return ", ".join(ids[number] for number in numbers)
