"""The verdict on shared limits: were they kept, used and shared, by the rows in the journal."""

from typing import Any

from quelea.fleet.plan import Plan
from quelea.fleet.verdict import RETURN_US, Verdict
from quelea.headroom import audit, audit_members
from quelea.headroom.course import NEAR, Course, follow
from quelea.headroom.plan import Split
from quelea.journal import Check, Journal

JAIN_MIN = 0.95
JAIN_LIARS_MIN = 0.85  # a consensus under attack makes sharing unfair, never unsafe


def judge_limits(verdict: Verdict, journal: Journal, plan: Plan) -> None:
    """Add the checks of every limit of the plan's group."""
    group = plan.group
    if group is None:
        return
    left_out = [
        (fault.from_us, (fault.to_us or fault.from_us) + RETURN_US) for fault in journal.faults()
    ]
    figures = []
    for split, name in zip(group.splits, group.names, strict=True):
        rows = audit.rows_of(journal, split.limit)
        pulses = 0
        # A configuration that reckons with no liars has none: they lie in the consensus alone.
        lying = plan.liars if split.faults_max else ()
        reserve_q = sum(one.reserve_q for one in split.members if one.node in lying)
        parts = group.parts(split.limit)
        if group.terms is None:
            found = audit.check(rows, parts, split.budget_q, lying, reserve_q)
        else:
            certain_us = 1000 * group.terms.wait_ms(group.period_ms, split.settle_rounds)
            certain_us += 1000 * plan.options.cadence * group.period_ms  # of silence
            both = audit.rows_of(journal, split.limit, (3, 12))
            pulses = len(both) - len(rows)
            found = audit_members.check(both, parts, split.budget_q, certain_us, lying, reserve_q)
        verdict.violations += found
        of = f" {name}" if len(group.names) > 1 else ""
        verdict.checks.append(
            Check(
                f"limit{of}: caps and units under way above it",
                not found and len(rows) > 0,
                len(found),
                0,
                f"of {len(rows)} rows",
            )
        )
        members = group.members(split.limit)
        options = plan.options
        turn_s = group.turn_epochs * options.epoch_rounds * options.period_ms / 1000
        turning = options.seconds >= turn_s * len(members) > 0
        always = turning or split.settle_rounds == 0
        course = follow(
            rows, members, split.budget_q, left_out=left_out, liars=plan.liars, always=always,
            owed_s=turn_s * len(members) if turning else 0.0,  # until each has had its turn
        )  # fmt: skip
        judged = course.judged > 1 and (turning or not course.waited)
        lowest = JAIN_LIARS_MIN if plan.liars else JAIN_MIN
        if course.settled and not lying:  # with lines a part of the limit pays for safety
            use = round(course.use, 4)
            verdict.checks.append(Check(f"limit{of}: use of what can be", use >= NEAR, use, NEAR))
        index = round(course.index, 4)
        if judged:  # of turns that were not all had nothing follows
            verdict.checks.append(
                Check(f"limit{of}: Jain's index", index >= lowest, index, lowest)
            )
        figures.append(_figures(name, split, course, len(rows), index) | {"pulses": pulses})
    verdict.figures["limits"] = figures


def _figures(name: str, split: Split, course: Course, rows: int, index: float) -> dict[str, Any]:
    return {
        "limit": name,
        "budget_q": split.budget_q,
        "most_used_q": max((used_q for _, used_q, _ in course.used_q), default=0),
        "jain": index,
        "settled_samples": course.settled,
        "samples": course.samples,
        "changes": len(course.changed_s),
        "changed_s_p99": _p99(course.changed_s),
        "rows": rows,
    }


def _p99(values: list[float]) -> float | None:
    if not values:
        return None
    return round(sorted(values)[min(len(values) - 1, int(0.99 * len(values)))], 2)
