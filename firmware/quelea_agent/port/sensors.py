"""Sensors that need no pin: a constant, and a recording that is stepped through.

A sensor has read_q(now_ms) -> integer in q. make() refuses a faulty one by a sentence.
"""

import json
from array import array

from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import Q_MAX, TICKS_HALF, TRACE_VALUES_MAX


class Constant:
    """Always the same reading."""

    def __init__(self, value_q: int) -> None:
        self.value_q = value_q

    def read_q(self, now_ms: int) -> int:
        """Return the reading in q."""
        return self.value_q


class Trace:
    """A recording: the next value every step_ms, from the first again if loop, else the last."""

    def __init__(self, values_q, step_ms: int, loop: bool, start_ms: int) -> None:
        self.values_q = values_q
        self.step_ms = step_ms
        self.loop = loop
        self._at = 0
        self._next_ms = ticks_add(start_ms, step_ms)

    def read_q(self, now_ms: int) -> int:
        """Return the reading in q; to be called at least every 6 days, half a ring of ticks."""
        while ticks_diff(now_ms, self._next_ms) >= 0:
            self._next_ms = ticks_add(self._next_ms, self.step_ms)
            self._at += 1
            if self._at == len(self.values_q):
                self._at = 0 if self.loop else self._at - 1
        return self.values_q[self._at]


def _is_q(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -Q_MAX <= value <= Q_MAX


def make(spec, start_ms: int) -> tuple:
    """Return (sensor, None) or (None, problem) for the settings' `sensor`."""
    kind = spec.get("kind") if isinstance(spec, dict) else None
    if kind == "constant":
        if not _is_q(spec.get("value_q")):
            return None, f"sensor: value_q {spec.get('value_q')!r} is no integer within 2^23"
        return Constant(spec["value_q"]), None
    if kind != "trace":
        return None, f"sensor: kind {kind!r} is none of constant, trace"
    step_ms = spec.get("step_ms", 0)
    if not isinstance(step_ms, int) or not 1 <= step_ms < TICKS_HALF:
        return None, f"sensor: step_ms {step_ms!r} is not from 1 to {TICKS_HALF - 1}"
    path = spec.get("path", "trace.json")
    try:
        with open(path) as file:
            values_q = json.load(file)["values_q"]
    except Exception as error:  # no file, no JSON, no object, no such key: one sentence for all
        return None, f"sensor: {path} cannot be read as a trace ({error!r})"
    if not isinstance(values_q, list) or not 1 <= len(values_q) <= TRACE_VALUES_MAX:
        return None, f"sensor: {path} must have 1 to {TRACE_VALUES_MAX} values_q"
    for i in range(len(values_q)):
        if not _is_q(values_q[i]):
            return None, f"sensor: {path}: value {i} is {values_q[i]!r}, no integer within 2^23"
    # An array: 4 bytes a reading, where a list of a 64-bit interpreter takes 8.
    return Trace(array("i", values_q), step_ms, bool(spec.get("loop", True)), start_ms), None
