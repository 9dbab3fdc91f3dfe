"""The verdict on a scenario that real nodes ran: the scenario's own checkers on their journal."""

from quelea import checkers
from quelea.fleet.honesty import judge_honesty
from quelea.fleet.plan import Plan
from quelea.fleet.scenario import Staged
from quelea.fleet.verdict import Verdict, judge_memory
from quelea.journal import Check, Journal


def judge_scenario(journal: Journal, plan: Plan, staged: Staged) -> Verdict:
    """Return the verdict. Of a scenario that must fail it holds when a checker found something."""
    verdict = Verdict([])
    frames = sum(row.frames for row in journal.traffic())
    verdict.checks.append(Check("frames heard", frames > 0, frames, 1, "frames"))
    found = checkers.judge(journal, staged.names) if frames else {}
    broken = {name: texts for name, texts in found.items() if texts}
    for name, texts in found.items():
        verdict.violations += [f"{name}: {text}" for text in texts]
    if staged.scenario.get("checks", "expect") == "fails":
        verdict.checks.append(Check("the planted fault is found", bool(broken), len(broken), 1))
    else:
        verdict.checks += [
            Check(f"checker: {name}", not texts, len(texts), 0, "times")
            for name, texts in found.items()
        ]
        check, figures, accused = judge_honesty(journal, plan)
        verdict.checks.append(check)
        verdict.figures |= figures
        verdict.violations += accused
    judge_memory(verdict, journal, plan)
    died = [
        event
        for event in journal.events(name="exited")
        if not event.detail.get("wanted") and event.source in plan_ids(plan)
    ]
    verdict.checks.append(Check("nodes that ended by themselves", not died, len(died), 0, "times"))
    fired = {fault.name: fault.fired for fault in journal.faults() if fault.fired}
    if staged.asks_for_faults:
        verdict.checks.append(Check("faults took effect", bool(fired), sum(fired.values()), 1))
    verdict.figures |= {
        "scenario": staged.scenario.where,
        "options": staged.drawn.as_dict(),
        "speed": round(staged.speed, 3),
        "fired": fired,
        "not_injected": dict(staged.left_out),
        "not_checked": dict(staged.unseen),
        "agreement_checked": "convergence" in staged.names,
        "frames": frames,
    }
    return verdict


def plan_ids(plan: Plan) -> set[str]:
    """Return the ids of the plan's nodes."""
    return {plan.topology.id_of(number) for number in plan.topology.nodes}
