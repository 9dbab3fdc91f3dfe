"""What one seed of a scenario is: every option drawn, the graph, who lies, and what is due."""

import math
import random
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

from quelea_agent.settings import load
from quelea_proto import rules
from quelea_proto.limits import DAMP

from quelea import adversaries
from quelea.errors import UserError
from quelea.fleet.plan import place_liars
from quelea.scenarios import Scenario
from quelea.scenarios.schema import FLOAT, INT, SCHEMA
from quelea.simulator.faults import Faults
from quelea.simulator.faults import draw as draw_faults
from quelea.simulator.rest import rest_q
from quelea.topology import Topology, certify, parse
from quelea.topology.gate import ON_ANY_GRAPH, ON_COMPLETE_GRAPHS
from quelea.topology.spectral import rho, rounds_predicted

# A trimming rule hears d - 2F of d neighbours, and rounds are not in step: both cost time.
ROUNDS_SLACK = 2.0
ROUNDS_EXTRA = 6.0
SPARSE_DEGREE_MAX = 5  # up to it flows end within 2 q; where more edges meet, units meet as well
SPREAD_EXACT_Q, SPREAD_RESILIENT_Q = 2, 16
WITHOUT_LIARS = ("mean", "wmsr", "trimmed-mean")  # agree on any connected graph when F = 0


@dataclass(frozen=True)
class Options:
    """What a seed draws; printed with it. rounds_max 0: agreement is not promised here."""

    scenario: str
    seed: int
    nodes: int
    topology: str
    mode: str
    rule: str
    faults_max: int
    period_ms: int
    epoch_rounds: int
    fresh_rounds: int
    fanout: int
    lo_q: int
    hi_q: int
    shape: str
    change_s: float
    attack: str
    liars: tuple[int, ...]
    in_model: bool
    safety_s: float
    liveness_s: float
    rounds_max: float
    spread_max_q: int
    narrow: bool
    circulation_q: int = 0
    rounds_before: int = 0
    quiet_rounds_max: int = 0
    dead_band_q: int = 0
    faults: Faults = field(default_factory=Faults)

    @property
    def silence_rounds(self) -> int:
        """Rounds from one frame of a node to its next at most."""
        return max(1, self.quiet_rounds_max)

    @property
    def used_rounds(self) -> int:
        """Rounds for which a frame is used."""
        return self.fresh_rounds + self.silence_rounds - 1

    def as_dict(self) -> dict[str, Any]:
        """Return the options as they are printed: faults only where they differ from none."""
        calm = Faults().as_dict()
        rows = asdict(self)
        given = self.faults.as_dict().items()
        rows["faults"] = {name: value for name, value in given if value != calm[name]}
        return rows


def _drawn(scenario: Scenario, seed: int) -> dict[tuple[str, str], Any]:
    """Return every value of the scenario, those left to the seed drawn: each from its own stream,
    so that a key added to a scenario leaves the others as they were."""
    out: dict[tuple[str, str], Any] = {}
    for key in SCHEMA:
        value = scenario.get(key.table, key.name)
        if key.drawn and isinstance(value, list):
            rng = random.Random(f"{key.table}.{key.name} {seed}")
            if key.kind == INT:
                value = rng.randint(value[0], value[1])
            elif key.kind == FLOAT:
                value = round(rng.uniform(value[0], value[1]), 4)
            else:
                value = rng.choice(value)
        out[key.table, key.name] = value
    return out


def _faults(values: dict[tuple[str, str], Any], seed: int) -> Faults:
    faults = draw_faults(seed) if values["faults", "draw"] else Faults()
    given = {
        name: value
        for (table, name), value in values.items()
        if table == "faults" and name != "draw" and value is not None
    }
    return replace(faults, **given)


@lru_cache(maxsize=64)
def graph(spec: str, nodes: int, seed: int) -> tuple[Topology, float, int]:
    """Return (graph, rho of equal weights, robustness proved); seed counts for random families."""
    topology = parse(spec, nodes, seed)
    certificate = topology.certificate
    if certificate is None:
        certificate = certify(topology)
    return topology, rho(topology), certificate.r_lower


