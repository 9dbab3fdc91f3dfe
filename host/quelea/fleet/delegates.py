"""The verdict on delegates, from the rows in the journal: shares nothing with the boards' code.

believed   each entry of an honest row lies between what honest delegates of that cluster said
           of it in the time that its age allows, and its mean is that of its entries, exactly
followed   each honest node acts on what lies between its own honest delegates' words
replaced   a delegate that was killed has a successor within COST_MAX intervals
"""

import struct
from dataclasses import dataclass, field
from fractions import Fraction

from quelea.checkers import convergence, hull
from quelea.checkers.record import Record, Violation
from quelea.fleet.plan import Plan
from quelea.fleet.verdict import RETURN_US, SPREAD_MIN_Q, SPREAD_SHARE, Verdict
from quelea.headroom.audit import crc
from quelea.journal import Check, FaultRow, Journal

COST_MAX = 3.0  # intervals
HEAD = 17
NEVER = 255
LATE_US = 1_500_000  # a row in the journal may be older or younger than what a node heard
AGREE_SHARE = 0.01
WINDOW_US = 2_500_000  # in which every node says its status


@dataclass(frozen=True)
class Said:
    """A row; entries: (value_q, size, age) by cluster."""

    t_us: int
    node: int
    cluster: int
    fleet_q: int
    term: int
    entries: tuple[tuple[int, int, int], ...]


@dataclass
class Delegates:
    """Honest rows by cluster, in order of time; lies: rows of liars."""

    rows: dict[int, list[Said]] = field(default_factory=dict)
    lies: int = 0


def parse(t_us: int, payload: bytes) -> Said | None:
    """Return what a row says, None when the bytes are none."""
    if len(payload) < HEAD + 2 or payload[:2] != b"\x2a\x00":
        return None
    count = payload[16]
    if len(payload) != HEAD + 6 * count + 2:
        return None
    if crc(payload[:-2]) != int.from_bytes(payload[-2:], "little"):
        return None
    node, term = struct.unpack_from("<H", payload, 2)[0], struct.unpack_from("<H", payload, 10)[0]
    entries = []
    for at in range(HEAD, HEAD + 6 * count, 6):
        value_q = int.from_bytes(payload[at : at + 3], "little", signed=True)
        entries.append((value_q, payload[at + 3] | payload[at + 4] << 8, payload[at + 5]))
    fleet_q = int.from_bytes(payload[13:16], "little", signed=True)
    return Said(t_us, node, payload[12], fleet_q, term, tuple(entries))


def read(journal: Journal, plan: Plan) -> Delegates:
    """Return the rows of a run."""
    found = Delegates()
    for row in journal.frames(good=None):
        said = parse(row.t_us, row.payload) if row.channel == "ct" else None
        if said is None or said.node != row.source:
            continue
        if row.source in plan.liars:
            found.lies += 1
        else:
            found.rows.setdefault(said.cluster, []).append(said)
    return found


def judge_inside(verdict: Verdict, record: Record, plan: Plan) -> None:
    """Add the checks of the agreement inside each cluster."""
    assert plan.hierarchy is not None
    outside: list[str] = []
    spread_q, bound_q, whole = 0, SPREAD_MIN_Q, 0
    for members in plan.hierarchy.clusters:
        part = record.of(members)
        outside += hull.check(part)
        honest = [number for number in members if number not in plan.liars]
        epochs = convergence.epochs(part, len(honest), plan.options.period_ms)[:-1]
        whole += bool(epochs)
        for epoch in epochs[-1:]:
            spread_q = max(spread_q, epoch.final_spread_q)
            bound_q = max(bound_q, int(SPREAD_SHARE * epoch.first_spread_q))
    count = len(plan.hierarchy.clusters)
    verdict.violations += outside
    verdict.checks += [
        Check("honest values outside the honest hull", not outside, len(outside), 0, "frames"),
        Check("clusters with a whole epoch", whole == count, whole, count, "clusters"),
        Check("final spread inside a cluster", spread_q <= bound_q, spread_q, bound_q, "q"),
    ]


def judge_delegates(verdict: Verdict, journal: Journal, plan: Plan) -> None:
    """Add the checks of what travels between clusters."""
    if plan.hierarchy is None:
        return
    found = read(journal, plan)
    broken, looked = believed(found, plan, journal)
    inexact = [row for rows in found.rows.values() for row in rows if not exact(row)]
    strayed, followers = followed(found, plan, journal)
    verdict.violations += broken + strayed
    verdict.checks += [
        Check("entries outside what honest delegates said", looked > 0 and not broken,
              len(broken), 0, f"of {looked:,}"),
        Check("means that are not those of their entries", looked > 0 and not inexact,
              len(inexact), 0, "rows"),
        Check("nodes that strayed from their delegates", followers > 0 and not strayed,
              len(strayed), 0, f"of {followers} statuses"),
        *agreed(plan, journal),
    ]  # fmt: skip
    if plan.liars:
        verdict.checks.append(Check("lies of delegates", found.lies > 0, found.lies, 1, "rows"))
    for fault in journal.faults():
        if fault.name == "node-kill":
            verdict.checks.append(replaced(found, plan, fault))
    rows = sum(len(rows) for rows in found.rows.values())
    terms = {row.term for each in found.rows.values() for row in each}
    newest = max(
        (each[-1] for each in found.rows.values()), key=lambda row: row.t_us, default=None
    )
    values_q = [entry[0] for entry in newest.entries] if newest is not None else []
    verdict.figures["delegates"] = {
        "rows": rows,
        "terms": len(terms),
        "sizes": list(plan.hierarchy.sizes),
        "values_q": values_q,
        "fleet_q": newest.fleet_q if newest is not None else None,
        "unweighted_q": round(sum(values_q) / max(1, len(values_q))),
    }


