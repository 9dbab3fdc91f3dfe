"""The verdict on a fleet's run, computed from its journal alone and the plan it was to follow."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from quelea_proto.frames import FLOW, STATE, frame_bytes

from quelea.checkers import convergence, hull, monotone_seq, sum_exact
from quelea.checkers.record import Record, read
from quelea.fleet import quiet
from quelea.fleet.honesty import judge_honesty
from quelea.fleet.plan import Plan
from quelea.journal import Check, FaultRow, Journal, StatusRow
from quelea.topology.spectral import rho, rounds_predicted

# A trimming rule hears d - 2F of d neighbours, and rounds are not in step: both cost time.
ROUNDS_SLACK = 2.0
ROUNDS_EXTRA = 4.0  # epochs do not begin at one instant: nodes follow within their fresh_rounds
RETURN_US = 10_000_000  # backoff goes up to RECONNECT_MS_MAX, 8 s
HEARD_ON_US = 500_000  # what a killed server had passed on is heard within this time
DELIVERED_MIN = 0.999  # outside outages; the two ends of a count differ by some under way
# these lose connections
OUTAGES = ("broker-restart", "server-kill", "cut", "freeze", "half-open", "garbage")
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
    elif plan.hierarchy is not None:
        from quelea.fleet.delegates import judge_inside  # which needs this module

        judge_inside(verdict, record, plan)
    else:
        _judge_resilient(verdict, record, plan)
    broken = monotone_seq.check(record)
    verdict.violations += broken
    verdict.checks.append(Check("seq rises in every session", not broken, len(broken), 0, "times"))
    _judge_traffic(verdict, journal, record, plan)
    quiet.judge(verdict, journal, record, plan, allowed(plan, predict(plan, 100.0)))
    judge_memory(verdict, journal, plan)
    _judge_faults(verdict, journal, record, plan)
    check, figures, accused = judge_honesty(journal, plan)
    verdict.checks.append(check)
    verdict.figures |= figures
    verdict.violations += accused
    return verdict


def _judge_resilient(verdict: Verdict, record: Record, plan: Plan) -> None:
    outside = hull.check(record)
    checked, seen = hull.room(record)
    verdict.violations += outside
    verdict.checks.append(
        Check("honest values outside the honest hull", not outside, len(outside), 0, "frames")
    )
    verdict.figures |= {"hull_frames_checked": checked, "hull_epochs": seen}
    honest = len(plan.honest)
    found = convergence.epochs(record, honest, plan.options.period_ms)
    near_q = quiet.near_q(plan)
    after = [epoch.rounds_to(near_q, plan.options.period_ms) for epoch in found]
    reached = [rounds for rounds in after if rounds is not None]
    whole = found[:-1] or found  # the run may end inside its last epoch
    last = whole[-1] if whole else None
    if last is None:
        verdict.checks.append(Check("an epoch with all honest nodes", False, 0, 1, "epochs"))
        return
    bound_q = max(SPREAD_MIN_Q, int(SPREAD_SHARE * last.first_spread_q)) + quiet.rest(plan)
    verdict.checks.append(
        Check("final spread", last.final_spread_q <= bound_q, last.final_spread_q, bound_q, "q")
    )
    ratio = max(2.0, last.first_spread_q / max(1, last.settled_q))
    predicted = predict(plan, ratio)
    bound = allowed(plan, predicted)
    rounds = round(median(reached), 1) if reached else None
    verdict.checks.append(
        Check(
            f"rounds to {near_q or '1 %'} {'q' if near_q else 'of the spread'}",
            rounds is not None and rounds <= bound,
            rounds,
            round(bound, 1),
            "rounds",
        )
    )
    verdict.figures |= {
        "rounds_predicted": predicted,
        "rho": round(rho(plan.topology), 4),
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
    rounds = rounds_predicted(rho(plan.topology), ratio)
    return 1 << 30 if rounds is None else rounds


def allowed(plan: Plan, predicted: int) -> float:
    """Return the rounds that the verdict allows: the prediction, the trimming, the asynchrony."""
    degree = plan.topology.degree_mean
    heard = max(1.0, degree + 1 - 2 * plan.faults_max)
    return predicted * (degree + 1) / heard * ROUNDS_SLACK + ROUNDS_EXTRA


def _judge_exact(verdict: Verdict, record: Record, plan: Plan) -> None:
    broken = sum_exact.check(record)
    verdict.violations += broken
    verdict.checks.append(
        Check("values that are not input - flows", not broken, len(broken), 0, "frames")
    )
    near = {number: plan.topology.neighbours(number) for number in plan.topology.nodes}
    _, spread_q = convergence.course(record, len(plan.honest))
    final_q = int(spread_q[-1]) if len(spread_q) else -1
    bound_q = SPREAD_EXACT_Q + quiet.rest(plan)
    verdict.checks.append(Check("final spread", 0 <= final_q <= bound_q, final_q, bound_q, "q"))
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
            "|inputs - values|, under way",
            gap_q <= verdict.figures["under_way_q"],
            gap_q,
            verdict.figures["under_way_q"],
            "q",
        )
    )


def _judge_traffic(verdict: Verdict, journal: Journal, record: Record, plan: Plan) -> None:
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
    taken, expected = _delivered(journal, record, plan)
    if expected and not plan.options.fanout:
        share = round(min(1.0, taken / expected), 5)  # frames under way count at one end
        verdict.checks.append(
            Check("frames delivered to neighbours", share >= DELIVERED_MIN, share, DELIVERED_MIN)
        )
        verdict.figures |= {"frames_delivered": taken, "frames_for_neighbours": expected}
    lost, away, spoken = _gaps(record, _outages(journal))
    verdict.figures |= {
        "frames": len(record),
        "frames_spoken": spoken,
        "frames_lost": lost,
        "frames_lost_while_broker_away": away,
        "journal_share": round(1 - lost / max(1, spoken - away), 6),
    }


def _delivered(journal: Journal, record: Record, plan: Plan) -> tuple[int, int]:
    """Return (frames that nodes took from neighbours, frames spoken to them), between statuses.

    For each node from its first status after the last outage to its newest one, in one session:
    the counter of frames handed to its agent against what its neighbours said in that time. To
    whom an outage cut off it lasts until it says `ready` again, behind its subscriptions.
    """
    quiet_us = max([0, *(end for _, end in _outages(journal))])
    back_us = {
        row.node: row.t_us
        for row in journal.states()
        if quiet_us and (row.name, row.value) == ("$state", "ready")
    }
    spoken = {
        number: np.sort(record.t_us[(record.source == number) & (record.dest == 0)])
        for number in plan.topology.nodes
    }
    first: dict[int, StatusRow] = {}
    last: dict[int, StatusRow] = {}
    for row in journal.statuses():
        if row.t_us >= max(quiet_us, back_us.get(row.node, 0)):
            begun = first.setdefault(row.node, row)
            if begun.document.get("session") == row.document.get("session"):
                last[row.node] = row
            else:
                first[row.node] = row
    taken = expected = 0
    for number, row in last.items():
        if number not in spoken or row is first[number]:
            continue
        spoken[0] = np.sort(record.t_us[record.dest == number])
        taken += _taken(row) - _taken(first[number])
        for other in (0, *plan.topology.neighbours(number)):
            span = np.searchsorted(spoken[other], (first[number].t_us, row.t_us))
            expected += int(span[1] - span[0])
    return taken, expected


def _taken(row: StatusRow) -> int:
    """Return how many frames came in; by `auth` the first of a session tell no more than that."""
    total = 0
    for part, names in (("agent", ("frames_in",)), ("auth", ("greetings", "echo"))):
        counted = row.document.get(part)
        if isinstance(counted, dict):
            total += sum(int(counted.get(name, 0)) for name in names)
    return total


def _outages(journal: Journal) -> list[tuple[int, int]]:
    """Return (from, to) in us of every broker restart, with the time nodes may need to return."""
    return [
        (fault.from_us, (fault.to_us or fault.from_us) + RETURN_US)
        for fault in journal.faults()
        if fault.name in OUTAGES
    ]


def _gaps(record: Record, outages: list[tuple[int, int]]) -> tuple[int, int, int]:
    """Return (frames lost, frames lost in outages, frames spoken) of the honest, by seq gaps."""
    lost = away = spoken = 0
    honest = record.honest
    keys = record.source[honest] * 65536 + record.session[honest]
    for key in np.unique(keys):
        mine = keys == key
        seqs, first = np.unique(record.seq[honest][mine], return_index=True)
        times = record.t_us[honest][mine][first]
        spoken += int(seqs[-1] - seqs[0]) + 1
        for at in np.flatnonzero(np.diff(seqs) > 1):
            gap = int(seqs[at + 1] - seqs[at]) - 1
            if any(times[at] < end and times[at + 1] > start for start, end in outages):
                away += gap
            else:
                lost += gap
    return lost, away, spoken


def judge_memory(verdict: Verdict, journal: Journal, plan: Plan) -> None:
    """Add the check that the nodes would have fitted on a board."""
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
        if fault.name == "server-kill":
            verdict.checks.append(_moved(fault, record))
    if plan.liars and plan.options.mode == "resilient":
        lies = lies_told(record, plan.liars)
        verdict.checks.append(Check("lies were told", lies > 0, lies, 1, "frames"))


def _moved(fault: FaultRow, record: Record) -> Check:
    """Whether all nodes of a killed server were heard again, so through another one."""
    nodes = fault.detail["nodes"]
    later = set(record.source[record.t_us > fault.from_us + HEARD_ON_US].tolist())
    found = sum(number in later for number in nodes)
    return Check(f"nodes of {fault.target} found another", found == len(nodes), found, len(nodes))


def lies_told(record: Record, liars: Iterable[int]) -> int:
    """Return the liars' frames that show themselves as lies.

    That is a claim outside the span of the honest nodes' newest values of the same epoch, or one
    that contradicts another with the same seq.
    """
    told = 0
    lying = set(liars)
    newest: dict[int, tuple[int, int]] = {}
    said: dict[tuple[int, int, int], int] = {}
    for at in range(len(record)):
        source, epoch = int(record.source[at]), int(record.epoch[at])
        value_q = int(record.value_q[at])
        if source not in lying:
            newest[source] = epoch, value_q
            continue
        key = source, int(record.session[at]), int(record.seq[at])
        contradicts = said.setdefault(key, value_q) != value_q
        honest = [value for number, value in newest.values() if number == epoch]
        outside = bool(honest) and not min(honest) <= value_q <= max(honest)
        told += contradicts or outside
    return told
