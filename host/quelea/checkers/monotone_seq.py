"""Monotone sequence: within a session a node's seq rises from 1 on; a new session is a higher one.

And an honest node says one thing only: two frames with one (session, seq) are the same bytes.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation

RING = 1 << 16


def check(record: Record, facts: Facts | None = None) -> list[str]:
    """Return a sentence for each honest frame whose (session, seq) does not rise, at most 20.

    Frames of one source on one connection arrive in order; the journal keeps that order. Nodes
    whose boot counter was set back are left out: nothing is promised of theirs.
    """
    reused = facts.reused if facts is not None else frozenset()
    last: dict[int, int] = {}
    found: list[str] = []
    for at in range(len(record)):
        source = int(record.source[at])
        if not record.honest[at] or source in reused:
            continue
        before = last.get(source)
        last[source] = at
        if len(found) == 20:
            continue
        what = "" if record.seq[at] else "speaks with seq 0"
        if before is not None:
            what = what or _wrong(record, before, at)
        if what:
            found.append(Violation(f"node {source} {what}", int(record.t_us[at]), source))
    return found


def _wrong(record: Record, before: int, at: int) -> str:
    then = int(record.session[before]), int(record.seq[before])
    now = int(record.session[at]), int(record.seq[at])
    boots = (now[0] - then[0] + RING // 2) % RING - RING // 2
    if boots < 0 or (boots == 0 and now[1] < then[1]):
        return f"went from session, seq {then} back to {now}"
    if now == then and record.payloads[before] != record.payloads[at]:
        return f"said two things as session, seq {now}"
    return ""
