"""What the audit says of a fleet's run, as a check and figures of its verdict."""

from quelea.audit import audit, report
from quelea.fleet.plan import Plan
from quelea.journal import Check, Journal

ROWS_MAX = 60_000  # frames audited for the verdict, under 10 s; `quelea audit` takes all


def judge_honesty(journal: Journal, plan: Plan) -> tuple[Check, dict[str, object], list[str]]:
    """Return (check that no honest node is accused, figures, a sentence for each accusation)."""
    auditor = audit(journal, ROWS_MAX)
    result = report(auditor, plan.liars)
    accused = [
        f"{finding.t_us / 1e6:.3f} s: the audit accuses {plan.topology.id_of(finding.source)}, "
        f"which is honest (seq {finding.seq}): {finding.wrong.what}"
        for finding in auditor.findings
        if finding.source not in plan.liars
    ]
    count = result["honest_accused"]
    figures: dict[str, object] = {
        "frames_audited": result["frames"],
        "steps_verified": result["verified"],
        "steps_unverifiable": result["unverifiable"],
        "steps_wrong": result["wrong"],
        "liars_named": result["liars_named"],
        "liars_to_name": result["liars"],
    }
    return (
        Check("honest nodes accused by the audit", count == 0, count, 0, "nodes"),
        figures,
        accused,
    )
