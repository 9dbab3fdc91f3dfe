"""Epochs end: a node stays in one for epoch_rounds of its own rounds at most, then begins anew.

The rounds are counted from the first in which it applied the rule, that one being the first after
the epoch began: who holds, alone in its epoch, waits for the others, for epoch_rounds at most. The
counterpart of `epochs`: there nobody goes on too early, here nobody stays behind for ever.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.record import FLOW, HELD, RESTART, Record, Violation

KEPT_MAX = 20


class Stay:
    """A node's stay in an epoch. since: the seq that counts as the epoch's first frame."""

    def __init__(self, here: tuple[int, int], seq: int) -> None:
        self.here = here
        self.since = seq
        self.in_step = False

    def rounds(self, seq: int, flags: int, gap: bool) -> int:
        """Return for how many rounds it has been there with this frame; gap: one before it is
        missing, and may have been the first in which the rule was applied."""
        if not self.in_step:
            if not flags & (HELD | RESTART):
                self.in_step = not gap
                self.since = seq - 1
            elif gap and not flags & RESTART:
                self.since = max(self.since, seq - 2)
        return seq - self.since + 1


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each honest node that stays in an epoch too long, at most 20.

    Left out: sessions that were used twice, where seq does not count rounds of one life. A node
    without its broker may leave an epoch and come back to it unheard: then frames are missing,
    and the next one says that the epoch began with it.
    """
    if not facts.epoch_rounds or (record.kind == FLOW).any():
        return []
    rounds_max = facts.epoch_rounds * facts.silence_rounds  # a silent one is not even counted
    stays: dict[int, Stay] = {}
    last: dict[int, int] = {}  # seq of the newest frame
    told: set[tuple[int, int, int]] = set()
    found: list[str] = []
    for at in record.spoken:
        source, seq, flags = int(record.source[at]), int(record.seq[at]), int(record.flags[at])
        here = int(record.session[at]), int(record.epoch[at])
        if source in facts.reused:
            continue
        gap = seq != last.get(source, seq - 1) + 1
        last[source] = seq
        stay = stays.get(source)
        if stay is None or stay.here != here or (gap and flags & RESTART):
            stay = stays[source] = Stay(here, seq)
        rounds = stay.rounds(seq, flags, gap)
        if rounds > rounds_max and (source, *here) not in told and len(found) < KEPT_MAX:
            told.add((source, *here))
            text = f"node {source} stays in epoch {here[1]} for more than {rounds_max} rounds"
            found.append(Violation(text, int(record.t_us[at]), source))
    return found
