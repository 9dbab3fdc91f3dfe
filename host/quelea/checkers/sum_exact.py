"""Sum exact: in every frame value = input - sum of flows, so values and what is under way add up.

With it the sum of all values plus the flows under way (what the two ends of an edge do not agree
on yet) is the sum of all inputs at every instant, whatever was lost: the flows cancel pairwise.
"""

from quelea_proto.frames import FLOW, Frame, unpack

from quelea.checkers.record import Record


def check(record: Record) -> list[str]:
    """Return a sentence for each honest flow frame whose parts do not add up, at most 20."""
    found: list[str] = []
    frame = Frame()
    for at in range(len(record)):
        if not record.honest[at] or unpack(record.payloads[at], frame) is None:
            continue
        if frame.kind != FLOW:
            continue
        given_q = sum(frame.flow_at(slot) for slot in range(frame.count))
        if record.input_q[at] - given_q != record.value_q[at]:
            found.append(
                f"node {record.source[at]} seq {record.seq[at]}: value {record.value_q[at]} is "
                f"not input {record.input_q[at]} less flows {given_q}"
            )
            if len(found) == 20:
                break
    return found


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
