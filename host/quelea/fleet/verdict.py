"""The verdict on a fleet's run, computed from its journal alone and the plan it was to follow."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from quelea_proto.frames import FLOW, STATE, frame_bytes

from quelea.checkers import convergence, hull, monotone_seq, sum_exact
from quelea.checkers.record import Record, read
from quelea.fleet.plan import Plan
from quelea.journal import Check, Journal
from quelea.topology.spectral import rho, rounds_predicted, weights

# A trimming rule hears d - 2F of d neighbours, and rounds are not in step: both cost time.
ROUNDS_SLACK = 2.0
ROUNDS_EXTRA = 4.0  # epochs do not begin at one instant: nodes follow within their fresh_rounds
SPREAD_EXACT_Q = 2
SPREAD_SHARE = 0.01  # resilient: of the epoch's first spread
SPREAD_MIN_Q = 16  # ... or this, whichever is larger: rules stall a few q apart on sparse graphs


@dataclass
class Verdict:
    """ok: all checks hold. checks: as every command prints them. figures: further results."""

    checks: list[Check]
    figures: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def judge(journal: Journal, plan: Plan) -> Verdict:
    """Return the verdict on the run in the journal."""
    record = read(journal.frames(good=True), plan.liars)
    verdict = Verdict([])
    if len(record) == 0:
        verdict.checks.append(Check("frames heard", False, 0, 1, "frames"))
        return verdict
    if plan.options.mode == "exact":
        _judge_exact(verdict, record, plan)
    else:
        _judge_resilient(verdict, record, plan)
    broken = monotone_seq.check(record)
    verdict.violations += broken
    verdict.checks.append(Check("seq rises in every session", not broken, len(broken), 0, "times"))
    _judge_traffic(verdict, record, plan)
    _judge_memory(verdict, journal, plan)
    _judge_faults(verdict, journal, record, plan)
    return verdict


def _judge_resilient(verdict: Verdict, record: Record, plan: Plan) -> None:
    outside = hull.check(record)
    checked, seen = hull.room(record)
    verdict.violations += outside
    verdict.checks.append(Check("honest values in the honest hull", not outside, checked, 0, ""))
    verdict.figures |= {"hull_frames_checked": checked, "hull_epochs": seen}
    honest = len(plan.honest)
    found = convergence.epochs(record, honest, plan.options.period_ms)
    reached = [epoch.rounds for epoch in found if epoch.rounds is not None]
    whole = found[:-1] or found  # the run may end inside its last epoch
    last = whole[-1] if whole else None
    if last is None:
        verdict.checks.append(Check("an epoch with all honest nodes", False, 0, 1, "epochs"))
        return
    bound_q = max(SPREAD_MIN_Q, int(SPREAD_SHARE * last.first_spread_q))
    verdict.checks.append(
        Check("final spread", last.final_spread_q <= bound_q, last.final_spread_q, bound_q, "q")
    )
    ratio = max(2.0, last.first_spread_q / max(1, last.settled_q))
    predicted = predict(plan, ratio)
    bound = allowed(plan, predicted)
    rounds = round(median(reached), 1) if reached else math.inf
    verdict.checks.append(
        Check("rounds to 1 % of the spread", rounds <= bound, rounds, round(bound, 1), "rounds")
    )
    verdict.figures |= {
        "rounds_predicted": predicted,
        "rho": round(rho(weights(plan.topology, "equal")), 4),
        "epochs": [
            {
                "epoch": epoch.number,
                "first_spread_q": epoch.first_spread_q,
                "final_spread_q": epoch.final_spread_q,
                "rounds": epoch.rounds,
            }
            for epoch in found
        ],
    }


def predict(plan: Plan, ratio: float) -> int:
    """Return the rounds in which plain averaging on this graph shrinks a spread by ratio."""
    return rounds_predicted(rho(weights(plan.topology, "equal")), ratio)


def allowed(plan: Plan, predicted: int) -> float:
    """Return the rounds that the verdict allows: the prediction, the trimming, the asynchrony."""
    degree = plan.topology.degree_mean
    heard = max(1.0, degree + 1 - 2 * plan.faults_max)
    return predicted * (degree + 1) / heard * ROUNDS_SLACK + ROUNDS_EXTRA


def _judge_exact(verdict: Verdict, record: Record, plan: Plan) -> None:
    broken = sum_exact.check(record)
    verdict.violations += broken
    verdict.checks.append(
        Check("value = input - flows in every frame", not broken, len(record), 0, "")
    )
    near = {number: plan.topology.neighbours(number) for number in plan.topology.nodes}
    _, spread_q = convergence.course(record, len(plan.honest))
    final_q = int(spread_q[-1]) if len(spread_q) else -1
    verdict.checks.append(
        Check("final spread", 0 <= final_q <= SPREAD_EXACT_Q, final_q, SPREAD_EXACT_Q, "q")
    )
    newest = {int(record.source[at]): at for at in range(len(record))}
    inputs_q = sum(int(record.input_q[at]) for at in newest.values())
    values_q = sum(int(record.value_q[at]) for at in newest.values())
    verdict.figures |= {
        "sum_inputs_q": inputs_q,
        "sum_values_q": values_q,
        "under_way_q": sum_exact.under_way_q(record, near),
    }
    gap_q = abs(inputs_q - values_q)
    verdict.checks.append(
        Check(
            "sum of values and of what is under way",
            gap_q <= verdict.figures["under_way_q"],
            gap_q,
            verdict.figures["under_way_q"],
            "q",
        )
    )


def _judge_traffic(verdict: Verdict, record: Record, plan: Plan) -> None:
    degree = plan.topology.degree_max
    kind = FLOW if plan.options.mode == "exact" else STATE
    bound = frame_bytes(kind, degree)
    honest = record.honest
    sizes = [len(p) for p, ok in zip(record.payloads, honest, strict=True) if ok]
    rounds = len({(s, k, q) for s, k, q in zip(
        record.source[honest].tolist(), record.session[honest].tolist(),
        record.seq[honest].tolist(), strict=True)})  # fmt: skip
    each = sum(sizes) / max(1, rounds)
    verdict.checks.append(
        Check(
            "bytes a node a round",
            each <= bound * max(1, plan.options.fanout),
            round(each, 1),
            bound * max(1, plan.options.fanout),
            "bytes",
        )
    )
    gaps, expected = _gaps(record)
    verdict.figures |= {
        "frames": len(record),
        "frames_missed_by_the_journal": gaps,
        "delivered_share": round(1 - gaps / max(1, expected), 5),
    }


def _gaps(record: Record) -> tuple[int, int]:
    """Return (seq numbers never heard, seq numbers spoken) of the honest sources, by session."""
    lost = spoken = 0
    honest = record.honest
    keys = record.source[honest] * 65536 + record.session[honest]
    for key in np.unique(keys):
        seqs = np.unique(record.seq[honest][keys == key])
        span = int(seqs[-1] - seqs[0]) + 1
        spoken += span
        lost += span - len(seqs)
    return lost, spoken


def _judge_memory(verdict: Verdict, journal: Journal, plan: Plan) -> None:
    highest = 0
    for row in journal.statuses():
        heap = row.document.get("heap") or {}
        highest = max(highest, int(heap.get("high", 0)))
    bound = plan.options.heap_kb * 1024
    # the unix port's words are twice a board's: its bytes are halved to a board's
    board = highest // 2
    verdict.checks.append(
        Check("heap high-water of a board", 0 < board < bound, board, bound, "bytes")
    )


def _judge_faults(verdict: Verdict, journal: Journal, record: Record, plan: Plan) -> None:
    for fault in journal.faults():
        verdict.checks.append(
            Check(
                f"fault took effect: {fault.name} {fault.target}", fault.fired > 0, fault.fired, 1
            )
        )
    if plan.liars and plan.options.mode == "resilient":
        lies = lies_told(record, plan)
        verdict.checks.append(Check("lies were told", lies > 0, lies, 1, "frames"))


def lies_told(record: Record, plan: Plan) -> int:
    """Return the liars' frames whose claim lies outside their epoch's honest hull, or differs.

    A liar's claim inside the hull cannot be told from a value by looking; those of in-hull
    adversaries are counted by their addressed frames that contradict each other.
    """
    told = 0
    by_seq: dict[tuple[int, int, int], set[int]] = {}
    low, high = _hulls(record)
    for at in np.flatnonzero(~record.honest):
        epoch, value_q = int(record.epoch[at]), int(record.value_q[at])
        key = int(record.source[at]), int(record.session[at]), int(record.seq[at])
        values = by_seq.setdefault(key, set())
        values.add(value_q)
        outside = epoch in low and not low[epoch] <= value_q <= high[epoch]
        told += outside or len(values) > 1
    return told


def _hulls(record: Record) -> tuple[dict[int, int], dict[int, int]]:
    def span(pick: Callable[..., Any]) -> dict[int, int]:
        out: dict[int, int] = {}
        for epoch in np.unique(record.epoch[record.honest]):
            here = record.honest & (record.epoch == epoch)
            out[int(epoch)] = int(pick(record.input_q[here]))
        return out

    return span(np.min), span(np.max)
