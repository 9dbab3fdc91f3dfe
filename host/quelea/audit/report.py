"""What an audit came to: one object for programs, lines for people."""

from collections.abc import Iterable
from typing import Any

from quelea.audit.auditor import UNVERIFIABLE, VERIFIED, WRONG, Auditor, Finding
from quelea.journal import FrameRow

PROOFS_KEPT = 5  # findings of one node in the report; the others are counted
US = 1_000_000


def report(
    auditor: Auditor, liars: Iterable[int] | None = None, wall_s: float = 0.0
) -> dict[str, Any]:
    """Return the result as every command prints it; verdict: nobody is wrong.

    liars: as the run made them, to say who was named; None where that is not known.
    """
    findings = auditor.findings
    named = sorted({finding.source for finding in findings})
    totals = {word: 0 for word in ("frames", VERIFIED, UNVERIFIABLE, WRONG)}
    for counts in auditor.counts.values():
        for word in totals:
            totals[word] += counts[word]
    judged = max(1, totals[VERIFIED] + totals[UNVERIFIABLE] + totals[WRONG])
    result: dict[str, Any] = {
        "verdict": not findings,
        "checks": [
            {"name": "nodes that broke the protocol", "ok": not named, "value": len(named),
             "bound": 0, "unit": "nodes"},
        ],
        **totals,
        "coverage": round((totals[VERIFIED] + totals[WRONG]) / judged, 4),
        "unverifiable_for": dict(auditor.reasons.most_common()),
        "named_bytes_share": round(auditor.used_bytes / max(1, auditor.bytes), 4),
        "us_a_frame": round(wall_s * US / max(1, totals["frames"]), 1),
        "nodes": [_node(auditor, number, findings) for number in sorted(auditor.counts)],
        "wrong_nodes": [auditor.setting.ids[number] for number in named],
    }  # fmt: skip
    if liars is not None:
        lying = set(liars)
        result["honest_accused"] = len(set(named) - lying)
        result["liars_named"] = len(lying.intersection(named))
        result["liars"] = len(lying)
    return result


def _node(auditor: Auditor, number: int, findings: list[Finding]) -> dict[str, Any]:
    counts = auditor.counts[number]
    mine = [finding for finding in findings if finding.source == number]
    return {
        "node": number,
        "id": auditor.setting.ids[number],
        **{word: counts[word] for word in ("frames", VERIFIED, UNVERIFIABLE, WRONG)},
        "findings": len(mine),
        "proofs": [_proof(auditor, finding) for finding in mine[:PROOFS_KEPT]],
    }


def _proof(auditor: Auditor, finding: Finding) -> dict[str, Any]:
    return {
        "t_us": finding.t_us,
        "session": finding.session,
        "seq": finding.seq,
        "breach": finding.wrong.rule,
        "what": finding.wrong.what,
        "expected": finding.wrong.expected,
        "found": finding.wrong.found,
        "frames": [_frame(auditor, row) for row in finding.evidence],
    }


def _frame(auditor: Auditor, row: FrameRow) -> dict[str, Any]:
    return {
        "source": auditor.setting.ids[row.source],
        "channel": row.channel,
        "dest": row.dest,
        "session": row.session,
        "epoch": row.epoch,
        "seq": row.seq,
        "input_q": row.input_q,
        "value_q": row.value_q,
        "payload": row.payload.hex(),
    }


def text(result: dict[str, Any], proofs: bool = True) -> str:
    """Return the report for a terminal: who is wrong, with the frames that prove it."""
    lines = [
        f"{result['frames']:,} frames: {result[VERIFIED]:,} verified, "
        f"{result[UNVERIFIABLE]:,} unverifiable, {result[WRONG]:,} wrong "
        f"({result['coverage']:.1%} could be computed again)"
    ]
    lines += [f"  {count:,} x {why}" for why, count in result["unverifiable_for"].items()]
    lines.append(
        f"naming inputs takes {result['named_bytes_share']:.1%} of the bytes; "
        f"the audit {result['us_a_frame']:.0f} us a frame"
    )
    for node in result["nodes"]:
        if node["findings"] and proofs:
            lines += _accusation(node)
    if "liars" in result:
        lines.append(
            f"honest nodes accused: {result['honest_accused']}; "
            f"liars named: {result['liars_named']} of {result['liars']}"
        )
    wrong = ", ".join(result["wrong_nodes"])
    lines.append(f"Wrong: {wrong}." if wrong else "Nobody is proved wrong.")
    return "\n".join(lines)


def _accusation(node: dict[str, Any]) -> list[str]:
    lines = ["", f"{node['id']} is wrong, {node['findings']:,} times; the first:"]
    proof = node["proofs"][0]
    lines.append(
        f"  {proof['t_us'] / US:.3f} s, session {proof['session']}, seq {proof['seq']}: "
        f"{proof['what']}"
    )
    for row in proof["frames"]:
        head = "no good frame"
        if row["seq"] is not None:
            head = f"session {row['session']} seq {row['seq']} value {row['value_q']}"
        lines.append(f"    {row['source']:16} {head:32} {row['payload']}")
    return lines
