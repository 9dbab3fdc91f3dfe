"""A load that follows a duty: an LED supply, a fan, a dimmer with a PWM input.

{"kind": "pwm", "pin", "full_q", "freq_hz": 1000}: full_q is what it draws at full duty. The duty
is rounded down, by 1 / 6000 of full at most, so the load never gets more than its point.
"""

from quelea_proto.limits import Q_MAX

from quelea_agent.port.drivers import whole

_FULL = 65535


def duty_u16(point_q: int, full_q: int) -> int:
    """Return the duty of a point, 0..65535: floor(65535 point / full), at most, in 31 bits."""
    if point_q <= 0:
        return 0
    if point_q >= full_q:
        return _FULL
    while full_q > 16383:  # point * 65535 must stay below 2^30
        full_q = (full_q >> 1) + 1
        point_q >>= 1
    return point_q * _FULL // full_q


class Pwm:
    """Duty 0 until the first point."""

    @staticmethod
    def problem_of(spec: dict) -> str:
        """Return what is wrong with a spec, or an empty string."""
        return (
            whole(spec, "pin", 0, 63)
            or whole(spec, "full_q", 1, Q_MAX)
            or whole(spec, "freq_hz", 1, 40000, 1000)
        )

    def __init__(self, spec: dict, machine) -> None:
        self._full_q = spec["full_q"]
        pin = machine.Pin(spec["pin"])
        self._pwm = machine.PWM(pin, freq=spec.get("freq_hz", 1000), duty_u16=0)

    def set(self, point_q: int) -> None:
        """Set the load to a point."""
        self._pwm.duty_u16(duty_u16(point_q, self._full_q))

    def off(self) -> None:
        """Set the duty to 0."""
        self._pwm.duty_u16(0)
