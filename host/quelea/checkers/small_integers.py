"""31 bits: no integer in a frame, and no intermediate result of a narrow run, needs more.

A run is narrow when every operation of the agent is watched (quelea.simulator.narrow).
"""

from quelea_proto.limits import ESTIMATE_MAX, FLOW_MAX, Q_MAX, SEQ_MAX

from quelea.checkers.facts import Facts
from quelea.checkers.record import FLOW, Record, Violation


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each number that a 32-bit MicroPython would put on its heap."""
    found: list[str] = [
        Violation(
            f"{event.detail.get('where')}: {event.detail.get('value')} leaves 31 bits", event.t_us
        )
        for event in record.events
        if event.name == "wide-integer"
    ]
    for at in record.spoken:
        bound = ESTIMATE_MAX if record.kind[at] == FLOW else Q_MAX
        big = abs(record.value_q[at]) > bound or abs(record.input_q[at]) > Q_MAX
        if big or record.seq[at] > SEQ_MAX or (record.kind[at] == FLOW and _flow(record, at)):
            source = int(record.source[at])
            text = f"node {source} seq {record.seq[at]} shows a number out of its range"
            found.append(Violation(text, int(record.t_us[at]), source))
    return found


def _flow(record: Record, at: int) -> bool:
    """Return whether a flow of this frame is -2^28, which has no opposite."""
    payload = record.payloads[at]
    count = payload[20]
    for slot in range(count):
        word = int.from_bytes(payload[21 + count + 4 * slot : 25 + count + 4 * slot], "little")
        if word & 0x1FFFFFFF == FLOW_MAX + 1:
            return True
    return False
