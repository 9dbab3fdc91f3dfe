"""Monotone sequence: within a session a node's seq only rises; a new session is a higher one."""

from quelea.checkers.record import Record


def check(record: Record) -> list[str]:
    """Return a sentence for each honest frame whose (session, seq) does not rise, at most 20.

    Frames of one source on one connection arrive in order; the journal keeps that order.
    """
    last: dict[int, tuple[int, int]] = {}
    found: list[str] = []
    for at in range(len(record)):
        if not record.honest[at]:
            continue
        source = int(record.source[at])
        now = int(record.session[at]), int(record.seq[at])
        if source in last and now < last[source] and len(found) < 20:
            found.append(f"node {source} went from session, seq {last[source]} back to {now}")
        last[source] = now
    return found
