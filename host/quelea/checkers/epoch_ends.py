"""Epochs end: a node stays in one for epoch_rounds of its own rounds at most, then begins anew.

The counterpart of `epochs`: there nobody goes on too early, here nobody stays behind for ever.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.record import FLOW, RESTART, Record, Violation

KEPT_MAX = 20


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each honest node that stays in an epoch too long, at most 20.

    Left out: sessions that were used twice, where seq does not count rounds of one life. A node
    without its broker may leave an epoch and come back to it unheard: then frames are missing,
    and the next one says that the epoch began with it.
    """
    if not facts.epoch_rounds or (record.kind == FLOW).any():
        return []
    entered: dict[int, tuple[int, int, int]] = {}  # session, epoch, first seq in it
    last: dict[int, int] = {}  # seq of the newest frame
    told: set[tuple[int, int, int]] = set()
    found: list[str] = []
    for at in record.spoken:
        source, seq = int(record.source[at]), int(record.seq[at])
        here = int(record.session[at]), int(record.epoch[at])
        if source in facts.reused:
            continue
        before = entered.get(source)
        gap = seq != last.get(source, seq) + 1
        last[source] = seq
        anew = gap and bool(record.flags[at] & RESTART)
        if before is None or before[:2] != here or anew:
            entered[source] = (*here, seq)
            continue
        rounds = seq - before[2] + 1
        if rounds > facts.epoch_rounds and (source, *here) not in told and len(found) < KEPT_MAX:
            told.add((source, *here))
            text = (
                f"node {source} stays in epoch {here[1]} for more than {facts.epoch_rounds} rounds"
            )
            found.append(Violation(text, int(record.t_us[at]), source))
    return found
