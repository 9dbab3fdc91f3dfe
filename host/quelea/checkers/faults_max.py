"""F comes from the configuration, never from what happened to arrive; and the rule is the rule.

An honest node uses 2F + 1 values or more, or holds: says so, uses none and does not move. Where
the frames it names are all known, its value is what the reference's rule makes of them with F.
"""

from collections.abc import Callable

from quelea import reference
from quelea.checkers.facts import Facts
from quelea.checkers.moves import Move, moves
from quelea.checkers.record import FLOW, HELD, RESTART, Record, Violation


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each honest move that F or the rule does not allow."""
    if (record.kind == FLOW).any():
        return []
    apply = reference.rule(facts.rule)
    found: list[str] = []
    for move in moves(record, facts):
        what = _wrong(record, facts, move, apply)
        if what:
            source = int(record.source[move.at])
            text = f"node {source} seq {record.seq[move.at]}: {what}"
            found.append(Violation(text, int(record.t_us[move.at]), source))
    return found


def room(record: Record, facts: Facts) -> int:
    """Return how many moves could be computed again: proof that there was something to see."""
    return sum(
        move.before is not None and all(_values(record, facts, move)) and bool(move.inputs)
        for move in moves(record, facts)
    )


def _wrong(
    record: Record, facts: Facts, move: Move, apply: Callable[[int, list[int], int, int], int]
) -> str:
    flags, value_q = int(record.flags[move.at]), int(record.value_q[move.at])
    used, least = len(move.inputs), 2 * facts.faults_max + 1
    if flags & RESTART:
        if used or flags & HELD or value_q != record.input_q[move.at]:
            return f"an epoch began with {value_q}, input {record.input_q[move.at]}, {used} used"
        return ""
    if flags & HELD:
        if used:
            return f"it held and used {used} values"
        if move.before is not None and value_q != record.value_q[move.before]:
            return f"it held and moved from {record.value_q[move.before]} to {value_q}"
        return ""
    if used < least:
        return f"it used {used} values, fewer than 2F + 1 = {least}, and did not hold"
    choices = _values(record, facts, move)
    if move.before is None or any(len(values_q) != 1 for values_q in choices):
        return ""
    values_q = [value for (value,) in choices]
    wanted_q = apply(int(record.value_q[move.before]), values_q, used, facts.faults_max)
    if wanted_q == value_q:
        return ""
    return f"value {value_q}, but the rule {facts.rule} makes {wanted_q} of what it used"


def _values(record: Record, facts: Facts, move: Move) -> list[set[int]]:
    """Return for each input the clamped values that its name may stand for."""
    return [
        {min(max(int(record.value_q[at]), facts.lo_q), facts.hi_q) for at in found}
        for _, _, found in move.inputs
    ]
