"""A scenario on a real fleet: the same file as `quelea sim` runs, drawn by the same seed.

What it means is kept: a round stays a round, so with `[real] period_ms` all its times shrink and
its rates grow alike (`speed`). The time of the run goes to the faults but for the calm that
agreement needs. What processes cannot suffer is named, and so is what their journal cannot show.
"""

import random
from dataclasses import dataclass, fields, replace
from typing import Any

from quelea_proto.limits import Q_MAX, TRACE_VALUES_MAX

from quelea import checkers, scenarios
from quelea.checkers.facts import STORED
from quelea.errors import UserError
from quelea.fleet import plan as plans
from quelea.fleet.options import FleetOptions
from quelea.fleet.plan import Plan
from quelea.scenarios import Scenario
from quelea.simulator import inputs
from quelea.simulator.faults import Faults
from quelea.simulator.options import Options, draw, graph
from quelea.topology import certify

FLAG = "--scenario"
CALM_SHARE_MAX = 0.6  # of the run's time
ITS_OWN = (  # options that the file decides
    *("liars", "faults_max", "mode", "rule", "attack", "topology", "network", "epoch_rounds"),
    *("fanout", "demand", "config", "limit", "floors", "policy", "chaos", "force"),
    *("cadence", "dead_band", "surge"),
)
RATES = (  # what makes something happen; the other faults only say how
    *("loss", "duplicate", "replay", "damage", "partition", "clog", "broker", "retained"),
    *("crash", "swap", "pause", "wrap", "forge", "tail"),
)
NOT_INJECTED = {  # faults that processes cannot suffer, and why
    "torn": "a boot is not cut off while it writes",
    "leave": "a member is not taken out and dropped by the others",
    "join": "all nodes are there at first",
    "future": "there is no later version to run",
    "drift_ppm": "processes share the machine's clock",
    "jump": "processes share the machine's clock",
    "epoch": "a process begins at epoch 0",
    "echo": "nobody looks into a process",
}
NOT_SEEN = {  # checkers that would find nothing in a journal of a real fleet, and why
    "counted": "a life's last counters die with the process",
    "epochs": "needs every frame",
    "flow-steps": "needs every frame",
    "idempotence": "needs a look into the nodes",
    "readings": "readings are not recorded",
}
# by whether the run is resilient: checkers that speak of the other mode only
OF_MODE = {
    True: ("antisymmetry", "flow-steps", "sum-exact"),
    False: ("epoch-ends", "epochs", "faults-max", "hull", "narrowing"),
}


@dataclass(frozen=True)
class Staged:
    """drawn: what the seed draws, in scenario time. speed: scenario time to the clock's. promised:
    whether the calm is long enough for agreement. left_out: (fault, why) of those not injected.
    """

    scenario: Scenario
    drawn: Options
    speed: float
    faults_s: float
    calm_s: float
    step_s: float
    promised: bool
    left_out: tuple[tuple[str, str], ...]

    @property
    def asks_for_faults(self) -> bool:
        """Whether any fault of the scenario can befall processes."""
        asked = self.drawn.as_dict()["faults"]
        return any(name in RATES and name not in dict(self.left_out) for name in asked)

    @property
    def names(self) -> list[str]:
        """The checkers that judge the run: those of its mode, as far as they can see anything."""
        wanted = self.scenario.get("checks", "names") or checkers.names()
        unseen, other = dict(self.unseen), OF_MODE[self.drawn.mode != "exact"]
        return [name for name in wanted if name not in unseen and name not in other]

    @property
    def unseen(self) -> list[tuple[str, str]]:
        """(checker, why) of those that the scenario names and that cannot judge here."""
        wanted = self.scenario.get("checks", "names") or checkers.names()
        why = NOT_SEEN if self.promised else NOT_SEEN | {"convergence": "it is not due here"}
        return [(name, why[name]) for name in wanted if name in why]

    def facts(self, period_ms: int) -> dict[str, Any]:
        """Return what the checkers may know, for the journal."""
        known = {name: getattr(self.drawn, name) for name in STORED if hasattr(self.drawn, name)}
        rounds_max = self.drawn.rounds_max if self.promised else 0.0
        return known | {"whole": False, "period_ms": period_ms, "rounds_max": rounds_max}


