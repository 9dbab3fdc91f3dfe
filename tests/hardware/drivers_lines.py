# Drivers on simulated pins: what is driven, and what is read from simulated waves.
import board_fakes
from board_fakes import ADC, Machine, Ticks, taken
from quelea_agent.port import drivers
from quelea_agent.port.drivers.clamp import SAMPLES, isqrt
from quelea_agent.port.drivers.pilot import tenths
from quelea_agent.port.drivers.pwm import duty_u16


def check(holds, *what):
    print(*what) if holds else print("FAIL", *what)


def load(**spec):
    made, problem = drivers.load(spec, Machine)
    return made or problem


# -- relay: open until told, whatever its input's sense
for inverted in (False, True):
    relay = load(kind="relay", pin=26, closed_at_q=2000, inverted=inverted)
    for point_q in (0, 1999, 2000, 5000, 0):
        relay.set(point_q)
    relay.set(9000)
    relay.off()
    print("relay", inverted, [row[2] for row in taken()])

# -- pwm: never more than the point
pwm = load(kind="pwm", pin=25, full_q=60000)
for point_q in (-5, 0, 1, 30000, 59999, 60000, 99999):
    pwm.set(point_q)
print("pwm", taken())
state = 3
for _ in range(3000):
    state = state * 1103515245 + 12345 & 0x3FFFFFFF
    full_q = 1 + state % 8388607
    point_q = (state >> 7) % (full_q + 1)
    duty = duty_u16(point_q, full_q)
    if duty * full_q > point_q * 65535:
        print("FAIL more than", point_q, full_q, duty)
    exact = point_q * 65535 // full_q
    if duty < exact - exact // 4096 - 10:
        print("FAIL much less than", point_q, full_q, duty)


# -- pilot: what a vehicle reads from the duty is at most the point, and at most .3 A below
def granted_ma(duty):
    """IEC 61851-1, in steps of a tenth of a percent."""
    tenth = (duty * 1000 + 32767) // 65535
    if tenth < 100 or tenth > 960:
        return 0
    return tenth * 60 if tenth <= 850 else (tenth - 640) * 250


pilot = load(kind="pilot", pin=27, most_q=80000)
worst = 0
for point_q in range(0, 90000, 7):
    pilot.set(point_q)
    duty = taken()[-1][2]
    ma = granted_ma(duty)
    if point_q < 6000:
        if duty != 65535:
            print("FAIL energy below 6 A", point_q)
    elif ma > point_q or (ma < 6000):
        print("FAIL", point_q, "says", ma)
    elif point_q <= 80000 and not 51000 < point_q < 52750:
        worst = max(worst, point_q - ma)
print("pilot at most", worst, "mA below")
for point_q, tenth in (
    (6000, 100), (16000, 266), (32000, 533), (51000, 850), (52500, 850), (65000, 900),
    (80000, 960), (8388607, 960), (5999, 1000), (-1, 1000),
):  # fmt: skip
    check(tenths(point_q) == tenth, "pilot", point_q, tenths(point_q))
pilot = load(kind="pilot", pin=27, most_q=16000)
pilot.set(32000)
pilot.off()
print("pilot", taken())

# -- clamp: sines of 50 Hz on a bias, as the converter would give them; no floats in the driver
SINE = (0, 3827, 7071, 9239, 10000, 9239, 7071, 3827)


def sine(us, hz):
    """Return 10000 times a sine, between 16 points of a period."""
    place = us * hz * 16
    at = place // 1000000
    part = place % 1000000
    a = SINE[at & 7] * (-1 if at & 8 else 1)
    b = SINE[(at + 1) & 7] * (-1 if at + 1 & 8 else 1)
    return a + (b - a) * part // 1000000


class Wave:
    def __init__(self, ticks, peak_mv, mid_mv, hz=50, low_mv=0, high_mv=3300):
        self.ticks = ticks
        self.peak_mv = peak_mv
        self.mid_mv = mid_mv
        self.hz = hz
        self.low_mv = low_mv
        self.high_mv = high_mv

    def __call__(self):
        mv = self.mid_mv + self.peak_mv * sine(self.ticks.now_us, self.hz) // 10000
        return min(max(mv, self.low_mv), self.high_mv) * 1000


ticks = Ticks()
for peak_mv, mid_mv, hz in ((1000, 1250, 50), (100, 1250, 50), (1000, 1400, 60), (3, 1250, 50)):
    spec = {"kind": "clamp", "pin": 34, "turns": 2000, "burden_ohm": 22, "hz": hz}
    clamp, problem = drivers.sensor(spec, Machine, ticks)
    ADC.source = Wave(ticks, peak_mv, mid_mv, hz)
    readings = [clamp.read_q(0) for _ in range(3)]
    true_ma = peak_mv * 2000 * 7071 // (22 * 10000)
    off = abs(readings[-1] - true_ma)
    low = true_ma < 200
    check(
        off * 100 <= 3 * true_ma + 9100 or (low and readings[-1] == 0), "clamp", peak_mv, readings
    )
    check(clamp.clipped == 0, "nothing clipped")
spec = {"kind": "clamp", "pin": 34, "volts": 230, "noise_ma": 500}
clamp, _ = drivers.sensor(spec, Machine, ticks)
ADC.source = Wave(ticks, 1000, 1250)
print("watts", clamp.read_q(0))
ADC.source = Wave(ticks, 0, 1250)
print("nothing flows", clamp.read_q(0))
ADC.source = Wave(ticks, 2000, 1250, low_mv=100, high_mv=2900)
clamp.read_q(0)
check(clamp.clipped > SAMPLES // 4, "clipped is counted")
ADC.source = lambda: 10000000000
check(0 <= clamp.read_q(0) <= 8388607, "beyond all bounds")


def root_of(value):
    root = isqrt(value)
    if not root * root <= value < (root + 1) * (root + 1):
        print("FAIL root", value, root)


for value in range(3000):
    root_of(value)
    root_of(2**30 - 1 - value * 977)
    root_of(32767 * 32767 - 1 + value % 3)

# -- what is refused, by a sentence
for spec in (
    None, 5, {}, {"kind": "valve"}, {"kind": "relay"}, {"kind": "relay", "pin": "26"},
    {"kind": "relay", "pin": 7}, {"kind": "relay", "pin": 26, "inverted": 1},
    {"kind": "relay", "pin": 26, "closed_at_q": 0}, {"kind": "pwm", "pin": 25},
    {"kind": "pwm", "pin": 25, "full_q": 9, "freq_hz": 0}, {"kind": "pilot", "pin": True},
    {"kind": "pilot", "pin": 27, "most_q": 5999},
):  # fmt: skip
    made, problem = drivers.load(spec, Machine)
    check(made is None and isinstance(problem, str), "refused", problem)
for spec in (
    {"kind": "clamp"}, {"kind": "clamp", "pin": 26}, {"kind": "clamp", "pin": 34, "turns": 0},
    {"kind": "clamp", "pin": 34, "burden_ohm": -1}, {"kind": "clamp", "pin": 34, "hz": 1000},
):  # fmt: skip
    made, problem = drivers.sensor(spec, Machine, ticks)
    check(made is None and isinstance(problem, str), "refused", problem)
check(board_fakes.taken() == [], "a refused load drives nothing")
