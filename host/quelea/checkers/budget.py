"""Messages within budget: a frame a period, to as many as the fanout says, of its length."""

from quelea_proto.frames import FLOW, STATE, frame_bytes

from quelea.checkers.facts import Facts
from quelea.checkers.record import Record, Violation

EXTRA = 2  # the first and the last round of a life, each in the middle of a period


def check(record: Record, facts: Facts) -> list[str]:
    """Return a sentence for each node that says more, or longer, than it may."""
    found: list[str] = [
        Violation(f"{event.detail.get('events')} events: the fleet runs away", event.t_us)
        for event in record.events
        if event.name == "runaway"
    ]
    lives: dict[tuple[int, int], list[int]] = {}
    copies: dict[tuple[int, int, int], list[int]] = {}
    for at in range(len(record)):
        source, session = int(record.source[at]), int(record.session[at])
        if not record.honest[at] or source in facts.reused:
            continue
        lives.setdefault((source, session), []).append(at)
        key = source, session, int(record.seq[at])
        copies.setdefault(key, []).append(int(record.dest[at]))
        found += _length(record, facts, at)
    for (source, session), frames in lives.items():
        rounds = len({int(record.seq[at]) for at in frames})
        bound = _rounds_max(record, facts, source, frames)
        if rounds > bound:
            text = f"node {source} said {rounds} things in session {session}, {bound:.1f} allowed"
            found.append(Violation(text, int(record.t_us[frames[-1]]), source))
    for (source, session, seq), dests in copies.items():
        if facts.whole and (len(dests) > max(1, facts.fanout) or len(set(dests)) < len(dests)):
            text = f"node {source} sent session, seq {session, seq} to {dests}"
            found.append(Violation(text, facts.end_us, source))
    return found


def _rounds_max(record: Record, facts: Facts, source: int, frames: list[int]) -> float:
    span_ms = (record.t_us[frames[-1]] - record.t_us[frames[0]]) / 1000
    fast = 1 + facts.drift_ppm / 1_000_000 + (0 if facts.whole else 0.05)
    return float(span_ms * fast / facts.period_ms + EXTRA + facts.jumps.get(source, 0))


def _length(record: Record, facts: Facts, at: int) -> list[str]:
    source = int(record.source[at])
    kind = FLOW if record.kind[at] == FLOW else STATE
    count = len(facts.neighbours.get(source, ()))
    bound = frame_bytes(kind, count) if count else len(record.payloads[at])
    if len(record.payloads[at]) == bound:
        return []
    text = f"node {source} sent {len(record.payloads[at])} bytes, {bound} is the length"
    return [Violation(text, int(record.t_us[at]), source)]
