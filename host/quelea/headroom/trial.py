"""One seed of a group that shares limits: is it kept under every fault, and how well is it shared?

First `safety_s` with every fault; then calm, in which only clocks drift, rows get lost at the rate
asked for and liars go on: the demands change every CHANGE_S, and what is drawn is looked at.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from quelea.headroom.agreed_world import AgreedWorld
from quelea.headroom.group import Group, Load
from quelea.headroom.members_world import MembersWorld
from quelea.headroom.shares import fair, jain, usable_q
from quelea.headroom.world import BAND_SHARE, BrokenLimit, World

CHANGE_S = 40
SETTLED_S = 10.0
STEP_S = 0.25
NEAR = 0.95
RETURN_S = 400.0
CALM_S = 20  # all are there for so long: what a member knew before it lost its record is over


@dataclass
class Trial:
    """broken: the first violation, or empty. most: the most that was allowed, share of the worst
    limit. changed_s: from each change until NEAR of what can be drawn is; None: not before the
    next. decided_s: until the shares that all reckon with come to that, fit the limit, and no cap
    is above its share: what is left is for loads to follow and units to arrive. late: of these,
    the use after SETTLED_S. index: Jain's, a change each. swings: set points that moved by more
    than one unit though nothing had changed for SETTLED_S. quiet: messages a node and round in
    that time, a change each. returned: whether, where members go and come, all were there by
    RETURN_S, without which nothing is judged but the limit."""

    seed: int
    broken: str = ""
    most: float = 0.0
    changed_s: list[float | None] = field(default_factory=list)
    decided_s: list[float | None] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    index: list[float] = field(default_factory=list)
    swings: int = 0
    quiet: list[float] = field(default_factory=list)
    returned: bool = True
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
    cadence: int = 0,
) -> Trial:
    """Return the trial of one seed. cadence: the longest silence in rounds, 0 for none; then
    demands tremble in the calm, within the dead band."""
    rng = random.Random(f"trial {seed}")
    numbers = [load.node for load in group.loads]
    lying = tuple(sorted(rng.sample(numbers, liars)))
    trial = Trial(seed)
    world = _world(group, seed, trouble=1.0, loss=loss, liars=lying, period_ms=period_ms,
                   cadence=cadence)  # fmt: skip
    try:
        world.run(safety_s)
        world.calm()
        world.run(12.0)
        if changes and isinstance(world, MembersWorld):
            calm_s = 0
            while calm_s < CALM_S and world.t_us < RETURN_S * 1e6:
                world.run(1.0)
                calm_s = calm_s + 1 if world.settled() else 0
            trial.returned = calm_s >= CALM_S
        for _ in range(changes if trial.returned else 0):
            _change(trial, world, rng)
    except BrokenLimit as error:
        trial.broken = str(error)
    trial.fired = dict(world.fired)
    trial.writes = sum(node.writes for node in world.nodes.values())
    trial.most = max(
        most_q / split.budget_q for most_q, split in zip(world.most_q, group.splits, strict=True)
    )
    return trial


def _world(group: Group, seed: int, **more: Any) -> World:
    """Return the world of a group; where its members hold leases a host signs documents too."""
    if group.terms is not None:
        return MembersWorld(group, seed, **more)
    return (AgreedWorld if group.agrees else World)(group, seed, **more)


def _change(trial: Trial, world: World, rng: random.Random) -> None:
    for number in world.honest:
        most_q = world.group.load_of(number).most_q
        world.nodes[number].demand_q = rng.choice((0, most_q, most_q, rng.randrange(most_q + 1)))
    start_us = world.t_us
    reached: float | None = None
    decided: float | None = None
    points: dict[int, set[int]] = {number: set() for number in world.honest}
    wanted_q = {number: world.nodes[number].demand_q for number in world.honest}
    spoken = 0
    while world.t_us - start_us < CHANGE_S * 1e6:
        if world.cadence:
            _tremble(world, wanted_q, rng)
        world.run(STEP_S)
        elapsed_s = (world.t_us - start_us) / 1e6
        use = _use(world)
        if decided is None and elapsed_s <= SETTLED_S and _decided(world):
            decided = elapsed_s
        if use < NEAR and elapsed_s <= SETTLED_S:
            reached = None
        elif reached is None and use >= NEAR:
            reached = elapsed_s
        if elapsed_s > SETTLED_S:
            trial.used.append(use)
            for number in world.honest:
                points[number].add(world.nodes[number].sharing.point_q)
        else:
            spoken = len(world.rows)
    trial.changed_s.append(reached)
    trial.decided_s.append(decided)
    spoken = sum(source in world.honest for _, source, _ in world.rows[spoken:])
    rounds = (CHANGE_S - SETTLED_S) * 1e6 / world.period_us
    trial.quiet.append(spoken / rounds / len(world.honest))
    if not world.group.turn_epochs:  # turns move set points though no demand changes
        trial.index.append(_index(world))
        for number, seen in points.items():
            trial.swings += max(seen) - min(seen) > max(2, world.group.load_of(number).unit_q)


def _tremble(world: World, wanted_q: dict[int, int], rng: random.Random) -> None:
    for number, demand_q in wanted_q.items():
        band_q = world.group.load_of(number).most_q // BAND_SHARE // 2
        if demand_q > band_q:
            world.nodes[number].demand_q = demand_q + rng.randint(-band_q, band_q)


def _decided(world: World) -> bool:
    """Return whether the shares that the members reckon with fit every limit and use NEAR of what
    can be drawn, and no cap is above its share any more."""
    for split in world.group.splits:
        loads = [load for load in world.group.members(split.limit) if load.node in world.honest]
        claims = {load.node: _claim_q(world, load, split.limit) for load in loads}
        wish_q = {load.node: world.nodes[load.node].sharing.wish_q for load in loads}
        drawn_q = sum(load.value_q(min(wish_q[load.node], claims[load.node])) for load in loads)
        if drawn_q < NEAR * usable_q(loads, claims, split.budget_q):
            return False
        if sum(max(wish_q[load.node], load.floor_q) for load in loads) > split.budget_q:
            return False
        for load in loads:
            share = world.nodes[load.node].sharing.shares[load.limits.index(split.limit)]
            if share.headroom.cap_q > max(wish_q[load.node], load.floor_q):
                return False
    return True


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
        budget_q = split.budget_q * len(loads) // len(split.members)
        shares = fair(loads, claims, budget_q, world.group.policy)
        got = []
        for load in loads:
            due = min(float(shares[load.node]), claims[load.node])
            if due > 0:
                got.append(
                    min(world.nodes[load.node].sharing.point_q / due, 1.0 if world.liars else 9)
                )
        least = min(least, jain(got)) if got else least
    return least