def _topology(values: dict[tuple[str, str], Any], nodes: int, faults_max: int, mode: str) -> str:
    spec = str(values["fleet", "topology"])
    if spec != "auto":
        return spec
    needed = 2 * faults_max + 1 if mode == "resilient" else 2
    return "complete" if nodes < 2 * needed else f"growth:{needed}"


def draw(scenario: Scenario, seed: int) -> Options:
    """Return the options of a seed; UserError where they fit no graph."""
    values = _drawn(scenario, seed)
    mode, nodes = values["fleet", "mode"], values["fleet", "nodes"]
    exact = mode == "exact"
    faults_max = 0 if exact else values["fleet", "faults_max"]
    if not exact and nodes < 2 * faults_max + 2:
        faults_max = (nodes - 2) // 2  # a draw of few nodes carries a smaller F
    spec = _topology(values, nodes, faults_max, mode)
    topology, rho_equal, robust = graph(spec, nodes, seed if ":" in spec else 0)
    if not exact and topology.degree_min < 2 * faults_max + 1:
        raise UserError(
            f"F = {faults_max} needs {2 * faults_max + 1} neighbours, a node of {spec} has "
            f"{topology.degree_min}",
            f"{scenario.where}, seed {seed}",
            "fewer than 2F + 1 values move no node",
            "lower faults_max, or leave the topology out",
        )
    liars = () if exact else _liars(values, topology, faults_max, seed)
    met = _met(topology, liars)
    attack = values["liars", "attack"]
    if attack == "drawn":
        attack = random.Random(f"attack {seed}").choice(adversaries.names())
    options = Options(
        scenario=scenario.name,
        seed=seed,
        nodes=topology.node_count,
        topology=spec,
        mode=mode,
        rule=values["fleet", "rule"],
        faults_max=faults_max,
        period_ms=values["fleet", "period_ms"],
        epoch_rounds=0 if exact else values["fleet", "epoch_rounds"],
        fresh_rounds=values["fleet", "fresh_rounds"],
        fanout=min(values["fleet", "fanout"], topology.degree_min),
        lo_q=values["fleet", "lo_q"],
        hi_q=values["fleet", "hi_q"],
        shape=values["demand", "shape"],
        change_s=float(values["demand", "change_s"]),
        attack=attack if liars else "",
        liars=liars,
        in_model=met <= faults_max,
        safety_s=float(values["phases", "safety_s"]),
        liveness_s=float(values["phases", "liveness_s"]),
        rounds_max=0.0,
        spread_max_q=values["checks", "spread_max_q"] or agreement_q(exact, topology.degree_max),
        narrow=values["checks", "narrow"],
        circulation_q=values["fleet", "circulation_q"] if exact else 0,
        rounds_before=values["fleet", "rounds_before"],
        quiet_rounds_max=values["fleet", "quiet_rounds_max"],
        dead_band_q=values["fleet", "dead_band_q"],
        faults=_faults(values, seed),
    )
    return _with_phases(options, topology, rho_equal, robust)


def _liars(
    values: dict[tuple[str, str], Any], topology: Topology, faults_max: int, seed: int
) -> tuple[int, ...]:
    """Return as many liars as asked for, fewer where they would meet an honest node too often."""
    count = min(values["liars", "count"], topology.node_count - 1)
    if values["liars", "beyond"]:
        return place_liars(topology, count, seed, None)
    while count:
        liars = place_liars(topology, count, seed, faults_max)
        if _met(topology, liars) <= faults_max:
            return liars
        count -= 1
    return ()


def _met(topology: Topology, liars: tuple[int, ...]) -> int:
    """Return the most liars that any honest node has among its neighbours."""
    lying = set(liars)
    honest = [number for number in topology.nodes if number not in lying]
    return max(len(lying.intersection(topology.neighbours(number))) for number in honest)


def agreement_q(exact: bool, degree_max: int) -> int:
    """Return the spread that counts as agreement. Exact: measured, see docs/testing.md."""
    if not exact:
        return SPREAD_RESILIENT_Q
    return SPREAD_EXACT_Q if degree_max <= SPARSE_DEGREE_MAX else 1 + degree_max // 2


