"""The plan of a fleet: its graph, who lies, and the configuration that every node is given."""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from quelea_proto.limits import Q_MAX

from quelea.configure import fleetfile
from quelea.configure.placed import placed
from quelea.errors import UserError
from quelea.fleet import demand, limits, quiet
from quelea.fleet.options import FleetOptions
from quelea.fleet.rule import choose, expected
from quelea.headroom.group import Group
from quelea.hierarchy.plan import Hierarchy
from quelea.topology import Certificate, Topology, parse
from quelea.topology.gate import require
from quelea.topology.spectral import spectrum

EXCHANGES = 2000  # steps of the search for a placement of the liars; about 50 ms
FRESH_SHARE = 0.1  # of them begin anew, lest it stays where no exchange helps
SIGNAL = {"name": "demand", "unit": "W"}
KEEPALIVE_S = 10
EXACT_LINKS = 4  # exact mode needs a connected graph only; a few links more make it quick
STATUS_MS = 2000


@dataclass
class Plan:
    """liars: node numbers. configs: cfg.json by node number, the broker still to be filled in."""

    options: FleetOptions
    topology: Topology
    certificate: Certificate
    warnings: list[str]
    faults_max: int
    liars: tuple[int, ...]
    lo_q: int
    hi_q: int
    traces: list[list[int]]
    configs: dict[int, dict[str, object]] = field(default_factory=dict)
    group: Group | None = None  # that shares limits
    staged: Any = None  # scenario.Staged, of a fleet that runs a scenario
    hierarchy: Hierarchy | None = None  # of a fleet of clusters
    victim: int = 0  # whom chaos kills; 0: one in the middle

    @property
    def honest(self) -> tuple[int, ...]:
        """Node numbers of those that do not lie."""
        return tuple(number for number in self.topology.nodes if number not in self.liars)


def place_liars(
    topology: Topology, count: int, seed: int, faults_max: int | None
) -> tuple[int, ...]:
    """Return `count` random node numbers such that no honest node meets more than faults_max.

    With faults_max None, or where no draw is so good, as few meetings as a search by exchanges
    finds. Seeded: the same graph, count and seed give the same liars.
    """
    rng = random.Random(f"liars {seed}")
    numbers = list(topology.nodes)
    best = tuple(sorted(rng.sample(numbers, count)))
    fewest = _meetings(topology, best)
    for _ in range(EXCHANGES if count else 0):
        if faults_max is not None and fewest[0] <= faults_max:
            break
        honest = [number for number in numbers if number not in best]
        if rng.random() < FRESH_SHARE:
            chosen = tuple(sorted(rng.sample(numbers, count)))
        else:
            leaving = rng.choice(best)
            chosen = tuple(sorted({*best, rng.choice(honest)} - {leaving}))
        meetings = _meetings(topology, chosen)
        if meetings <= fewest:
            best, fewest = chosen, meetings
    return best


def _meetings(topology: Topology, liars: tuple[int, ...]) -> tuple[int, int]:
    """Return (most liars that an honest node meets, how many nodes meet so many)."""
    met: dict[int, int] = {}
    for liar in liars:
        for number in topology.neighbours(liar):
            if number not in liars:
                met[number] = met.get(number, 0) + 1
    most = max(met.values(), default=0)
    return most, sum(count == most for count in met.values())


def make(options: FleetOptions) -> Plan:
    """Check the options against the graph and return the plan; UserError for what cannot be.

    The file of --config has the limits, and options where none were given on the command line.
    """
    if options.clusters:
        from quelea.fleet import clusters

        return clusters.make(options)
    if not options.config:
        return _make(options)
    try:
        return _make(options)
    except UserError as error:
        raise placed(error, fleetfile.find(options.config), options.said) from None