def make(options: FleetOptions) -> Plan:
    """Return the plan of a scenario on real nodes; UserError for what does not go together."""
    _check(options)
    scenario = scenarios.load(options.scenario)
    said = options.said
    seed = options.seed if "seed" in said else scenario.get("seeds", "first")
    period_ms = options.period_ms if "period_ms" in said else scenario.get("real", "period_ms")
    seconds = options.seconds if "seconds" in said else scenario.get("real", "seconds")
    nodes = options.nodes if "nodes" in said else scenario.get("real", "nodes")
    values = dict(scenario.values)
    if nodes:
        values["fleet", "nodes"] = nodes
    drawn = draw(replace(scenario, values=values), seed)
    options = replace(
        options,
        nodes=drawn.nodes,
        liars=len(drawn.liars),
        faults_max=drawn.faults_max,
        mode=drawn.mode,
        rule=drawn.rule,
        attack=drawn.attack or options.attack,
        topology=drawn.topology,
        period_ms=period_ms,
        epoch_rounds=drawn.epoch_rounds,
        fanout=drawn.fanout,
        cadence=drawn.quiet_rounds_max,
        dead_band=drawn.dead_band_q if drawn.quiet_rounds_max else 0,
        seconds=seconds,
        seed=seed,
        chaos=False,
    )
    options.check()
    return _plan(options, _staged(scenario, drawn, options))


def _check(options: FleetOptions) -> None:
    for name in options.said:
        if name in ITS_OWN:
            raise UserError(
                f"--{name.replace('_', '-')} together with a scenario",
                FLAG,
                "the file says what the fleet is and what befalls it",
                "leave one of them out, or copy the file and change it",
            )
    if options.broker.startswith("nats-cluster"):
        raise UserError(
            "a scenario on a cluster of brokers",
            FLAG,
            "its faults pass through a proxy, which leads all nodes to one server",
            "take `--broker nats` or `--broker mosquitto`",
        )


def _staged(scenario: Scenario, drawn: Options, options: FleetOptions) -> Staged:
    speed = drawn.period_ms / options.period_ms
    needed_s = drawn.liveness_s / speed
    calm_s = min(needed_s, CALM_SHARE_MAX * options.seconds)
    change_s = drawn.change_s or drawn.safety_s or 1.0
    return Staged(
        scenario=scenario,
        drawn=drawn,
        speed=speed,
        faults_s=options.seconds - calm_s,
        calm_s=calm_s,
        step_s=max(change_s, 1.0) / speed,
        promised=drawn.rounds_max > 0 and calm_s >= needed_s,
        left_out=_left_out(drawn, options),
    )


def _left_out(drawn: Options, options: FleetOptions) -> tuple[tuple[str, str], ...]:
    calm = Faults()
    why = dict(NOT_INJECTED)
    if options.broker.startswith("mqtt://"):
        why["broker"] = "the broker is not ours"
    rows = [
        (row.name, why[row.name])
        for row in fields(Faults)
        if row.name in why and getattr(drawn.faults, row.name) != getattr(calm, row.name)
    ]
    if drawn.circulation_q:
        rows.append(("circulation_q", "a process begins with no flows"))
    if drawn.rounds_before:
        rows.append(("rounds_before", "a process begins at seq 1"))
    return tuple(rows)


def _plan(options: FleetOptions, staged: Staged) -> Plan:
    drawn = staged.drawn
    spec = drawn.topology
    topology, _, _ = graph(spec, drawn.nodes, drawn.seed if ":" in spec else 0)
    plan = Plan(
        options=options,
        topology=topology,
        certificate=topology.certificate or certify(topology),
        warnings=_warnings(staged),
        faults_max=drawn.faults_max,
        liars=drawn.liars,
        lo_q=drawn.lo_q,
        hi_q=drawn.hi_q,
        traces=_traces(staged),
        staged=staged,
    )
    for number in topology.nodes:
        config = plans.node_config(plan, number)
        step_ms = max(1, round(staged.step_s * 1000))
        config["sensor"] = {
            "kind": "trace", "path": "trace.json", "step_ms": step_ms, "loop": False
        }  # fmt: skip
        config["fresh_rounds"] = drawn.fresh_rounds
        plan.configs[number] = config
    return plan


def _warnings(staged: Staged) -> list[str]:
    out = []
    for what, rows in (("not injected", staged.left_out), ("not checked", staged.unseen)):
        if rows:
            out.append(f"{what}: " + "; ".join(f"{name} ({why})" for name, why in rows))
    drawn = staged.drawn
    if drawn.rounds_max and not staged.promised:
        seconds = drawn.liveness_s / staged.speed / CALM_SHARE_MAX
        out.append(f"too short for agreement, which is not checked: --seconds {seconds + 1:.0f}")
    return out


def _traces(staged: Staged) -> list[list[int]]:
    """Return the readings of each node, drawn as the simulator draws them; the last one stays."""
    drawn = staged.drawn
    rng = random.Random(f"inputs {drawn.seed}")
    rows = min(TRACE_VALUES_MAX, max(1, int(staged.faults_s / staged.step_s)))
    traces: list[list[int]] = [[] for _ in range(drawn.nodes)]
    for row in range(rows):
        readings = inputs.draw(drawn.shape, drawn.nodes, drawn.lo_q, drawn.hi_q, rng)
        for trace, reading_q in zip(traces, readings, strict=True):
            fresh = row == 0 or rng.random() < 0.5
            trace.append(min(max(reading_q, -Q_MAX), Q_MAX) if fresh else trace[-1])
    return traces
