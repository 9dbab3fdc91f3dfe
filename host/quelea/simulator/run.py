"""One seed of a scenario from its options to its verdict; the same seed gives the same bits."""

import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from quelea import checkers
from quelea.checkers.facts import KEY, STORED, Facts
from quelea.journal import Journal
from quelea.scenarios import Scenario
from quelea.simulator import guard, inputs, narrow
from quelea.simulator.options import Options, draw, graph, settings
from quelea.simulator.private import Firmware
from quelea.simulator.source import INSTALLED, Source, firmware
from quelea.simulator.world import SECOND_US, Flight, World

RAISED, ENDLESS = "raised", "endless"  # what only code that is not sound can do to a whole seed


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


def build(options: Options, source: Source = INSTALLED) -> World:
    """Return the world of a seed, with its facts in the journal, before the first event."""
    spec = options.topology
    topology, _, _ = graph(spec, options.nodes, options.seed if ":" in spec else 0)
    code = _firmware(options.narrow, source)
    world = World(
        settings(options, topology, code.load),
        options.faults,
        options.seed,
        {number: options.attack for number in options.liars},
        agent_class=code.agent_class,
        circulation_q=options.circulation_q,
        rounds_before=options.rounds_before,
    )
    record(world, options)
    return world


def _firmware(watched: bool, source: Source) -> Firmware:
    if watched or source != INSTALLED:
        return firmware(source, watched)
    from quelea_agent.agent import Agent
    from quelea_agent.settings import load

    return Firmware(Agent, load, frozenset())


def record(world: World, options: Options) -> None:
    """Write into the journal what the run is meant to be."""
    world.journal.run("name", options.scenario)
    world.journal.run("seed", options.seed)
    world.journal.run("liars", list(options.liars))
    world.journal.run("settings", options.as_dict())
    world.journal.run(KEY, facts_of(world, options))


def facts_of(world: World, options: Options) -> dict[str, object]:
    """Return what checkers may know, by now: how late frames were is known at the end only."""
    return {
        **{name: getattr(options, name) for name in STORED if hasattr(options, name)},
        "whole": True,
        "age_max_ms": world.age_max_ms(options.used_rounds * options.period_ms),
        "drift_ppm": options.faults.drift_ppm,
        "first_epoch": options.faults.epoch if options.mode == "resilient" else 0,
    }


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
    world.journal.run(KEY, facts_of(world, options))


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
    source: Source = INSTALLED,
) -> Outcome:
    """Run one seed and judge it. keep: with its world and every flight of a frame, for pictures.

    chosen: the checkers; by default those of the scenario. source: the nodes' code. What another
    code than the installed one raises, or that it never ends, is a violation like any other.
    """
    options = draw(scenario, seed)
    if chosen is None:
        chosen = tuple(scenario.get("checks", "names"))
    if source == INSTALLED:
        return _run(options, keep, chosen, source)
    started_s = time.perf_counter()
    broken: dict[str, list[str]]
    try:
        with guard.limited(guard.SEED_S_MAX):
            return _run(options, keep, chosen, source)
    except guard.Spins:
        broken = {ENDLESS: [f"no end after {guard.SEED_S_MAX:.0f} s of processor time"]}
    except Exception as error:
        broken = {RAISED: [f"{type(error).__name__}: {error}"]}
    narrow.drain()
    wall_s = time.perf_counter() - started_s
    return Outcome(options, "", Counter(), broken, 0, 0, 0.0, wall_s)


def _run(options: Options, keep: bool, chosen: tuple[str, ...], source: Source) -> Outcome:
    started_s = time.perf_counter()
    world = build(options, source)
    if keep:
        world.flights = []
    play(world, options)
    journal = world.journal.journal()
    judged = checkers.judge(journal, chosen)
    before = options.rounds_before * world.fired["rounds-before"]
    outcome = Outcome(
        options=options,
        digest=digest(journal),
        fired=Counter(world.fired),
        violations={name: texts for name, texts in judged.items() if texts},
        frames=sum(row.frames for row in journal.traffic()),
        node_rounds=sum(row.document["counters"]["rounds"] for row in journal.statuses()) - before,
        virtual_s=world.t_us / SECOND_US,
        wall_s=time.perf_counter() - started_s,
    )
    if keep:
        outcome.world, outcome.flights = world, world.flights or []
    else:
        world.journal.close()
    return outcome


__all__ = ["Facts", "Outcome", "build", "digest", "play", "record", "run_seed"]
