"""What a node says of itself to people and programs: the JSON texts of birth, status and events.

Objects are written row by row, since a MicroPython dict keeps no order: the same state is always
the same text. Only names that are not zero are listed among the counters.
"""

import json


def text(value: object) -> str:
    """Return a str, an int, a bool or None as JSON."""
    return json.dumps(value)


def rows(pairs) -> str:
    """Return (key, JSON text) pairs as a JSON object."""
    return "{" + ",".join(['"' + key + '":' + value for key, value in pairs]) + "}"


def counted(names: tuple, counts: list) -> str:
    """Return {name: count} of those that are not zero, in the order of names."""
    return rows([(names[i], str(counts[i])) for i in range(len(names)) if counts[i]])


def birth(settings: object, session: int, facts: tuple) -> bytes:
    """Return what the node is and runs. facts: (key, JSON text) pairs of the port."""
    pairs = (
        ("v", "1"),
        ("id", text(settings.id)),
        ("node", str(settings.node)),
        ("session", str(session)),
        ("mode", text(settings.mode)),
        ("rule", text(settings.rule)),
        ("faults_max", str(settings.faults_max)),
        ("neighbours", str(len(settings.numbers))),
        ("period_ms", str(settings.period_ms)),
        ("epoch_rounds", str(settings.epoch_rounds)),
        ("fanout", str(settings.fanout)),
        ("lo_q", str(settings.lo_q)),
        ("hi_q", str(settings.hi_q)),
    )
    if settings.quiet_rounds_max:
        pairs += (("quiet_rounds_max", str(settings.quiet_rounds_max)),)
    return rows(pairs + tuple(facts)).encode()


def status(agent: object, extra: tuple) -> bytes:
    """Return where the node stands. extra: (key, JSON text) pairs of link and port."""
    pairs = (
        ("v", "1"),
        ("session", str(agent.session)),
        ("seq", str(agent.seq)),
        ("epoch", str(agent.epoch)),
        ("input_q", str(agent.input_q)),
        ("value_q", str(agent.value_q)),
        ("settled_q", str(agent.settled_q)),
        ("demand_q", str(agent.demand.demand_q)),
        ("held", text(bool(agent.held))),
        ("live", str(sum(agent.neighbours.live))),
    )
    return rows(pairs + tuple(extra)).encode()


def event(name: str, session: int, now_ms: int, extra: tuple) -> bytes:
    """Return one event. extra: (key, JSON text) pairs."""
    pairs = (("v", "1"), ("event", text(name)), ("session", str(session)), ("at_ms", str(now_ms)))
    return rows(pairs + tuple(extra)).encode()
