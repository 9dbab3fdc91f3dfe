"""Many runs: the table of medians, and what is held against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from quelea.traffic import controllers, networks, store
from quelea.traffic.lies import LIES
from quelea.traffic.run import Job

FIRST_SEED = 6  # parameters were chosen on seeds 1 to 5
BASELINES = ("fixed", "actuated", "max-pressure", "max-pressure-120", "greedy")
COMPARED = tuple(row[0] for row in controllers.CONTROLLERS)
BEHIND_MAX = 1.10  # times the best baseline's median
BETTER_MIN = 5  # networks of eight
Check = dict[str, Any]


def jobs(
    names: Iterable[str], chosen: Sequence[str], seeds: Iterable[int], liars: int = 0,
    cuts: int = 0, lie: str = "full",
) -> list[Job]:  # fmt: skip
    """Return all jobs, seed by seed, so that an interrupted table is even."""
    found = []
    for name in names:
        for seed in seeds:
            for controller in chosen:
                ours = controller == controllers.OURS
                options = lie_options(lie) if ours and liars else ()
                found.append(Job(name, controller, seed, liars * ours, cuts * ours, options))
    return found


def lie_options(lie: str) -> tuple[tuple[str, int], ...]:
    """Return the option that chooses a lie; none for the first."""
    at = [row[0] for row in LIES].index(lie)
    return (("lie", at),) if at else ()


def gather(
    todo: list[Job], path: Path, workers: int, say: Callable[[str], None]
) -> list[store.Row]:
    """Run what is missing, with progress; return the rows of all jobs.

    workers: processes; 0 runs nothing and returns the rows that are there.
    """
    known = store.load(path)
    missing = sum(store.job_key(job) not in known for job in todo)
    if not workers:
        return [known[key] for key in map(store.job_key, todo) if key in known]
    if missing:
        say(f"{missing} of {len(todo)} runs to do; results go to {path}")
    for done, row in enumerate(store.fill(todo, path, workers), 1):
        say(
            f"{done}/{missing} {row['network']} {row['controller']} seed {row['seed']}: "
            f"delay {row['delay_s']:.1f} s ({row['wall_s']:.0f} s)"
        )
    known = store.load(path)
    return [known[store.job_key(job)] for job in todo]


def summaries(rows: list[store.Row]) -> list[dict[str, Any]]:
    """Return one summary a network and controller: medians, ranges, gridlocks."""
    groups: dict[tuple[str, str], list[store.Row]] = {}
    for row in rows:
        groups.setdefault((row["network"], row["controller"]), []).append(row)
    found = []
    for (name, controller), group in groups.items():
        network = networks.find(name)
        delays_s = [row["delay_s"] for row in group]
        jams = [one for one in delays_s if network.gridlock_s and one > network.gridlock_s]
        found.append({
            "network": name, "controller": controller, "seeds": len(group),
            "delay_s": median(delays_s), "delay_s_min": min(delays_s),
            "delay_s_max": max(delays_s), "gridlocks": len(jams),
            "waiting_s": median(row["waiting_s"] for row in group),
            "trip_s": median(row["trip_s"] for row in group),
            "arrived": median(row["arrived"] for row in group),
            "cars": median(row["cars"] for row in group),
            "teleports": sum(row["teleports"] for row in group),
            "messages": median(row["messages"] for row in group),
        })  # fmt: skip
    return found


def lines(rows: list[store.Row]) -> list[str]:
    """Return the table as text."""
    head = (
        f"{'network':<13} {'controller':<17} {'runs':>4} {'delay s':>8} {'least':>7} {'most':>7} "
        f"{'gridlocks':>9} {'waiting':>8} {'trip':>7} {'arrived':>13} {'teleports':>9} "
        f"{'messages':>8}"
    )
    text = [head]
    for one in summaries(rows):
        arrived = f"{one['arrived']:.0f}/{one['cars']:.0f}"
        text.append(
            f"{one['network']:<13} {one['controller']:<17} {one['seeds']:>4} "
            f"{one['delay_s']:>8.1f} {one['delay_s_min']:>7.1f} {one['delay_s_max']:>7.1f} "
            f"{one['gridlocks']:>9} "
            f"{one['waiting_s']:>8.1f} {one['trip_s']:>7.1f} {arrived:>13} "
            f"{one['teleports']:>9} {one['messages']:>8.1f}"
        )
    return text


def checks(rows: list[store.Row]) -> list[Check]:
    """Hold ours to the targets and to the best baseline, where both were run."""
    found: list[Check] = []
    medians = {(one["network"], one["controller"]): one for one in summaries(rows)}
    better = compared = 0
    for network in networks.NETWORKS:
        ours = medians.get((network.name, controllers.OURS))
        if ours is None:
            continue
        value = ours["delay_s"]
        found.append(_check(f"{network.name}: median delay", value, network.target_s, "s"))
        if network.gridlock_s:
            found.append(_check(f"{network.name}: gridlocks", ours["gridlocks"], 0, "runs"))
        others = [medians.get((network.name, name)) for name in BASELINES]
        best = min((one["delay_s"] for one in others if one), default=0.0)
        if best and all(others):
            compared += 1
            better += value < best
            bound = best * BEHIND_MAX
            found.append(_check(f"{network.name}: delay to the best other's", value, bound, "s"))
    if compared == len(networks.NETWORKS):
        found.append({
            "name": "networks on which ours is best", "ok": better >= BETTER_MIN,
            "value": better, "bound": BETTER_MIN, "unit": "networks",
        })  # fmt: skip
    return found


def record(found: list[dict[str, Any]], held: list[Check]) -> str:
    """Return a table as a file to keep: an object with one line a row."""
    rows = [
        json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in one.items()})
        for one in (*found, *held)
    ]
    cut = len(found)
    return (
        '{"table": [\n' + ",\n".join(rows[:cut]) + '\n],\n"checks": [\n'
        + ",\n".join(rows[cut:]) + "\n]}\n"
    )  # fmt: skip


def _check(name: str, value: float, bound: float, unit: str) -> Check:
    return {"name": name, "ok": value <= bound, "value": value, "bound": bound, "unit": unit}
