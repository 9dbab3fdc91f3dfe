"""The plan of a fleet: its graph, who lies, and the configuration that every node is given."""

import random
from dataclasses import dataclass, field

from quelea_proto.limits import Q_MAX

from quelea.errors import UserError
from quelea.fleet import demand
from quelea.fleet.options import FleetOptions
from quelea.topology import Certificate, Topology, parse, require

PLACEMENTS = 400  # liar placements tried for the smallest number in any neighbourhood
SIGNAL = {"name": "demand", "unit": "W"}
KEEPALIVE_S = 10
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

    @property
    def honest(self) -> tuple[int, ...]:
        """Node numbers of those that do not lie."""
        return tuple(number for number in self.topology.nodes if number not in self.liars)


def liars_met(topology: Topology, liars: tuple[int, ...]) -> int:
    """Return the largest number of liars among any honest node's neighbours."""
    lying = set(liars)
    met = 0
    for number in topology.nodes:
        if number not in lying:
            met = max(met, len(lying.intersection(topology.neighbours(number))))
    return met


def place_liars(topology: Topology, count: int, seed: int) -> tuple[int, ...]:
    """Return `count` node numbers, spread so that no honest node meets many: the best of some.

    Seeded; the same graph, count and seed give the same liars.
    """
    rng = random.Random(f"liars {seed}")
    best: tuple[int, ...] = ()
    fewest = topology.node_count + 1
    for _ in range(PLACEMENTS if count else 1):
        chosen = tuple(sorted(rng.sample(list(topology.nodes), count)))
        met = liars_met(topology, chosen)
        if met < fewest:
            best, fewest = chosen, met
    return best


def make(options: FleetOptions) -> Plan:
    """Check the options against the graph and return the plan; UserError for what cannot be."""
    options.check()
    spec = options.topology or _default_topology(options)
    topology = parse(spec, options.nodes, options.seed)
    liars = place_liars(topology, options.liars, options.seed)
    met = liars_met(topology, liars)
    faults_max = met if options.faults_max is None else options.faults_max
    if options.mode == "exact":
        faults_max = 0
    warnings: list[str] = []
    rule = "mean" if options.mode == "exact" else options.rule
    certificate, warning = require(topology, faults_max, rule, force=options.force)
    if warning:
        warnings.append(warning)
    if met > faults_max and options.rule != "mean":
        text = f"a node has {met} liars among its neighbours, more than --faults-max {faults_max}"
        if not options.force:
            raise UserError(
                text, "--liars", "", f"`--faults-max {met}`, fewer --liars, or --force to look on"
            )
        warnings.append(text)
    rows = options.seconds * 1000 // _epoch_ms(options) + 8
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
    )
    plan.configs = {number: _config(plan, number) for number in topology.nodes}
    return plan


def _epoch_ms(options: FleetOptions) -> int:
    """How long one reading of the trace lasts: an epoch, or 20 rounds where there are none."""
    return options.period_ms * (options.epoch_rounds or 20)


def _default_topology(options: FleetOptions) -> str:
    wanted = options.faults_max if options.faults_max is not None else min(options.liars, 3)
    needed = 2 * wanted + 1 if options.mode == "resilient" else 2
    if options.nodes < 2 * needed:
        return "complete"
    return f"growth:{needed}"


def _config(plan: Plan, number: int) -> dict[str, object]:
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
            "step_ms": _epoch_ms(options),
            "loop": True,
        },
        "status_ms": STATUS_MS,
    }
    if number in plan.liars:
        config["attack"] = {"name": options.attack}
    return config
