"""One seed of a scenario from its options to its verdict; the same seed gives the same bits."""

import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from quelea import checkers
from quelea.checkers.facts import KEY, STORED, Facts
from quelea.journal import Journal
from quelea.scenarios import Scenario
from quelea.simulator import inputs
from quelea.simulator.options import Options, draw, graph, settings
from quelea.simulator.world import SECOND_US, Flight, World


@dataclass
class Outcome:
    """What a seed came to. violations: sentences by checker, of the broken ones only.

    fired: how often each fault took effect. digest: SHA-256 of everything that was sent and seen.
    node_rounds: rounds of all nodes together. world, flights: kept when asked for.
    """

    options: Options
    digest: str
    fired: Counter[str]
    violations: dict[str, list[str]]
    frames: int
    node_rounds: int
    virtual_s: float
    wall_s: float
    world: World | None = None
    flights: list[Flight] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.violations


def build(options: Options, agent_class: Any = None) -> World:
    """Return the world of a seed, with its facts in the journal, before the first event."""
    spec = options.topology
    topology, _, _ = graph(spec, options.nodes, options.seed if ":" in spec else 0)
    if agent_class is None:
        agent_class = _agent_class(options.narrow)
    world = World(
        settings(options, topology),
        options.faults,
        options.seed,
        {number: options.attack for number in options.liars},
        agent_class=agent_class,
    )
    record(world, options)
    return world


def _agent_class(narrow: bool) -> Any:
    if narrow:
        from quelea.simulator.narrow import narrow_agent

        return narrow_agent()
    from quelea_agent.agent import Agent

    return Agent


def record(world: World, options: Options) -> None:
    """Write into the journal what the run is meant to be."""
    fresh_ms = options.fresh_rounds * options.period_ms
    known = {
        **{name: getattr(options, name) for name in STORED if hasattr(options, name)},
        "whole": True,
        "age_max_ms": options.faults.age_max_ms(fresh_ms),
        "drift_ppm": options.faults.drift_ppm,
        "first_epoch": options.faults.epoch if options.mode == "resilient" else 0,
    }
    world.journal.run("name", options.scenario)
    world.journal.run("seed", options.seed)
    world.journal.run("liars", list(options.liars))
    world.journal.run("settings", options.as_dict())
    world.journal.run(KEY, known)


def play(world: World, options: Options) -> None:
    """Let the world run through both phases, with its readings changing in the first."""
    rng = random.Random(f"inputs {options.seed}")
    end_us = int(options.safety_s * SECOND_US)
    change_us = int(options.change_s * SECOND_US) or end_us
    t_us = 0
    while t_us < end_us:
        readings = inputs.draw(options.shape, len(world.numbers), options.lo_q, options.hi_q, rng)
        for number, reading_q in zip(world.numbers, readings, strict=True):
            if t_us == 0 or rng.random() < 0.5:
                world.sense(number, reading_q)
        t_us = min(end_us, t_us + max(change_us, SECOND_US))
        world.run(t_us)
    world.calm()
    world.run(end_us + int(options.liveness_s * SECOND_US))
    world.finish()


def digest(journal: Journal) -> str:
    """Return SHA-256 over every frame, event, status and fault of a journal, in order."""
    found = hashlib.sha256()
    for row in journal.frames(good=None):
        found.update(f"{row.t_us} {row.channel} {row.source} {row.dest} ".encode())
        found.update(row.payload)
    for rows in (journal.events(), journal.statuses(), journal.faults()):
        for other in rows:
            found.update(repr(tuple(other)).encode())
    return found.hexdigest()


def run_seed(
    scenario: Scenario,
    seed: int,
    keep: bool = False,
    chosen: tuple[str, ...] | None = None,
    agent_class: Any = None,
) -> Outcome:
    """Run one seed and judge it. keep: with its world and every flight of a frame, for pictures.

    chosen: the checkers; by default those of the scenario. agent_class: instead of the agent.
    """
    started_s = time.perf_counter()
    options = draw(scenario, seed)
    world = build(options, agent_class)
    if keep:
        world.flights = []
    play(world, options)
    journal = world.journal.journal()
    names = chosen if chosen is not None else tuple(scenario.get("checks", "names"))
    violations = {name: texts for name, texts in checkers.judge(journal, names).items() if texts}
    outcome = Outcome(
        options=options,
        digest=digest(journal),
        fired=Counter(world.fired),
        violations=violations,
        frames=sum(row.frames for row in journal.traffic()),
        node_rounds=sum(row.document["counters"]["rounds"] for row in journal.statuses()),
        virtual_s=world.t_us / SECOND_US,
        wall_s=time.perf_counter() - started_s,
    )
    if keep:
        outcome.world, outcome.flights = world, world.flights or []
    else:
        world.journal.close()
    return outcome


__all__ = ["Facts", "Outcome", "build", "digest", "play", "record", "run_seed"]
