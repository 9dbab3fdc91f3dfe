"""ESP32 boards: Wi-Fi, ticks, boot counter, converter, watchdog. Importable on a board only.

Written from MicroPython's documentation (esp32.NVS, network.WLAN, machine.ADC, machine.WDT); it
has not been run on a board yet.

Settings beside those of every node: "wifi": {"ssid", "password"}; "wdt_ms": watchdog, 0 for none
(default: once running it cannot be stopped, and a board at the REPL would be reset by it);
"sensor": {"kind": "adc", "pin", "numerator", "shift", "offset_q"}: q = offset_q +
(millivolts * numerator) >> shift, rounded half up. The kinds of sensors.py work too; those of
drivers/, and every "load", need the part `drivers`. A load is off until its first point.

The watchdog is fed only while the load follows: a node whose rounds have stopped is reset. No
board is reset for want of a broker; for want of Wi-Fi after ten minutes, then ever more rarely,
and only where its load is at its floor or it has none. What reset it stands in the RTC's memory.
"""

import time

import esp32
import machine
import network
from quelea_proto.fixed import from_counts, saturate, ticks_add, ticks_diff

from quelea_agent import report
from quelea_agent.port import sensors, session
from quelea_agent.port.console import say

BOARD = "esp32"
EMULATED = False
WAIT_MS_MAX = 1000  # Wi-Fi and watchdog are looked after once a second at least

