"""Readings: what a node enters into the fleet is its sensor's newest reading, within the range.

Resilient: in the first frame of an epoch, and unchanged throughout it. Exact: in every frame.
Read from the readings that the simulator records; where there are none nothing is checked.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.record import FLOW, RESTART, Record, Violation

KEPT_MAX = 20


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each honest frame whose input is not what it should be, at most 20."""
    given = [event for event in record.events if event.name == "reading"]
    newest: dict[int, int] = {}
    last: dict[int, int] = {}
    found: list[str] = []
    at_event = 0
    for at in record.spoken:
        t_us, source = int(record.t_us[at]), int(record.source[at])
        while at_event < len(given) and given[at_event].t_us < t_us:
            event = given[at_event]
            reading_q = int(event.detail["q"])
            newest[facts.numbers[event.source]] = min(max(reading_q, facts.lo_q), facts.hi_q)
            at_event += 1
        what = _wrong(record, at, newest.get(source), last.get(source))
        last[source] = at
        if what and len(found) < KEPT_MAX:
            found.append(Violation(f"node {source} seq {record.seq[at]}: {what}", t_us, source))
    return found


def _wrong(record: Record, at: int, reading_q: int | None, before: int | None) -> str:
    input_q = int(record.input_q[at])
    if reading_q is None:
        return ""
    if record.kind[at] == FLOW or record.flags[at] & RESTART:
        return "" if input_q == reading_q else f"input {input_q}, the reading is {reading_q}"
    same = before is not None and record.epoch[before] == record.epoch[at]
    if before is None or not same or record.session[before] != record.session[at]:
        return ""
    if input_q == record.input_q[before] or record.seq[at] != record.seq[before] + 1:
        return ""
    return f"input {input_q} within an epoch that began with {record.input_q[before]}"
