"""One seed of a group that shares limits: is it kept under every fault, and how well is it shared?

First `safety_s` with every fault; then calm, in which only clocks drift, rows get lost at the rate
asked for and liars go on: the demands change every CHANGE_S, and what is drawn is looked at.
"""

import random
from dataclasses import dataclass, field

from quelea.headroom.group import Group, Load
from quelea.headroom.shares import fair, jain, usable_q
from quelea.headroom.world import BrokenLimit, World

CHANGE_S = 40
SETTLED_S = 10.0
STEP_S = 0.25
NEAR = 0.95


@dataclass
class Trial:
    """broken: the first violation, or empty. most: the most that was allowed, share of the worst
    limit. changed_s: from each change until NEAR of what can be drawn is; None: not before the
    next. late: of these, the use after SETTLED_S. index: Jain's, a change each. swings: set points
    that moved by more than one unit though nothing had changed for SETTLED_S."""

    seed: int
    broken: str = ""
    most: float = 0.0
    changed_s: list[float | None] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    index: list[float] = field(default_factory=list)
    swings: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    writes: int = 0


def run(
    group: Group,
    seed: int,
    *,
    safety_s: float = 40.0,
    changes: int = 3,
    loss: float = 0.0,
    liars: int = 0,
    period_ms: int = 1000,
) -> Trial:
    """Return the trial of one seed."""
    rng = random.Random(f"trial {seed}")
    numbers = [load.node for load in group.loads]
    lying = tuple(sorted(rng.sample(numbers, liars)))
    trial = Trial(seed)
    world = World(group, seed, 1.0, loss, lying, period_ms)
    try:
        world.run(safety_s)
        world.calm()
        world.run(12.0)
        for _ in range(changes):
            _change(trial, world, rng)
    except BrokenLimit as error:
        trial.broken = str(error)
    trial.fired = dict(world.fired)
    trial.writes = sum(node.writes for node in world.nodes.values())
    trial.most = max(
        most_q / split.budget_q for most_q, split in zip(world.most_q, group.splits, strict=True)
    )
    return trial


def _change(trial: Trial, world: World, rng: random.Random) -> None:
    for number in world.honest:
        most_q = world.group.load_of(number).most_q
        world.nodes[number].demand_q = rng.choice((0, most_q, most_q, rng.randrange(most_q + 1)))
    start_us = world.t_us
    reached: float | None = None
    points: dict[int, set[int]] = {number: set() for number in world.honest}
    while world.t_us - start_us < CHANGE_S * 1e6:
        world.run(STEP_S)
        elapsed_s = (world.t_us - start_us) / 1e6
        use = _use(world)
        if use < NEAR and elapsed_s <= SETTLED_S:
            reached = None
        elif reached is None and use >= NEAR:
            reached = elapsed_s
        if elapsed_s > SETTLED_S:
            trial.used.append(use)
            for number in world.honest:
                points[number].add(world.nodes[number].sharing.point_q)
    trial.changed_s.append(reached)
    if not world.group.turn_epochs:  # turns move set points though no demand changes
        trial.index.append(_index(world))
        for number, seen in points.items():
            trial.swings += max(seen) - min(seen) > max(2, world.group.load_of(number).unit_q)


def _use(world: World) -> float:
    """Return the least use of a limit: what the honest draw of what they can."""
    least = 1.0
    for split in world.group.splits:
        loads = [load for load in world.group.members(split.limit) if load.node in world.honest]
        claims = {load.node: _claim_q(world, load, split.limit) for load in loads}
        drawn_q = sum(world.nodes[load.node].sharing.point_q for load in loads)
        usable = usable_q(loads, claims, split.budget_q)
        if usable:
            least = min(least, drawn_q / usable)
    return least


def _claim_q(world: World, load: Load, limit: int) -> int:
    """Return what a load could draw of one limit; of several, what the others let through."""
    node = world.nodes[load.node]
    if len(load.limits) > 1:
        at = load.limits.index(limit)
        return int(node.sharing.shares[at].headroom.claim_q)
    return load.claim_q(node.demand_q)


def _index(world: World) -> float:
    """Return the least of Jain's indices: what each honest one draws against its fair share."""
    least = 1.0
    for split in world.group.splits:
        loads = [load for load in world.group.members(split.limit) if load.node in world.honest]
        claims = {load.node: _claim_q(world, load, split.limit) for load in loads}
        shares = fair(loads, claims, split.budget_q * len(loads) // len(split.members))
        got = []
        for load in loads:
            due = min(float(shares[load.node]), claims[load.node])
            if due > 0:
                got.append(
                    min(world.nodes[load.node].sharing.point_q / due, 1.0 if world.liars else 9)
                )
        least = min(least, jain(got)) if got else least
    return least
