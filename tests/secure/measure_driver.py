"""Runs on MicroPython: what signatures and tags cost, in time and heap. Prints one JSON object.

argv: file with one signed document of kind cfg: public key, document (hexadecimal, a line each).
"""

import binascii
import gc
import json
import sys
import time

from quelea_agent.settings import load

PEERS = 8
TURNS = 200
RUNS = 8  # the quickest counts: others use the machine too


def alloc() -> int:
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


gc.collect()
before = alloc()
signed = __import__("quelea_agent.port.signed", None, None, ("Check",))
gc.collect()
signed_bytes = alloc() - before
before = alloc()
auth = __import__("quelea_agent.port.auth", None, None, ("Guard",))
gc.collect()
auth_bytes = alloc() - before

with open(sys.argv[1]) as file:
    public, document = [binascii.unhexlify(line.strip()) for line in file]
gc.collect()
before = alloc()
check = signed.Check(public, b"cfg", document)
steps = 0
garbage_bytes = 0
held_bytes = 0
while True:
    gc.collect()
    free = alloc()
    held_bytes = max(held_bytes, free - before)
    answer = check.step()
    garbage_bytes = max(garbage_bytes, alloc() - free)
    steps += 1
    if answer is not None:
        break
assert answer
verify_us = 1 << 29
for _ in range(RUNS):
    check = signed.Check(public, b"cfg", document)
    begin_us = time.ticks_us()
    while check.step() is None:
        pass
    verify_us = min(verify_us, time.ticks_diff(time.ticks_us(), begin_us))


def guard(number: int):
    others = [n for n in range(1, PEERS + 2) if n != number]
    rows = [[n, f"n{n:02d}", number - 1 if n > number else number - 2] for n in others]
    settings, problem = load(
        {"fleet": "demo", "id": f"n{number:02d}", "node": number, "neighbours": rows}
    )
    assert problem is None, problem
    made = auth.Guard(settings, rows, [auth._pads(b"k" * 32) for _ in rows], False)
    made.begin(2, 1, True)
    made.inner = lambda topic, payload: None
    return made


gc.collect()
before = alloc()
one = guard(1)
gc.collect()
guard_bytes = alloc() - before
two = guard(2)
topic = b"quelea/1/demo/n/n01/x"
frame = bytes(29)
for _ in range(2):  # until each has heard the other
    two.receive(topic, bytes(one.seal(topic, frame)))
    one.receive(b"quelea/1/demo/n/n02/x", bytes(two.seal(b"quelea/1/demo/n/n02/x", frame)))
messages = [bytes(one.seal(topic, frame)) for _ in range(TURNS)]
gc.collect()
before = alloc()
one.seal(topic, frame)
seal_bytes = alloc() - before
gc.collect()
before = alloc()
two.receive(topic, messages[0])
receive_bytes = alloc() - before
taken = two.counts[1]
seal_us = receive_us = 1 << 29
for message in messages[1:]:
    begin_us = time.ticks_us()
    one.seal(topic, frame)
    middle_us = time.ticks_us()
    two.receive(topic, message)
    seal_us = min(seal_us, time.ticks_diff(middle_us, begin_us))
    receive_us = min(receive_us, time.ticks_diff(time.ticks_us(), middle_us))
assert two.counts[1] == taken + TURNS - 1, two.counts
row = {
    "signed_module_bytes": signed_bytes,
    "auth_module_bytes": auth_bytes,
    "verify_us": verify_us,
    "verify_steps": steps,
    "verify_held_bytes": held_bytes,
    "verify_garbage_a_step_bytes": garbage_bytes,
    "auth_guard_bytes": guard_bytes,
    "auth_seal_us": seal_us,
    "auth_seal_garbage_bytes": seal_bytes,
    "auth_receive_us": receive_us,
    "auth_receive_garbage_bytes": receive_bytes,
    "auth_message_bytes": len(messages[0]),
}
print(json.dumps(row))