def _with_phases(options: Options, topology: Topology, rho_equal: float, robust: int) -> Options:
    """Fill in when agreement is due, and how long the calm lasts when the scenario leaves it."""
    rounds_max = due(options, topology, rho_equal, robust)
    if options.quiet_rounds_max and rounds_max:
        rounds_max += options.quiet_rounds_max  # one heartbeat for a word that was lost
        exact, liars = options.mode == "exact", len(options.liars)
        rest = rest_q(topology, exact, options.faults_max, liars, options.dead_band_q)
        options = replace(options, spread_max_q=options.spread_max_q + rest)
    if 0 < options.epoch_rounds < rounds_max + 2:
        rounds_max = 0.0  # its epochs are too short for this graph
    liveness_s = options.liveness_s
    if liveness_s == 0.0:
        rounds = rounds_max + 4.0 * options.silence_rounds
        if options.mode == "resilient" and options.epoch_rounds:
            rounds = 3.3 * options.epoch_rounds * options.silence_rounds + options.used_rounds
        liveness_s = math.ceil(rounds * options.period_ms / 1000) + 1.0
    return replace(options, rounds_max=round(rounds_max, 1), liveness_s=liveness_s)


def due(options: Any, topology: Topology, rho_equal: float, robust: int) -> float:
    """Return the rounds from a calm beginning to agreement, from the graph's spectrum; 0: none.

    Resilient: to 1 % of the spread, slower by what trimming leaves out. Exact: down to single
    units at half the rate, since an edge moves every other round; then 4 DAMP rounds and 4 for
    each share of the widest edge, in which the last single units cross.
    """
    span_q = options.hi_q - options.lo_q
    degree = float(topology.degree_mean)
    if options.mode == "exact":
        predicted = rounds_predicted(rho_equal, max(2.0, span_q)) or 0
        part = 1 + topology.degree_max
        return predicted * ROUNDS_SLACK + 4.0 * (DAMP + part)
    if not options.in_model or not _promised(options, topology, robust):
        return 0.0
    predicted = rounds_predicted(rho_equal, 100.0) or 0
    heard = max(1.0, degree + 1 - 2 * int(options.faults_max))
    return predicted * (degree + 1) / heard * ROUNDS_SLACK + ROUNDS_EXTRA


def _promised(options: Any, topology: Topology, robust: int) -> bool:
    """Return whether agreement is proved for this rule on this graph."""
    if options.fanout and options.faults_max:
        return False  # fewer frames than the proof counts on
    if options.faults_max == 0:
        return options.rule in WITHOUT_LIARS and robust >= 1
    if options.liars and topology.degree_min < 3 * options.faults_max + 1:
        return False  # F liars that say nothing leave fewer than 2F + 1 values: the node holds
    complete = topology.degree_min == topology.node_count - 1
    allowed = ON_COMPLETE_GRAPHS if complete else ON_ANY_GRAPH
    tolerant = {row[0] for row in rules.RULES if row[2]}
    return options.rule in tolerant.intersection(allowed) and robust >= 2 * options.faults_max + 1


def settings(options: Options, topology: Topology, load: Any = load) -> list[Any]:
    """Return a Settings for every node, by number; load: quelea_agent.settings.load, or another
    copy's of it."""
    out = []
    for number in topology.nodes:
        near = topology.neighbours(number)
        cfg = {
            "fleet": "sim",
            "id": topology.id_of(number),
            "node": number,
            "neighbours": [[n, topology.id_of(n), topology.slot(n, number)] for n in near],
            **{
                name: getattr(options, name)
                for name in (
                    *("mode", "rule", "faults_max", "period_ms", "epoch_rounds", "fresh_rounds"),
                    *("fanout", "lo_q", "hi_q", "quiet_rounds_max", "dead_band_q"),
                )
            },
        }
        if number in options.liars and number % 2:
            cfg["quiet_rounds_max"] = 0  # half of the liars speak in every round
        loaded, problem = load(cfg)
        if problem:
            raise UserError(problem, f"{options.scenario}, seed {options.seed}")
        out.append(loaded)
    return out