def _make(options: FleetOptions) -> Plan:
    options, group = fleetfile.apply(options)
    options = quiet.apply(options)
    options.check()
    spec = options.topology or _default_topology(options)
    topology = parse(spec, options.nodes, options.seed)
    wanted = options.faults_max
    if wanted is None and not options.topology:
        wanted = _faults_default(options)
    liars = place_liars(topology, options.liars, options.seed, wanted)
    met = _meetings(topology, liars)[0]
    faults_max = met if wanted is None else wanted
    if options.mode == "exact":
        faults_max = 0
    warnings: list[str] = []
    rule = "mean" if options.mode == "exact" else expected(topology, options.rule)
    certificate, warning = require(topology, faults_max, rule, force=options.force)
    if warning:
        warnings.append(warning)
    options = replace(options, rule=choose(topology, certificate, faults_max, options.rule))
    if met > faults_max and options.rule != "mean":
        text = f"a node has {met} liars among its neighbours, more than --faults-max {faults_max}"
        if not options.force:
            raise UserError(
                text, "--liars", "", f"`--faults-max {met}`, fewer --liars, or --force to look on"
            )
        warnings.append(text)
    rows = options.seconds * 1000 // _reading_ms(options) + 8
    if group is not None and options.demand == limits.SWITCHED:
        traces = limits.traces(group, max(rows, 16), _reading_ms(options), options.seed)
    elif options.demand == quiet.STEPS:
        stepping = min(set(topology.nodes).difference(liars))
        traces = quiet.traces(options, max(rows, 16), stepping)
    else:
        traces = demand.traces(options.demand, options.nodes, max(rows, 16), options.seed)
    highest = max(max(trace) for trace in traces)
    lowest = min(min(trace) for trace in traces)
    plan = Plan(
        options=options,
        topology=topology,
        certificate=certificate,
        warnings=warnings,
        faults_max=faults_max,
        liars=liars,
        lo_q=min(0, lowest),
        hi_q=min(Q_MAX, max(2 * highest, 100)),
        traces=traces,
        group=group or limits.of_options(options, highest),
    )
    plan.configs = {number: node_config(plan, number) for number in topology.nodes}
    return plan


def _reading_ms(options: FleetOptions) -> int:
    """How long one reading of the trace lasts.

    An epoch, or 20 rounds where there are none; in exact mode three fifths of the run, so that
    the rest of it has to come to rest, also at a node that was killed and begins its trace anew.
    """
    if options.demand == quiet.STEPS:
        return options.period_ms * quiet.READING_ROUNDS
    if options.mode == "exact":
        return options.seconds * 600
    return options.period_ms * (options.epoch_rounds or 20)


def _faults_default(options: FleetOptions) -> int:
    """F where neither it nor the graph is given: every liar, up to three, may meet one node."""
    return min(options.liars, 3)


def _default_topology(options: FleetOptions) -> str:
    wanted = options.faults_max if options.faults_max is not None else _faults_default(options)
    needed = 2 * wanted + 1 if options.mode == "resilient" else EXACT_LINKS
    if options.nodes < 2 * needed:
        return "complete"
    return f"growth:{needed}"


def node_config(plan: Plan, number: int) -> dict[str, object]:
    """Return cfg.json of a node, the broker still to be filled in."""
    options, topology = plan.options, plan.topology
    near = topology.neighbours(number)
    config: dict[str, object] = {
        "v": 1,
        "fleet": options.name,
        "id": topology.id_of(number),
        "node": number,
        "neighbours": [[n, topology.id_of(n), topology.slot(n, number)] for n in near],
        "mode": options.mode,
        "rule": options.rule,
        "faults_max": plan.faults_max,
        "period_ms": options.period_ms,
        "epoch_rounds": options.epoch_rounds,
        "fresh_rounds": 4,
        "fanout": options.fanout,
        "lo_q": plan.lo_q,
        "hi_q": plan.hi_q,
        "signal": SIGNAL,
        "sensor": {
            "kind": "trace",
            "path": "trace.json",
            "step_ms": _reading_ms(options),
            "loop": True,
        },
        "status_ms": STATUS_MS,
    }
    config |= quiet.node_config(plan)
    if plan.group is not None:
        ids = {n: topology.id_of(n) for n in topology.nodes}
        config["headroom"] = plan.group.node_config(number, ids)
    if plan.hierarchy is not None:
        ids = {n: topology.id_of(n) for n in topology.nodes}
        config["cluster"] = plan.hierarchy.node_config(number, ids) | {"counted": True}
    if number in plan.liars:
        attack: dict[str, object] = {"name": options.attack, "liars": list(plan.liars)}
        if plan.group is not None and plan.group.splits[0].faults_max:
            attack["mint"] = True
        if plan.hierarchy is not None:
            attack["delegate"] = True
        if options.attack == "spectral":  # the one that needs the graph
            shape = spectrum(topology).fiedler
            attack["sides"] = [1 if shape[other - 1] >= 0 else -1 for other in near]
        config["attack"] = attack
    return config
