"""Runs on MicroPython and CPython: one Transport, told by messages what to do, seen on stdout.

argv[1] is JSON: port, keepalive_s, id, node, publish_ms (0: never), offset_ms (of the clock),
transport (module:Class; counts are null where it keeps none).
Each line printed is a JSON object with the time `at`: {"state": n, "counts": [...]} when the
state changes or an attempt was made,
{"got": [topic, payload]}, {"turns": n} on request, {"end": counts} last.
Orders on the topic t/in: `burst N`, `burst1 N` (QoS 1), `flood N` (of 1,000
bytes each), `report`, `stop`.
"""

import json
import sys
import time

from quelea_proto import fixed

UP = 3
options = json.loads(sys.argv[1])
module, _, name = options["transport"].partition(":")
Transport = getattr(__import__(module, None, None, ("x",)), name)


class Ticks:
    ticks_add = staticmethod(fixed.ticks_add)
    ticks_diff = staticmethod(fixed.ticks_diff)

    def ticks_ms(self) -> int:
        now = time.ticks_ms() if hasattr(time, "ticks_ms") else time.monotonic_ns() // 1000000
        return (now + options.get("offset_ms", 0)) & 0x3FFFFFFF


def say(row: dict) -> None:
    row["at"] = ticks.ticks_ms()
    sys.stdout.write(json.dumps(row) + "\n")
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()


orders = []


def receive(topic: bytes, payload: bytes) -> None:
    try:
        name = topic.decode()
    except UnicodeError:
        name = "not UTF-8"
    say({"got": [name, len(payload), payload[:40].decode()]})
    orders.append(payload)


ticks = Ticks()
transport = Transport(
    ticks,
    {"host": "127.0.0.1", "port": options["port"], "keepalive_s": options["keepalive_s"]},
    options.get("id", "n01"),
    options.get("node", 1),
    (b"t/state", b"lost"),
    receive,
)
# The clock as it stood at a known moment, for tests that move it to its end.
if "until_wrap_ms" in options:
    options["offset_ms"] = 0
    options["offset_ms"] = (0x40000000 - options["until_wrap_ms"] - ticks.ticks_ms()) & 0x3FFFFFFF

every_ms = options.get("publish_ms", 0)
counts = getattr(transport, "counts", None)
seen = None
number = 0
turns = 0
next_ms = ticks.ticks_ms()
transport.connect()
running = True
while running:
    turns += 1
    while orders:
        words = orders.pop(0).decode().split()
        if words and words[0] in ("burst", "burst1"):
            for i in range(int(words[1])):
                transport.publish(b"t/burst", str(i).encode(), 1 if words[0] == "burst1" else 0)
        elif words and words[0] == "flood":
            for i in range(int(words[1])):
                transport.publish(b"t/burst", b"%-1000d" % i)
            say({"flooded": True, "counts": counts})
        elif words == ["report"]:
            say({"turns": turns, "counts": counts})
        elif words == ["stop"]:
            running = False
    if not running:
        break
    state = transport.state()
    news = (state, counts and counts[0])
    if news != seen:
        seen = news
        say({"state": state, "counts": counts})
        if state == UP:
            transport.subscribe(b"t/in", 1)
            transport.publish(b"t/state", b"ready", 1, True)
    now_ms = ticks.ticks_ms()
    if every_ms and fixed.ticks_diff(now_ms, next_ms) >= 0:
        next_ms = ticks.ticks_add(next_ms, every_ms)
        number += 1
        transport.publish(b"t/out", str(number).encode())
    transport.poll(next_ms if every_ms else ticks.ticks_add(now_ms, 60000))
transport.publish(b"t/state", b"disconnected", 1, True)
transport.close()
say({"end": counts})
