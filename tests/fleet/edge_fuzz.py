"""Runs on MicroPython and CPython: broken streams into the MQTT client, heap watched.

argv[1]: seed, argv[2]: number of streams. Prints one JSON object: how many streams ended in which
cause, messages delivered, bytes of heap that were gained.
"""

import gc
import json
import sys

from quelea_agent.port import client, tcp
from quelea_proto import fixed, limits

state = int(sys.argv[1])
streams = int(sys.argv[2])


def draw(count: int) -> int:
    """Return a random number 0..count - 1, the same on every runtime."""
    global state
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    return (state >> 8) % count


class Ticks:
    ticks_add = staticmethod(fixed.ticks_add)
    ticks_diff = staticmethod(fixed.ticks_diff)


class Wire:
    """Bytes from a list in pieces of random size; what is sent is thrown away."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.readable = True
        self.blocked = False
        self.broken = False

    def read(self, space) -> int:
        if not self.data:
            return tcp.CLOSED
        count = min(1 + draw(40), len(self.data), len(space))
        space[:count] = self.data[:count]
        self.data = self.data[count:]
        return count

    def send(self, data) -> int:
        return len(data)


VALID = (
    b"\x20\x02\x00\x00",
    b"\x90\x03\x00\x01\x00",
    b"\xd0\x00",
    b"\x40\x02\x00\x01",
    b"\x30\x0a\x00\x04t/inabcd",
    b"\x32\x0c\x00\x04t/in\x00\x07abcd",
    b"\x30\xc9\x01\x00\x04t/in" + b"x" * 195,
    b"\x30\xff\x10\x00\x04t/in" + b"y" * 2169,  # longer than the buffer
)


def stream() -> bytes:
    """Return CONNACK and some packets, some bytes of them changed, dropped or doubled."""
    data = bytearray(VALID[0])
    for _ in range(draw(8)):
        data += VALID[draw(len(VALID))]
    for _ in range(draw(4)):
        at = draw(len(data))
        kind = draw(3)
        if kind == 0:
            data[at] = draw(256)
        elif kind == 1:
            data = data[:at] + data[at + 1 + draw(6) :]
        else:
            data = data[:at] + data[max(0, at - 3) :]
        if not data:
            return b"\x00"
    return bytes(data)


messages = 0


def receive(topic: bytes, payload: bytes) -> None:
    global messages
    messages += 1


size = limits.PACKET_BYTES_MAX
buffers = (bytearray(size), bytearray(size))
causes = [0] * 6
turns_most = 0


def run(data: bytes) -> None:
    global turns_most
    wire = Wire(data)
    one = client.Client(wire, Ticks, 10, 5000, receive, buffers)
    one.greet(0, b"hello")
    cause = 0
    turns = 0
    while not cause:
        wire.readable = True
        cause = one.turn(turns)
        turns += 1
    causes[cause] += 1
    turns_most = max(turns_most, turns)


def used() -> int:
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


for _ in range(50):
    run(stream())
before = used()
for _ in range(streams):
    run(stream())
print(
    json.dumps(
        {
            "causes": causes,
            "messages": messages,
            "gained": used() - before,
            "turns_most": turns_most,
        }
    )
)