def exact(row: Said) -> bool:
    """Return whether the row's value is the mean of its entries, weighted, rounded half up."""
    known = [(value_q, size) for value_q, size, age in row.entries if age != NEVER]
    total = sum(size for _, size in known)
    mean = Fraction(sum(value_q * size for value_q, size in known), max(1, total))
    return row.fleet_q == (2 * mean.numerator + mean.denominator) // (2 * mean.denominator)


def believed(found: Delegates, plan: Plan, journal: Journal) -> tuple[list[str], int]:
    """Return a sentence for each entry that no honest delegate accounts for, and how many seen."""
    assert plan.hierarchy is not None
    interval_us = 1000 * plan.options.period_ms * plan.hierarchy.interval_rounds
    outages = [
        (fault.from_us, (fault.to_us or fault.from_us) + RETURN_US)
        for fault in journal.faults()
        if fault.name == "broker-restart"
    ]
    broken: list[str] = []
    looked = 0
    for rows in found.rows.values():
        for row in rows:
            for cluster, (value_q, size, age) in enumerate(row.entries):
                if age == NEVER or cluster == row.cluster:
                    continue
                looked += 1
                from_us = row.t_us - (age + 3) * interval_us * 11 // 10 - LATE_US
                for start_us, end_us in outages:  # what was said then is in no journal
                    if start_us <= row.t_us <= end_us + (age + 3) * interval_us:
                        from_us = min(from_us, start_us - 20 * interval_us)
                said = [
                    one.entries[cluster][0]
                    for one in found.rows.get(cluster, [])
                    if from_us <= one.t_us <= row.t_us + LATE_US
                ]
                inside = said and min(said) <= value_q <= max(said)
                if not inside or size > plan.hierarchy.sizes[cluster]:
                    text = f"node {row.node} says {value_q} of cluster {cluster}, age {age}"
                    broken.append(Violation(text, row.t_us, row.node))
    return broken, looked


def followed(found: Delegates, plan: Plan, journal: Journal) -> tuple[list[str], int]:
    """Return a sentence for each status that is not between the own delegates' words lately."""
    assert plan.hierarchy is not None
    strayed: list[str] = []
    looked = 0
    for status in journal.statuses():
        if status.node in plan.liars or status.node <= 0:
            continue
        said = status.document.get("cluster") or {}
        own = plan.hierarchy.cluster_of(status.node)
        before = [row.fleet_q for row in found.rows.get(own, []) if row.t_us <= status.t_us]
        if said.get("held", True) or not before:
            continue
        looked += 1
        lately = [
            row.fleet_q
            for row in found.rows[own]
            if status.t_us - 4 * LATE_US <= row.t_us <= status.t_us + LATE_US
        ]
        if not lately or not min(lately) <= int(said["fleet_q"]) <= max(lately):
            text = f"node {status.node} acts on {said['fleet_q']}, not on its delegates' word"
            strayed.append(Violation(text, status.t_us, status.node))
    return strayed, looked


def agreed(plan: Plan, journal: Journal) -> list[Check]:
    """Return whether all honest nodes came to act on one value, and none is without at the end.

    Values change with each epoch, and nodes say their status at moments of their own: looked for
    is the WINDOW_US in which they differ least.
    """
    rows = [row for row in journal.statuses() if row.node in plan.honest]
    newest: dict[int, tuple[int, bool, int]] = {}
    least_q: int | None = None
    bound_q = SPREAD_MIN_Q
    for row in rows:
        said = row.document.get("cluster") or {}
        newest[row.node] = row.t_us, bool(said.get("held", True)), int(said.get("fleet_q", 0))
        held = [one for one in newest.values() if one[1] or one[0] < row.t_us - WINDOW_US]
        if len(newest) == len(plan.honest) and not held:
            values_q = [value_q for _, _, value_q in newest.values()]
            spread_q = max(values_q) - min(values_q)
            if least_q is None or spread_q < least_q:
                least_q = spread_q
                bound_q = max(SPREAD_MIN_Q, int(AGREE_SHARE * max(values_q)))
    waiting = len(plan.honest) - sum(not held for _, held, _ in newest.values())
    agree = least_q is not None and least_q <= bound_q
    return [
        Check("nodes without the fleet's value at the end", waiting == 0, waiting, 0, "nodes"),
        Check("the fleet's value, least spread", agree, least_q, bound_q, "q"),
    ]


def replaced(found: Delegates, plan: Plan, fault: FaultRow) -> Check:
    """Return how many intervals passed until a member spoke that had not spoken before."""
    assert plan.hierarchy is not None
    interval_us = 1000 * plan.options.period_ms * plan.hierarchy.interval_rounds
    number = {plan.topology.id_of(n): n for n in plan.topology.nodes}[fault.target]
    rows = found.rows.get(plan.hierarchy.cluster_of(number), [])
    before = {
        row.node for row in rows if fault.from_us - 4 * interval_us <= row.t_us <= fault.from_us
    }
    after = [row for row in rows if row.t_us > fault.from_us and row.node not in before]
    name = f"a successor of {fault.target}"
    if number not in before:
        return Check(name, False, None, COST_MAX, "intervals; it was no delegate")
    cost = round((after[0].t_us - fault.from_us) / interval_us, 2) if after else None
    return Check(name, cost is not None and cost <= COST_MAX, cost, COST_MAX, "intervals")
