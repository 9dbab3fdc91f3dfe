"""ESP32 boards: Wi-Fi, ticks, boot counter, converter, watchdog. Importable on a board only.

Written from MicroPython's documentation (esp32.NVS, network.WLAN, machine.ADC, machine.WDT); it
has not been run on a board yet.

Settings beside those of every node: "wifi": {"ssid", "password"}; "wdt_ms": watchdog, 0 for none
(default: once running it cannot be stopped, and a board at the REPL would be reset by it);
"sensor": {"kind": "adc", "pin", "numerator", "shift", "offset_q"}: q = offset_q +
(millivolts * numerator) >> shift, rounded half up. The kinds of sensors.py work too.
"load": {"kind": "relay", "pin"} closes a relay at any point above 0; {"kind": "pilot", "pin"}
gives the point in mA as the duty of a control pilot (IEC 61851: 0.6 A a percent, up to 51 A); only
for a node with a part in a limit. Until the first point, and at 0, both are off.
"""

import time

import esp32
import machine
import network
from quelea_proto.fixed import from_counts, saturate, ticks_add, ticks_diff

from quelea_agent import report
from quelea_agent.port import sensors, session

BOARD = "esp32"
EMULATED = False
WAIT_MS_MAX = 1000  # Wi-Fi and watchdog are looked after once a second at least

_TRY_MS = 15000  # for one attempt to join: scan, authentication, DHCP
_TRIES_BEFORE_RESTART = 3  # of the radio: a driver that is stuck comes back only so
_DUTY_OFF = 65535  # a steady +12 V says that no energy is to be had
_SCALE_MAX = 16383  # |numerator|: from_counts' bound


class Ticks:
    """time.ticks_ms() goes round at 2^30 on this port."""

    def __init__(self) -> None:
        self.ticks_ms = time.ticks_ms
        self.ticks_add = ticks_add
        self.ticks_diff = ticks_diff


class Station:
    """Joins the Wi-Fi and joins it again: a state machine, tick() never waits.

    The driver's own endless retries are off: with them a wrong password looks like a long wait.
    """

    def __init__(self, ssid: str, password: str) -> None:
        self.ssid = ssid
        self.password = password
        self.joins = 0
        self.tries = 0  # since the last success
        self._trying = False
        self._since_ms = 0
        self._was_up = False
        self.wlan = network.WLAN(network.STA_IF)
        self.wlan.active(True)
        self._quiet()

    def _quiet(self) -> None:
        try:
            self.wlan.config(reconnects=0)
        except (OSError, ValueError):
            pass  # firmware older than the parameter retries by itself

    def up(self) -> bool:
        """Return whether there is an IP address."""
        return self.wlan.isconnected()

    def tick(self, now_ms: int) -> None:
        """Notice success, time-out and loss; start the next attempt when one is due."""
        if self.wlan.isconnected():
            if not self._was_up:
                self._was_up = True
                self.joins += 1
            self.tries = 0
            self._trying = False
            return
        self._was_up = False
        if self._trying and ticks_diff(now_ms, self._since_ms) < _TRY_MS:
            return
        self._trying = True
        self._since_ms = now_ms
        self.tries += 1
        try:
            if self.tries % (_TRIES_BEFORE_RESTART + 1) == 0:
                self.wlan.active(False)
                self.wlan.active(True)
                self._quiet()
            else:
                self.wlan.disconnect()  # a connect() on a half-dead association fails
        except OSError:
            pass
        try:
            self.wlan.connect(self.ssid, self.password)
        except OSError:
            pass  # counted as a try; the next one is due after _TRY_MS


class Adc:
    """A calibrated converter pin."""

    def __init__(self, pin: int, numerator: int, shift: int, offset_q: int) -> None:
        self._adc = machine.ADC(machine.Pin(pin), atten=machine.ADC.ATTN_11DB)
        self._numerator = numerator
        self._shift = shift
        self._offset_q = offset_q

    def read_q(self, now_ms: int) -> int:
        """Return the reading in q."""
        millivolts = self._adc.read_uv() // 1000
        return saturate(self._offset_q + from_counts(millivolts, self._numerator, self._shift))


class Relay:
    """Closed at any point above 0."""

    def __init__(self, pin: int) -> None:
        self._pin = machine.Pin(pin, machine.Pin.OUT, value=0)

    def set(self, point_q: int) -> None:
        """Set the load to a point."""
        self._pin.value(1 if point_q > 0 else 0)


class Pilot:
    """A control pilot of 1 kHz; point in mA, rounded down to what the duty can say."""

    def __init__(self, pin: int) -> None:
        self._pwm = machine.PWM(machine.Pin(pin), freq=1000, duty_u16=_DUTY_OFF)

    def set(self, point_q: int) -> None:
        """Set the load to a point."""
        if point_q < 6000:
            self._pwm.duty_u16(_DUTY_OFF)
        else:
            self._pwm.duty_u16(min(point_q, 51000) * 1023 // 937)  # below 65535 / 60000 of it


LOADS = (("relay", Relay), ("pilot", Pilot))


class Port:
    """What run.py needs of the world; cfg: the node's settings as a dict."""

    def __init__(self, cfg: dict) -> None:
        self.ticks = Ticks()
        self.wake = None
        wifi = cfg["wifi"]
        self._station = Station(wifi["ssid"], wifi["password"])
        self.ready = self._station.up
        wdt_ms = cfg.get("wdt_ms", 0)
        self._load = None
        spec = cfg.get("load")
        for row in LOADS:
            if spec is not None and spec.get("kind") == row[0]:
                self._load = row[1](spec["pin"])
        self._watchdog = machine.WDT(timeout=wdt_ms) if wdt_ms else None

    def begin_session(self) -> tuple:
        """Return (session, whether it was stored). NVS keeps the old number or the new one."""
        store = esp32.NVS("quelea")
        try:
            last = store.get_i32("session")
        except OSError:
            last = 0
        number = session.following(last if last > 0 else 0)
        try:
            store.set_i32("session", number)
            store.commit()
        except OSError:
            return number, False
        return number, True

    def sensor(self, spec, now_ms: int) -> tuple:
        """Return (sensor, None) or (None, problem)."""
        if not isinstance(spec, dict) or spec.get("kind") != "adc":
            return sensors.make(spec, now_ms)
        numerator = spec.get("numerator", 1 << 10)
        shift = spec.get("shift", 10)
        if not isinstance(numerator, int) or abs(numerator) > _SCALE_MAX:
            return None, f"sensor: numerator {numerator!r} is not within {_SCALE_MAX}"
        if not isinstance(shift, int) or not 1 <= shift <= 24:
            return None, f"sensor: shift {shift!r} is not from 1 to 24"
        try:
            return Adc(spec["pin"], numerator, shift, spec.get("offset_q", 0)), None
        except (KeyError, ValueError, OSError) as error:
            return None, f"sensor: pin {spec.get('pin')!r} is no converter pin ({error!r})"

    def drive(self, point_q: int) -> None:
        """Set the load to a point."""
        if self._load is not None:
            self._load.set(point_q)

    def tick(self, now_ms: int) -> None:
        """Feed the watchdog, look after the Wi-Fi; called once a turn."""
        if self._watchdog is not None:
            self._watchdog.feed()
        self._station.tick(now_ms)

    def facts(self) -> tuple:
        """Return (key, JSON text) pairs for the birth."""
        return (("reset_cause", report.text(machine.reset_cause())),)
