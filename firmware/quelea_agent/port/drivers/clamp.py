"""A current clamp on a converter pin: the effective value over whole periods of the mains.

{"kind": "clamp", "pin", "turns": 2000, "burden_ohm": 22, "volts": 0, "hz": 50, "periods": 2,
"noise_ma": 100}

The clamp's secondary current runs through the burden resistor, biased to the middle of what the
converter measures:   mA = rms_mV * turns / burden_ohm
q is mA, or W with `volts` (apparent power: the phase is not measured). Below noise_ma it reads 0.
SAMPLES readings, evenly over `periods` periods, keep the caller for 40 ms at 50 Hz and 2 periods.
hardware/README.md has how to choose the burden.
"""

from quelea_proto.fixed import saturate
from quelea_proto.limits import const

from quelea_agent.port.drivers import whole

SAMPLES = const(128)
_MID_MV = 1250  # where the bias is thought to be at first; then it is followed
_SWING_MV = const(2000)  # a reading further from the middle counts as this: squares fit 31 bits


def isqrt(value: int) -> int:
    """Return the square root, rounded down, of 0 .. 2^30 - 1 (Newton)."""
    if value < 2:
        return value
    root = 1 << 15
    while True:
        better = (root + value // root) >> 1
        if better >= root:
            return root
        root = better


class Clamp:
    """clipped: readings of the last time that were beyond what the converter measures."""

    @staticmethod
    def problem_of(spec: dict) -> str:
        """Return what is wrong with a spec, or an empty string."""
        return (
            whole(spec, "pin", 0, 63)
            or whole(spec, "turns", 1, 10000, 2000)
            or whole(spec, "burden_ohm", 1, 10000, 22)
            or whole(spec, "volts", 0, 1000, 0)
            or whole(spec, "hz", 16, 400, 50)
            or whole(spec, "periods", 1, 10, 2)
            or whole(spec, "noise_ma", 0, 100000, 100)
            or whole(spec, "low_mv", 0, 5000, 150)
            or whole(spec, "high_mv", 1, 5000, 2450)
        )

    def __init__(self, spec: dict, machine, ticks) -> None:
        self.clipped = 0
        self._ticks = ticks
        self._adc = machine.ADC(machine.Pin(spec["pin"]), atten=machine.ADC.ATTN_11DB)
        self._turns = spec.get("turns", 2000)
        self._burden_ohm = spec.get("burden_ohm", 22)
        self._volts = spec.get("volts", 0)
        self._step_us = spec.get("periods", 2) * 1000000 // (spec.get("hz", 50) * SAMPLES)
        self._noise_ma = spec.get("noise_ma", 100)
        self._low_mv = spec.get("low_mv", 150)
        self._high_mv = spec.get("high_mv", 2450)
        self._mid_mv = _MID_MV

    def read_q(self, now_ms: int) -> int:
        """Return the reading in q."""
        current_ma = self._rms_mv() * self._turns // self._burden_ohm
        if current_ma < self._noise_ma:
            return 0
        if not self._volts:
            return saturate(current_ma)
        # 31 bits: up to 1 MA, times volts, by way of tenths of an ampere where it is much
        if current_ma < 1000000:
            return saturate(current_ma * self._volts // 1000)
        return saturate(current_ma // 1000 * self._volts)

    def _rms_mv(self) -> int:
        """Return the effective value of what is not the bias."""
        ticks = self._ticks
        mid_mv = self._mid_mv
        total = squares = clipped = 0
        start_us = ticks.ticks_us()
        for i in range(SAMPLES):
            while ticks.ticks_diff(ticks.ticks_us(), start_us) < i * self._step_us:
                pass
            reading_mv = self._adc.read_uv() // 1000
            if not self._low_mv <= reading_mv <= self._high_mv:
                clipped += 1
            value_mv = min(max(reading_mv - mid_mv, -_SWING_MV), _SWING_MV)
            total += value_mv
            squares += value_mv * value_mv
        self.clipped = clipped
        mean_mv = (2 * total + SAMPLES) // (2 * SAMPLES)
        self._mid_mv = min(max(mid_mv + mean_mv, 0), 5000)
        return isqrt(max(0, squares // SAMPLES - mean_mv * mean_mv))
