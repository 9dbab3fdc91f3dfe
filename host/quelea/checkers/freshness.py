"""Freshness: what a node uses was sent, in its own epoch, not long ago, and never older again.

The frames that a node names only go forward: a neighbour's session, and within it the seq.
"""

from quelea.checkers.boots import Boots
from quelea.checkers.facts import Facts
from quelea.checkers.moves import Input, moves
from quelea.checkers.record import FLOW, Record, Violation

RING = 1 << 16
Stamp = tuple[int, int]  # session, seq


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each input that was never sent so, or is older than one before."""
    found: list[str] = []
    newest: dict[tuple[int, int], Stamp] = {}
    life: dict[int, Stamp] = {}
    boots = Boots(record, facts)
    exact = bool((record.kind == FLOW).any())
    for move in moves(record, facts):
        source = int(record.source[move.at])
        now = _stamp(record, move.at)
        then = life.get(source)
        life[source] = now
        anew = boots.anew(source, int(record.t_us[move.at]))
        if then is None or then[0] != now[0] or now[1] <= then[1] or anew:
            for other in facts.neighbours.get(source, ()):
                newest.pop((source, other), None)
        for one in move.inputs:
            what = _wrong(record, facts, one, newest.get((source, one.source)))
            if what and not (exact and not one.found):
                text = f"node {source} seq {record.seq[move.at]}: {what}"
                found.append(Violation(text, int(record.t_us[move.at]), source))
            if len(one.found) == 1:
                newest[source, one.source] = _stamp(record, one.found[0])
    return found


def _stamp(record: Record, at: int) -> Stamp:
    return int(record.session[at]), int(record.seq[at])


def _older(stamp: Stamp, than: Stamp) -> bool:
    boots = (stamp[0] - than[0] + RING // 2) % RING - RING // 2
    return boots < 0 or (boots == 0 and stamp[1] < than[1])


def _wrong(record: Record, facts: Facts, one: Input, before: Stamp | None) -> str:
    if not one.found:
        if not facts.whole or one.source in facts.liars:
            return ""  # a liar's frame that a listener refused may fit a receiver's eyes
        return (
            f"used a frame of node {one.source} (mark {one.mark}) that was not sent in this epoch "
            f"within the last {facts.age_max_ms} ms"
        )
    if before is None or one.source in facts.reused:
        return ""
    stamps = [_stamp(record, at) for at in one.found]
    if all(_older(stamp, before) for stamp in stamps):
        return f"used session, seq {stamps[-1]} of node {one.source} after {before}"
    return ""
