"""A relay or contactor: closed at any point from `closed_at_q` on.

{"kind": "relay", "pin", "closed_at_q": 1, "inverted": false}: inverted for modules that close when
their input is low. How long it rests closed or open is the fleet's `on_s` and `off_s`.
"""

from quelea_proto.limits import Q_MAX

from quelea_agent.port.drivers import whole


class Relay:
    """Open until the first point."""

    @staticmethod
    def problem_of(spec: dict) -> str:
        """Return what is wrong with a spec, or an empty string."""
        if not isinstance(spec.get("inverted", False), bool):
            return "inverted is neither true nor false"
        return whole(spec, "pin", 0, 63) or whole(spec, "closed_at_q", 1, Q_MAX, 1)

    def __init__(self, spec: dict, machine) -> None:
        self._closed_at_q = spec.get("closed_at_q", 1)
        self._open = 1 if spec.get("inverted", False) else 0
        self._pin = machine.Pin(spec["pin"], machine.Pin.OUT, value=self._open)

    def set(self, point_q: int) -> None:
        """Set the load to a point."""
        self._pin.value(1 - self._open if point_q >= self._closed_at_q else self._open)

    def off(self) -> None:
        """Open it."""
        self._pin.value(self._open)
