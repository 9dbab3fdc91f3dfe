"""Antisymmetry: once quiet, what one end of an edge has given is what the other has received.

Two ends that show the same turn have the same view of their edge, so their flows are opposite;
a reboot may break that for some rounds. And when agreement is due, units hardly move any more: of
the frames of an edge's two ends, some in the last rounds must cancel.
"""

from quelea_proto.frames import FLOW, Frame, unpack

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation

SETTLED_ROUNDS = 12  # after the calm began: contradictions of reboots are over
LAST_ROUNDS = 24  # at the end of the run
KEPT_MAX = 20
View = dict[int, tuple[int, int]]  # (turn, flow) by neighbour


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each pair of frames that contradict each other, at most 20."""
    if facts.mode != "exact" or facts.calm_us < 0:
        return []
    silent = 3 * (facts.silence_rounds - 1)
    settled_us = facts.calm_us + (SETTLED_ROUNDS + silent) * facts.period_ms * 1000
    last_us = facts.end_us - (LAST_ROUNDS + silent) * facts.period_ms * 1000
    newest: dict[int, View] = {}
    apart: dict[tuple[int, int], int] = {}  # edges that have not cancelled in the last rounds
    found: list[str] = []
    frame = Frame()
    for at in record.spoken:
        t_us, source = int(record.t_us[at]), int(record.source[at])
        if t_us < settled_us or unpack(record.payloads[at], frame) is None or frame.kind != FLOW:
            continue
        near = facts.neighbours.get(source, ())[: frame.count]
        mine = {o: (frame.turn_at(slot), frame.flow_at(slot)) for slot, o in enumerate(near)}
        newest[source] = mine
        for other, (turn, flow_q) in mine.items():
            theirs = newest.get(other, {}).get(source)
            if theirs is None:
                continue
            if turn == theirs[0] != 0 and flow_q != -theirs[1]:
                text = f"nodes {source} and {other}, at turn {turn}, gave {flow_q} and {theirs[1]}"
                found.append(Violation(text, t_us, source))
            if t_us >= last_us:
                edge = min(source, other), max(source, other)
                gap_q = abs(flow_q + theirs[1])
                apart[edge] = min(gap_q, apart.get(edge, gap_q))
    if facts.rounds_max and last_us >= settled_us:
        for (a, b), gap_q in sorted(apart.items()):
            if gap_q:
                text = f"flows of nodes {a} and {b} never cancelled in the last rounds: {gap_q} q"
                found.append(Violation(text, facts.end_us, a))
    return found[:KEPT_MAX]
