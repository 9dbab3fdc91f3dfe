"""machine, network and esp32 of a board that is not there: they record what is driven.

Runs on CPython and on MicroPython; install() puts them in place of the modules of the same names.
"""

import sys

log = []  # what was driven, in order


class Pin:
    IN = 0
    OUT = 1

    def __init__(self, number, mode=0, value=None):
        if number in (6, 7, 8):
            raise ValueError("invalid pin")
        self.number = number
        if value is not None:
            self.value(value)

    def value(self, level):
        log.append(("pin", self.number, level))


class PWM:
    def __init__(self, pin, freq=0, duty_u16=0):
        self.number = pin.number
        log.append(("pwm", self.number, freq, duty_u16))

    def duty_u16(self, duty):
        log.append(("duty", self.number, duty))


class ADC:
    ATTN_11DB = 3
    source = None  # called with nothing, returns microvolts

    def __init__(self, pin, atten=0):
        if not 32 <= pin.number <= 39:
            raise ValueError("invalid pin")
        self.atten = atten

    def read_uv(self):
        return ADC.source()


class WDT:
    fed = 0

    def __init__(self, timeout):
        log.append(("wdt", timeout))

    def feed(self):
        WDT.fed += 1


class RTC:
    kept = b""

    def memory(self, data=None):
        if data is None:
            return RTC.kept
        RTC.kept = data


class Reset(Exception):
    """The board was reset."""


def reset():
    log.append(("reset",))
    raise Reset


def reset_cause():
    return 1


class NVS:
    stored = None

    def __init__(self, space):
        self.fresh = {}

    def get_i32(self, key):
        if key not in NVS.stored:
            raise OSError(0x1102)
        return NVS.stored[key]

    def set_i32(self, key, value):
        self.fresh[key] = value

    def commit(self):
        for key in sorted(self.fresh):
            NVS.stored[key] = self.fresh[key]


NVS.stored = {}


class WLAN:
    there = False  # whether the access point answers
    answer = 1001  # what status() says meanwhile
    broken = False  # every call fails

    def __init__(self, interface):
        self.joined = False

    def active(self, on):
        log.append(("active", on))

    def config(self, reconnects):
        log.append(("reconnects", reconnects))

    def isconnected(self):
        return self.joined and WLAN.there

    def status(self):
        return WLAN.answer

    def disconnect(self):
        log.append(("disconnect",))
        self.joined = False
        if WLAN.broken:
            raise OSError("Wifi Internal Error")

    def connect(self, ssid, password):
        log.append(("connect", ssid))
        if WLAN.broken:
            raise OSError("Wifi Internal Error")
        self.joined = True


class Ticks:
    """A clock that goes on by step_us with each look."""

    def __init__(self, step_us=50):
        self.now_us = 0
        self.step_us = step_us

    def ticks_us(self):
        self.now_us += self.step_us
        return self.now_us

    def ticks_diff(self, end, start):
        return end - start


class Machine:
    Pin = Pin
    PWM = PWM
    ADC = ADC
    WDT = WDT
    RTC = RTC
    reset = staticmethod(reset)
    reset_cause = staticmethod(reset_cause)


class Network:
    WLAN = WLAN
    STA_IF = 0


class Esp32:
    NVS = NVS


def install():
    sys.modules["machine"] = Machine
    sys.modules["network"] = Network
    sys.modules["esp32"] = Esp32
    import time

    if not hasattr(time, "ticks_ms"):
        time.ticks_ms = lambda: 0


def taken():
    """Return what was driven since the last call."""
    rows = log[:]
    log.clear()
    return rows
