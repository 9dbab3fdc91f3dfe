"""Drivers of sensors and loads: what a spec of cfg.json asks for, made on the pins of a board.

    "sensor": {"kind": "clamp", "pin": 34, ...}    has read_q(now_ms) -> q
    "load":   {"kind": "relay" | "pwm" | "pilot", "pin": 26, ...}    has set(point_q), off()

A load is off from the moment it is made until its first point. `machine` is handed in, so that a
test may record what is driven. Each kind is imported only where it is asked for.
"""

LOADS = ("relay", "pwm", "pilot")
SENSORS = ("clamp",)


def load(spec: object, machine) -> tuple:
    """Return (load, None) or (None, problem)."""
    kind = spec.get("kind") if isinstance(spec, dict) else None
    if kind == "relay":
        from quelea_agent.port.drivers.relay import Relay as made
    elif kind == "pwm":
        from quelea_agent.port.drivers.pwm import Pwm as made
    elif kind == "pilot":
        from quelea_agent.port.drivers.pilot import Pilot as made
    else:
        return None, "load: kind {!r} is none of {}".format(kind, ", ".join(LOADS))
    return _made("load", made, spec, machine)


def sensor(spec: dict, machine, ticks) -> tuple:
    """Return (sensor, None) or (None, problem). ticks: has ticks_us(), ticks_diff(), as time."""
    from quelea_agent.port.drivers.clamp import Clamp

    return _made("sensor", Clamp, spec, machine, ticks)


def _made(what: str, made, spec: dict, *more) -> tuple:
    problem = made.problem_of(spec)
    if problem:
        return None, f"{what}: {problem}"
    try:
        return made(spec, *more), None
    except (ValueError, OSError, TypeError):
        return None, "{}: pin {!r} cannot be used so on this board".format(what, spec.get("pin"))


def whole(spec: dict, key: str, smallest: int, largest: int, default=None) -> str:
    """Return what is wrong with a whole number of a spec, or an empty string."""
    value = spec.get(key, default)
    if isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest:
        return ""
    return f"{key} {value!r} is not from {smallest} to {largest}"
