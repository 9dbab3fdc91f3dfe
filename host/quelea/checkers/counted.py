"""Every payload is counted once: as accepted or under one cause of refusal; rounds are frames.

Read from the counters that each life of a node leaves in the journal when it ends.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation

REFUSALS = (
    *("bad_short", "bad_version", "bad_kind", "bad_length", "bad_crc", "bad_range", "bad_sender"),
    *("unknown_sender", "session_old", "stale", "duplicate", "equivocation", "wrong_mode"),
)


def _is_silent(facts: Facts, rounds: int, spoken: int) -> bool:
    """Return whether a cadence explains that a node spoke less often than it had rounds."""
    return facts.quiet_rounds_max > 0 and spoken <= rounds <= (spoken + 1) * facts.silence_rounds


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each life whose counters do not add up, at most 20."""
    found: list[str] = []
    for row in record.statuses:
        counters = row.document.get("counters")
        if not facts.whole or not isinstance(counters, dict) or len(found) == 20:
            continue
        sorted_out = counters["accepted"] + sum(counters[name] for name in REFUSALS)
        if sorted_out != counters["frames_in"]:
            text = f"node {row.node} heard {counters['frames_in']}, sorted {sorted_out}"
            found.append(Violation(text, row.t_us, row.node))
        spoken = int(row.document.get("seq") or 0)
        if counters["rounds"] != spoken and not _is_silent(facts, counters["rounds"], spoken):
            text = f"node {row.node}: {counters['rounds']} rounds, seq {row.document.get('seq')}"
            found.append(Violation(text, row.t_us, row.node))
    return found
