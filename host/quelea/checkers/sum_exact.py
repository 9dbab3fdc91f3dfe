"""Sum exact: in every frame value = input - sum of flows, so values and what is under way add up.

With it the sum of all values plus the flows under way (what the two ends of an edge do not agree
on yet) is the sum of all inputs at every instant, whatever was lost: the flows cancel pairwise.
"""

from quelea_proto.frames import FLOW, Frame, unpack

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation


def check(record: Record, facts: Facts | None = None) -> list[str]:
    """Return a sentence for each honest flow frame whose parts do not add up, at most 20.

    When nothing is under way at the end, the values must have the sum of the inputs.
    """
    found: list[str] = []
    frame = Frame()
    for at in range(len(record)):
        if not record.honest[at] or unpack(record.payloads[at], frame) is None:
            continue
        if frame.kind != FLOW:
            continue
        given_q = sum(frame.flow_at(slot) for slot in range(frame.count))
        if record.input_q[at] - given_q != record.value_q[at]:
            source = int(record.source[at])
            text = (
                f"node {source} seq {record.seq[at]}: value {record.value_q[at]} is "
                f"not input {record.input_q[at]} less flows {given_q}"
            )
            found.append(Violation(text, int(record.t_us[at]), source))
            if len(found) == 20:
                return found
    if facts is not None and facts.mode == "exact":
        found += _at_the_end(record, facts)
    return found


def _at_the_end(record: Record, facts: Facts) -> list[str]:
    newest = {int(record.source[at]): at for at in record.spoken}
    if facts.calm_us < 0 or len(newest) < len(facts.neighbours):
        return []
    gap_q = sum(int(record.input_q[at] - record.value_q[at]) for at in newest.values())
    under_way = under_way_q(record, dict(facts.neighbours))
    if abs(gap_q) <= under_way:
        return []
    text = f"sum of inputs less sum of values is {gap_q} with {under_way} under way"
    return [Violation(text, facts.end_us)]


def under_way_q(record: Record, neighbours: dict[int, tuple[int, ...]]) -> int:
    """Return the sum over edges of |flow one way + flow the other| in the newest frames."""
    newest: dict[int, bytes] = {}
    for at in range(len(record)):
        newest[int(record.source[at])] = record.payloads[at]
    flows: dict[tuple[int, int], int] = {}
    frame = Frame()
    for source, payload in newest.items():
        if unpack(payload, frame) is not None and frame.kind == FLOW:
            for slot, other in enumerate(neighbours[source]):
                flows[source, other] = frame.flow_at(slot)
    return sum(
        abs(flow_q + flows.get((other, source), 0))
        for (source, other), flow_q in flows.items()
        if source < other
    )