_TRY_MS = 15000  # for one attempt to join: scan, authentication, DHCP
_REFUSED_MS = 3000  # an attempt that has failed in words is followed by the next one after this
_TRIES_BEFORE_RESTART = 3  # of the radio: a driver that is stuck comes back only so
_GIVE_UP_MS = 600000  # without Wi-Fi, doubled with each reset up to _RESETS_MAX times
_RESETS_MAX = 4
_WATCH_ROUNDS = 3  # without a point for the load
_WATCH_MS_MIN = 5000
# network.STAT_*: 1000 (idle) may follow 1001 (connecting) and says nothing yet
_CAUSES = ((200, "no beacon"), (201, "no access point"), (202, "password"), (203, "refused"))
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
    down_ms: how long there has been no Wi-Fi, or 0. cause: why the last attempt failed, or "".
    """

    def __init__(self, ssid: str, password: str) -> None:
        self.ssid = ssid
        self.password = password
        self.joins = 0
        self.tries = 0  # since the last success
        self.down_ms = 0
        self.cause = ""
        self._trying = False
        self._since_ms = 0
        self._down_from_ms = -1
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
        """Notice success, failure, time-out and loss; start the next attempt when one is due."""
        if self.wlan.isconnected():
            if not self._was_up:
                self._was_up = True
                self.joins += 1
            self.tries = 0
            self.down_ms = 0
            self.cause = ""
            self._down_from_ms = -1
            self._trying = False
            return
        self._was_up = False
        if self._down_from_ms < 0:
            self._down_from_ms = now_ms
        self.down_ms = max(0, ticks_diff(now_ms, self._down_from_ms))
        if self._trying:
            tried_ms = ticks_diff(now_ms, self._since_ms)
            if tried_ms < _TRY_MS and not (tried_ms >= _REFUSED_MS and self._refused()):
                return
        self._trying = True
        self._since_ms = now_ms
        self.tries += 1
        self._join()

    def _refused(self) -> bool:
        """Return whether the driver has a cause; say each new one once."""
        try:
            status = self.wlan.status()
        except OSError:
            return False
        for number, cause in _CAUSES:
            if status == number:
                if cause != self.cause:
                    say("quelea: no Wi-Fi:", cause)
                self.cause = cause
                return True
        return False

    def _join(self) -> None:
        try:
            self.wlan.disconnect()  # a connect() on a half-dead association fails
        except OSError:
            pass
        try:
            if self.tries % (_TRIES_BEFORE_RESTART + 1) == 0:
                self.wlan.active(False)
                self.wlan.active(True)
                self._quiet()
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


class Port:
    """What run.py needs of the world; cfg: the node's settings as a dict."""

    def __init__(self, cfg: dict) -> None:
        self.ticks = Ticks()
        self.wake = None
        wifi = cfg["wifi"]
        self._station = Station(wifi["ssid"], wifi["password"])
        self.ready = self._station.up
        self._load = None
        self._problem = ""
        if cfg.get("load") is not None:
            self._load, self._problem = _driven("load", cfg["load"])
        self._point_q = 0
        self._floor_q = _floor_q(cfg)
        self._watch_ms = max(_WATCH_MS_MIN, _WATCH_ROUNDS * cfg.get("period_ms", 1000))
        self._driven_ms = -1
        self._resets, self._reset_by = _remembered()
        wdt_ms = cfg.get("wdt_ms", 0)
        self._watchdog = machine.WDT(timeout=wdt_ms) if wdt_ms else None

    def begin_session(self, least: int = 0) -> tuple:
        """Return (session, at least `least`, whether it was stored); NVS keeps old or new."""
        store = esp32.NVS("quelea")
        try:
            last = store.get_i32("session")
        except OSError:
            last = 0
        number = max(session.following(last if last > 0 else 0), least)
        try:
            store.set_i32("session", number)
            store.commit()
        except OSError:
            return number, False
        return number, True

    def sensor(self, spec, now_ms: int) -> tuple:
        """Return (sensor, None), or (None, problem), also for a faulty load."""
        if self._problem:
            return None, self._problem
        if isinstance(spec, dict) and spec.get("kind") == "clamp":
            return _driven("sensor", spec, time)
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
        self._point_q = point_q
        self._driven_ms = self.ticks.ticks_ms()
        if self._load is not None:
            self._load.set(point_q)

    def tick(self, now_ms: int) -> None:
        """Feed the watchdog, look after the Wi-Fi; called once a turn."""
        station = self._station
        if self._driven_ms < 0:
            self._driven_ms = now_ms
        follows = ticks_diff(now_ms, self._driven_ms) < self._watch_ms
        if self._watchdog is not None and (self._load is None or follows):
            self._watchdog.feed()
        station.tick(now_ms)
        if not station.down_ms:
            if self._resets and station.up():
                self._resets = 0
                _remember(0, "")
        elif station.down_ms >= _GIVE_UP_MS << min(self._resets, _RESETS_MAX):
            if self._load is None or self._point_q <= self._floor_q:
                _remember(self._resets + 1, "wifi")
                machine.reset()

    def facts(self) -> tuple:
        """Return (key, JSON text) pairs for the birth."""
        return (
            ("reset_cause", report.text(machine.reset_cause())),
            ("reset_by", report.text(self._reset_by)),
        )


def _driven(what: str, spec, *more) -> tuple:
    """Return (load or sensor, None), or (None, problem)."""
    try:
        from quelea_agent.port import drivers
    except ImportError:
        return None, what + ": the part `drivers` is not on this board; deploy with it"
    if what == "load":
        return drivers.load(spec, machine)
    return drivers.sensor(spec, machine, *more)


def _floor_q(cfg: dict) -> int:
    """Return what the load may always draw: the least floor of its limits, 0 without any."""
    try:
        return min([row["rows"][row["own"]][0] for row in cfg["headroom"]["limits"]])
    except (KeyError, IndexError, TypeError, ValueError):
        return 0


def _remembered() -> tuple:
    """Return (resets in a row, by what the last one was) as the RTC's memory has it."""
    words = bytes(machine.RTC().memory()).split(b" ")
    if len(words) != 3 or words[0] != b"quelea" or len(words[1]) != 1:
        return 0, ""
    return words[1][0] & _RESETS_MAX * 2 - 1, "wifi" if words[2] == b"wifi" else ""


def _remember(resets: int, cause: str) -> None:
    resets = min(resets, _RESETS_MAX)
    machine.RTC().memory(b"quelea " + bytes((64 + resets,)) + b" " + cause.encode())
