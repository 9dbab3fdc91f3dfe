"""An emulated fleet with a cadence: `quelea fleet --cadence 16 [--surge spikes]`.

Its demand, where none is asked for, is `steps`: readings of homes that stay but for a trembling
below the dead band, and at STEP_SHARE of the run a step at one honest node. The verdict then has
what was said in the quiet before it, and how soon all agreed after it.
"""

import random
from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING, Any

import numpy as np
from quelea_proto.limits import Q_MAX, QUIET_ROUNDS_MAX

from quelea.checkers.record import RESTART, Record
from quelea.errors import UserError
from quelea.fleet import demand
from quelea.fleet.options import FleetOptions
from quelea.journal import Check, Journal
from quelea.simulator.rest import rest_q

if TYPE_CHECKING:
    from quelea.fleet.plan import Plan
    from quelea.fleet.verdict import Verdict

STEPS = "steps"  # a demand
SURGES = ("off", "rule", "spikes")
READING_ROUNDS = 4
LIVELY_ROUNDS = 8  # that a surge seen coming is worth
WARM_ROUNDS = 40  # in which everybody is new
STEP_SHARE = 0.7  # of the run
STEP_Q = 4000
BAND_SHARE = 200  # the dead band is this part of the range, where none is given
STALL_Q = 16  # rules stall a few q apart on sparse graphs
SAVED_MIN = 10.0
SAVED_QUIET_MIN = 12  # rounds of silence from which on that can be


def check(options: FleetOptions) -> None:
    """Raise UserError for what does not go together."""
    rows = (
        ("--cadence", options.cadence, QUIET_ROUNDS_MAX),
        ("--dead-band", options.dead_band, Q_MAX),
    )
    for flag, value, largest in rows:
        if not 0 <= value <= largest:
            raise UserError(f"{value} is out of range", flag, f"0 to {largest}")
    if options.surge not in SURGES:
        raise UserError(
            f"no surge detector {options.surge!r}", "--surge", "one of: " + ", ".join(SURGES)
        )
    if not options.cadence:
        for flag, given in (
            ("--surge", options.surge != "off"),
            ("--dead-band", options.dead_band),
        ):
            if given:
                raise UserError(
                    "a fleet that always speaks", flag, "it belongs to a cadence",
                    "add `--cadence 16`",
                )  # fmt: skip


def apply(options: FleetOptions) -> FleetOptions:
    """Return the options with what follows from a cadence."""
    if not options.cadence:
        return options
    changes: dict[str, Any] = {}
    if "demand" not in options.said and options.demand == demand.DEFAULT:
        changes["demand"] = STEPS
    if "chaos" not in options.said and not options.storm:
        changes["chaos"] = False  # a quiet that is broken half way shows nothing
    return replace(options, **changes)


