"""Refusals: what honest nodes say is never refused for its contents.

Bytes that the network damaged fail at their checksum, old ones at their session or seq. So where
nobody lies no node counts a value out of range, a wrong or unknown sender, a frame of the other
mode or two frames with one seq.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation

NEVER = ("bad_range", "bad_sender", "unknown_sender", "wrong_mode")
TWICE = "equivocation"  # by boards that speak in a session that was used before
KEPT_MAX = 20


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each life that refused what it may not, at most 20."""
    if facts.liars:
        return []
    names = NEVER if facts.reused else (*NEVER, TWICE)
    found: list[str] = []
    for row in record.statuses:
        counters = row.document.get("counters") or row.document.get("agent")
        if not isinstance(counters, dict) or len(found) == KEPT_MAX:
            continue
        refused = [f"{name} {counters[name]}" for name in names if counters.get(name)]
        if refused:
            text = f"node {row.node} refused honest frames: {', '.join(refused)}"
            found.append(Violation(text, row.t_us, row.node))
    return found
