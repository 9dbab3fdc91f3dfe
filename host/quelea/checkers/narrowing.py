"""Narrowing: the spread never grows, since no honest value leaves what it was computed from.

A move of an honest node ends between the smallest and the largest of its own value before and the
honest values it used. So the hull of all honest values of an epoch, with those still under way or
in a table, only shrinks. Its condition: at most F liars among a node's neighbours, resilient mode.
"""

from quelea.checkers.facts import Facts
from quelea.checkers.moves import Move, moves
from quelea.checkers.record import FLOW, HELD, RESTART, Record, Violation


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each honest move that leaves its hull."""
    if not facts.in_model or (record.kind == FLOW).any():
        return []
    found: list[str] = []
    for move in moves(record, facts):
        if move.before is None or record.flags[move.at] & RESTART:
            continue
        low_q, high_q = _hull(record, facts, move)
        value_q = int(record.value_q[move.at])
        if not low_q <= value_q <= high_q:
            source = int(record.source[move.at])
            held = ", though held," if record.flags[move.at] & HELD else ""
            text = (
                f"node {source}{held} moved from {record.value_q[move.before]} to {value_q}, "
                f"outside {low_q} to {high_q} (seq {record.seq[move.at]})"
            )
            found.append(Violation(text, int(record.t_us[move.at]), source))
    return found


def _hull(record: Record, facts: Facts, move: Move) -> tuple[int, int]:
    values_q = [int(record.value_q[move.before])]
    for source, _, found in move.inputs:
        if source not in facts.liars:
            values_q += [min(max(int(record.value_q[at]), facts.lo_q), facts.hi_q) for at in found]
    return min(values_q), max(values_q)