def traces(options: FleetOptions, rows: int, stepping: int) -> list[list[int]]:
    """Return `steps` for each node: rows readings, READING_ROUNDS rounds each.

    stepping: number of the node that steps.
    """
    rng = random.Random(f"steps {options.seed}")
    columns = demand.load(demand.DEFAULT)
    step_row = int(STEP_SHARE * options.seconds * 1000 / options.period_ms / READING_ROUNDS)
    out = []
    for node in range(options.nodes):
        column = columns[node % len(columns)]
        base_q = int(mean(column)) + 7 * (node // len(columns)) + 100
        step_q = STEP_Q if node + 1 == stepping else 0
        tremble_q = STEP_Q // 800
        out.append(
            [
                base_q + step_q * (row >= step_row) + rng.randint(-tremble_q, tremble_q)
                for row in range(rows)
            ]
        )
    return out


def band_q(plan: "Plan") -> int:
    """Return the dead band of a fleet."""
    return plan.options.dead_band or max(1, (plan.hi_q - plan.lo_q) // BAND_SHARE)


def near_q(plan: "Plan") -> int:
    """Return the spread that counts as agreement, 0 without a cadence."""
    return 2 * band_q(plan) + STALL_Q if plan.options.cadence else 0


def rest(plan: "Plan") -> int:
    """Return how far apart honest values may be beyond those of a fleet that always speaks."""
    if not plan.options.cadence:
        return 0
    exact = plan.options.mode == "exact"
    return rest_q(plan.topology, exact, plan.faults_max, len(plan.liars), band_q(plan))


def node_config(plan: "Plan") -> dict[str, object]:
    """Return what a cadence adds to each node's cfg.json."""
    options = plan.options
    if not options.cadence:
        return {}
    config: dict[str, object] = {
        "quiet_rounds_max": options.cadence, "dead_band_q": band_q(plan)
    }  # fmt: skip
    if options.surge != "off":
        surge: dict[str, object] = {
            "by": options.surge,
            "reading_rounds": READING_ROUNDS,
            "lively_rounds": LIVELY_ROUNDS,
        }
        if options.surge == "spikes":
            from quelea.spiking.network import as_dict, shipped

            surge["network"] = as_dict(shipped("surge"))
        config["surge"] = surge
    return config


def judge(
    verdict: "Verdict", journal: Journal, record: Record, plan: "Plan", rounds_max: float
) -> None:
    """Add what a cadence saved and what it cost, where the demand is `steps`.

    rounds_max: within which an epoch agrees.
    """
    options = plan.options
    if not options.cadence or options.demand != STEPS:
        return
    stepped = [min(plan.honest)]
    step_us = _step_us(record, stepped, band_q(plan))
    begun_us = int(record.t_us[record.honest][0]) + WARM_ROUNDS * options.period_ms * 1000
    if step_us is None or step_us <= begun_us:
        verdict.checks.append(Check("a quiet time and a step", False, 0, 1, "times"))
        return
    rounds = (step_us - begun_us) / 1000 / options.period_ms
    spoken = record.honest & (record.t_us >= begun_us) & (record.t_us < step_us)
    messages = float(spoken.sum()) / rounds / len(plan.honest) / max(1, options.fanout)
    noise = plan.liars or options.chaos or options.storm  # of which nodes have to speak
    bound = 1 / SAVED_MIN if options.cadence >= SAVED_QUIET_MIN and not noise else 1.0
    verdict.checks.append(
        Check("messages a node and quiet round", messages <= bound, round(messages, 4), bound)
    )
    over_us = _over_us(record, plan, step_us, stepped, near_q(plan))
    reaction = None if over_us is None else (over_us - step_us) / 1000 / options.period_ms
    late = options.epoch_rounds + rounds_max  # a step in a new epoch waits for the next
    verdict.checks.append(
        Check(
            "rounds from a step to agreement",
            reaction is not None and reaction <= late,
            None if reaction is None else round(reaction, 2),
            round(late, 1),
            "rounds",
        )
    )
    seen = [row.document.get("lookout") for row in journal.statuses()]
    newest = {row.node: row.document.get("lookout") for row in journal.statuses()}
    verdict.figures["cadence"] = {
        "quiet_rounds": round(rounds, 1),
        "messages": round(messages, 4),
        "times_fewer": round(1 / max(messages, 1e-9), 1),
        "dead_band_q": band_q(plan),
        "reaction_rounds": reaction,
        "surge": options.surge,
        "readings_seen": sum(row["readings"] for row in newest.values() if row),
        "alerts": sum(row["alerts"] for row in newest.values() if row),
    }
    if options.surge != "off":
        heard = any(row and row["readings"] for row in seen)
        alerts = verdict.figures["cadence"]["alerts"]
        verdict.checks.append(Check("surges seen by nodes", heard and alerts > 0, alerts, 1))


def _step_us(record: Record, stepped: list[int], band: int) -> int | None:
    """Return when a stepped node first showed its new demand."""
    shown: dict[int, int] = {}
    for at in record.spoken:
        source, input_q = int(record.source[at]), int(record.input_q[at])
        before_q = shown.setdefault(source, input_q)
        if source in stepped and input_q - before_q > STEP_Q // 2 > band // 2:
            return int(record.t_us[at])
    return None


def _over_us(
    record: Record, plan: "Plan", step_us: int, stepped: list[int], near: int
) -> int | None:
    """Return when all honest nodes agreed again, the step of every stepped node counted in."""
    first: dict[int, int] = {}
    newest: dict[int, int] = {}
    for at in record.spoken:
        source = int(record.source[at])
        first.setdefault(source, int(record.input_q[at]))
        newest[source] = at
        if record.t_us[at] < step_us or len(newest) < len(plan.honest):
            continue
        if any(record.input_q[newest[n]] - first[n] < STEP_Q // 2 for n in stepped):
            continue
        rows = np.array(list(newest.values()))
        if plan.options.mode == "resilient" and len(set(record.epoch[rows].tolist())) > 1:
            continue
        values = record.value_q[rows]
        if int(values.max() - values.min()) <= near and not (record.flags[rows] & RESTART).all():
            return int(record.t_us[at])
    return None
