"""A control pilot of IEC 61851-1: its duty tells a vehicle how much it may draw.

{"kind": "pilot", "pin", "most_q": 32000}: points in mA. 10 to 85 % say 0.6 A a percent, up to 96 %
2.5 A for each percent above 64. Rounded down to a tenth of a percent, and down again to the duty's
65535 steps. Below 6 A nothing can be said but "no energy": a steady +12 V, which is duty 100 %.
This is the signal alone: the +-12 V stage, the states A to F, the contactor and its supervision
are the charger's.
"""

from quelea_agent.port.drivers import whole

_HZ = 1000
_OFF = 65535
LEAST_Q = 6000
MOST_Q = 80000


def tenths(point_q: int) -> int:
    """Return the duty of a point in tenths of a percent: 100..960, or 1000 below 6 A."""
    if point_q < LEAST_Q:
        return 1000
    if point_q < 52750:  # 85.1 %, the least of the second range
        return min(point_q // 60, 850)
    return min(point_q // 250 + 640, 960)


class Pilot:
    """No energy until the first point."""

    @staticmethod
    def problem_of(spec: dict) -> str:
        """Return what is wrong with a spec, or an empty string."""
        return whole(spec, "pin", 0, 63) or whole(spec, "most_q", LEAST_Q, MOST_Q, 32000)

    def __init__(self, spec: dict, machine) -> None:
        self._most_q = spec.get("most_q", 32000)
        self._pwm = machine.PWM(machine.Pin(spec["pin"]), freq=_HZ, duty_u16=_OFF)

    def set(self, point_q: int) -> None:
        """Set the load to a point."""
        self._pwm.duty_u16(tenths(min(point_q, self._most_q)) * _OFF // 1000)

    def off(self) -> None:
        """Say that no energy is to be had."""
        self._pwm.duty_u16(_OFF)
