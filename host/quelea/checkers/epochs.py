"""Epochs begin by honest rounds only: F liars can neither begin an epoch nor drag anybody along.

A node enters an epoch beyond all that honest nodes have shown only by its own count: one epoch on
for each epoch_rounds of its own rounds.
"""

from quelea.checkers.boots import Boots
from quelea.checkers.facts import Facts
from quelea.checkers.record import FLOW, RESTART, Record, Violation

RING = 1 << 16
EXTRA = 3  # rounds by which times may mislead: a clock that jumps, a pause, the period's middle


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each honest frame in an epoch that it may not be in."""
    if not facts.in_model or not facts.whole or (record.kind == FLOW).any():
        return []
    if facts.first_epoch >= RING // 4:
        return []  # a node that has just rebooted, at epoch 0, may look ahead for a frame or two
    furthest = facts.first_epoch
    # session, epoch, rounds before its first frame
    entered: dict[int, tuple[int, int, float | None]] = {}
    boots = Boots(record, facts)
    found: list[str] = []
    for at in record.spoken:
        source, epoch = int(record.source[at]), int(record.epoch[at])
        session = int(record.session[at])
        if boots.anew(source, int(record.t_us[at])):
            entered.pop(source, None)
        before = entered.get(source)
        if before is not None and before[:2] == (session, epoch):
            continue
        rounds = _rounds(record, facts, at)
        if epoch > furthest and not _by_own_rounds(facts, before, session, epoch, rounds):
            was = f"from {before[1]} " if before and before[0] == session else ""
            text = f"node {source} went {was}to epoch {epoch}, honest nodes were up to {furthest}"
            found.append(Violation(text, int(record.t_us[at]), source))
        furthest = max(furthest, epoch)
        first = rounds if record.flags[at] & RESTART else None
        entered[source] = session, epoch, first
    return found


def _rounds(record: Record, facts: Facts, at: int) -> float:
    """Return the node's rounds so far: its seq, with a cadence what the time allows at most."""
    if not facts.quiet_rounds_max:
        return int(record.seq[at])
    fast = 1 + facts.drift_ppm / 1_000_000
    return float(record.t_us[at] / 1000 / facts.period_ms * fast)


def _by_own_rounds(
    facts: Facts,
    before: tuple[int, int, float | None] | None,
    session: int,
    epoch: int,
    rounds: float,
) -> bool:
    """Return whether the node's own rounds allow it: unknown counts as yes, a reboot as no."""
    if before is None or before[0] != session:
        return False
    steps = (epoch - before[1]) % RING
    if before[2] is None:
        return steps < RING // 2
    spare = EXTRA if facts.quiet_rounds_max else 0
    return facts.epoch_rounds > 0 and steps * facts.epoch_rounds <= rounds - before[2] + spare
