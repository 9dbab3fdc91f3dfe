# The ESP32's edge on a simulated board: Wi-Fi, watchdog, boot counter, what resets it.
import board_fakes
from board_fakes import NVS, RTC, WDT, WLAN, Reset, taken

board_fakes.install()
from quelea_agent.port import esp32  # noqa: E402


def check(holds, *what):
    print(*what) if holds else print("FAIL", *what)


def port(**more):
    cfg = {"wifi": {"ssid": "home", "password": "x"}, "period_ms": 1000}
    cfg.update(more)
    made = esp32.Port(cfg)
    made.ticks.ticks_ms = lambda: clock[0]
    return made


clock = [0]


def go(made, seconds, drive=None):
    """Let time pass; return what was driven of the radio."""
    rows = []
    for _ in range(seconds):
        clock[0] = (clock[0] + 1000) % 2**30
        made.tick(clock[0])
        if drive is not None:
            made.drive(drive)
        rows += [row for row in taken() if row[0] in ("connect", "disconnect", "active", "reset")]
    return rows


# -- joins: disconnect before every connect, the radio anew at every fourth, at once after a loss
made = port()
taken()
check(go(made, 14) == [("disconnect",), ("connect", "home")], "one attempt in its time")
WLAN.answer = 1000  # idle after connecting: says nothing yet
check(go(made, 2) == [("disconnect",), ("connect", "home")], "by its time-out")
WLAN.answer = 202
print("a wrong password", len(go(made, 9)), made._station.cause)
WLAN.answer = 1001
rows = go(made, 60)
check(("active", False) in rows and ("active", True) in rows, "the radio anew")
check(rows[rows.index(("active", True)) + 1][0] == "connect", "then connect")
WLAN.there = True
go(made, 20)
check(made.ready() and made._station.tries == 0 and made._station.joins == 1, "joined")
check(go(made, 600) == [], "nothing to do while it is up")
WLAN.there = False
check(go(made, 1)[:2] == [("disconnect",), ("connect", "home")], "at once after a loss")
WLAN.broken = True
print("every call fails", len(go(made, 40)))
WLAN.broken = False

# -- ten minutes without Wi-Fi: a reset only where the load is at its floor; then more rarely
HEADROOM = {"limits": [{"own": 0, "rows": [[6000, 0, 0]]}]}
RELAY = {"kind": "relay", "pin": 26}
made = port(load=RELAY, headroom=HEADROOM)
go(made, 900, 9000)
print("above its floor: goes on", made._station.down_ms)
waits = []
for _ in range(7):
    clock[0] = 0
    made = port(load=RELAY, headroom=HEADROOM)
    try:
        go(made, 20000, 6000)
    except Reset:
        waits.append(clock[0] // 1000)
print("resets after", waits, bytes(RTC.kept))
made = port()
print("said in the birth", made.facts())
WLAN.there = True
go(made, 20)
print("forgotten once joined", bytes(RTC.kept), port().facts())
RTC.kept = b"\xff garbage of another program \x00"
check(port().facts()[1] == ("reset_by", '""'), "garbage in the memory")

# -- the watchdog is fed while the load follows, and no longer
WDT.fed = 0
made = port(load=RELAY, wdt_ms=8000)
check(("wdt", 8000) in taken(), "watchdog")
go(made, 10, 100)
fed = WDT.fed
check(fed == 10, "fed")
go(made, 3)
check(WDT.fed == 13, "a round late")
go(made, 20)
check(13 <= WDT.fed <= 15, "rounds have stopped", WDT.fed)
WDT.fed = 0
made = port(wdt_ms=8000)
go(made, 10)
check(WDT.fed == 10, "without a load: by each turn")
made = port(load=RELAY, wdt_ms=8000, period_ms=60000)
WDT.fed = 0
go(made, 100)
check(WDT.fed == 100, "long rounds")

# -- loads, sensors, boot counter
taken()
made = port(load=RELAY)
made.drive(5)
made.drive(0)
print("driven", [row for row in taken() if row[0] == "pin"])
made = port(load={"kind": "valve", "pin": 1})
print(made.sensor({"kind": "constant", "value_q": 3}, 0))
made = port()
print(made.sensor({"kind": "constant", "value_q": 3}, 0)[0].read_q(0))
print(made.sensor({"kind": "clamp", "pin": 2}, 0))
board_fakes.ADC.source = lambda: 1500999
spec = {"kind": "adc", "pin": 34, "numerator": 2048, "shift": 10, "offset_q": -5}
print(made.sensor(spec, 0)[0].read_q(0), made.sensor({"kind": "adc", "pin": 2}, 0)[0])
print([made.begin_session() for _ in range(3)], NVS.stored["session"])
