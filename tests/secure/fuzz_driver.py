"""Runs on MicroPython: altered and random bytes into one parser, exceptions and heap watched.

argv: parser (auth, signed, cfg), seed, number of inputs. Prints one JSON object.
"""

import gc
import json
import sys

from quelea_agent.port import auth, signed, trust
from quelea_agent.settings import load

parser = sys.argv[1]
state = int(sys.argv[2])
count = int(sys.argv[3])
WHOLE_EVERY = 2000  # so many signatures of right form are computed to their end


def draw(bound: int) -> int:
    """Return a random number below bound, the same on every runtime."""
    global state
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    return (state >> 8) % bound


def altered(data: bytes) -> bytes:
    """Return bytes with some changed, cut off, doubled or put in, or bytes of no kind."""
    if draw(12) == 0:
        return bytes([draw(256) for _ in range(draw(100))])
    out = bytearray(data)
    for _ in range(draw(4)):
        if out:
            out[draw(len(out))] = draw(256)
    what = draw(6)
    if what == 0:
        out = out[: draw(len(out) + 1)]
    elif what == 1:
        out = out[draw(len(out) + 1) :]
    elif what == 2:
        out += out[: draw(len(out) + 1)]
    elif what == 3:
        at = draw(len(out) + 1)
        out = out[:at] + bytes([draw(256)]) + out[at:]
    return bytes(out)


settings, problem = load(
    {"fleet": "demo", "id": "n01", "node": 1, "neighbours": [[2, "n02", 0], [3, "n03", 1]]}
)
passed = []


def guard_of(number: int) -> auth.Guard:
    """Return a guard of node 1 or 2; the key of their pair is the same."""
    made = settings
    if number == 2:
        made, _ = load(
            {"fleet": "demo", "id": "n02", "node": 2, "neighbours": [[1, "n01", 0], [3, "n03", 1]]}
        )
    peers = [[2, "n02", 0], [3, "n03", 1]] if number == 1 else [[1, "n01", 0], [3, "n03", 1]]
    guard = auth.Guard(made, peers, [auth._pads(b"k" * 32), auth._pads(b"l" * 32)], False)
    guard.begin(2, 1, True)
    guard.inner = hear
    return guard


def hear(topic: bytes, payload: bytes) -> None:
    """Keep what should not have passed: a message whose other peers' tags are damaged may."""
    if payload != b"payload" or topic != b"quelea/1/demo/n/n02/x":
        passed.append(payload)


def fuzz_auth(inputs: int) -> list:
    """Sealed messages of node 2, altered, on topics of all kinds."""
    guard = guard_of(1)
    other = guard_of(2)
    other._heard[0] = 2
    topics = list(guard._sources)
    topics += [b"quelea/1/demo/n/n09/x", b"quelea/1/demo/d//"]
    own = b"quelea/1/demo/n/n02/x"
    for _ in range(inputs):
        sealed = bytes(other.seal(own, b"payload"))
        data = altered(sealed)
        if data != sealed:
            topic = topics[draw(len(topics))] if draw(3) == 0 else own
            guard.receive(topic, data)
    return guard.counts


KEY = bytes([draw(256) for _ in range(64)])
POINT = (
    b"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2"
    b"\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
    b"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16"
    b"\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5"
)


def fuzz_signed(inputs: int) -> list:
    """Documents of the right form and others; counts: refused at once, to be computed, true."""
    counts = [0, 0, 0]
    whole = b"Q1" + bytes([draw(255) for _ in range(64)]) + b"body of a document"
    for i in range(inputs):
        check = signed.Check(POINT if draw(8) else altered(POINT), b"cfg", altered(whole))
        answer = check.step()
        counts[0 if answer is False else 1] += 1
        if answer is None and i % WHOLE_EVERY == 0:
            while answer is None:
                answer = check.step()
        if answer:
            counts[2] += 1
            passed.append(check.body)
    return counts


BODIES = (
    b'{"v":1,"fleet":"demo","seq":5,"epoch":7}',
    b'{"fleet":"demo","epoch":1e3}',
    b'[{"fleet":"demo"},[[[[1,2],"\\ud800"]]],null,true]',
    b'{"epoch":{"fleet":"demo"},"a":[1,-2.5,"\\u00e9"]}',
)


def fuzz_cfg(inputs: int) -> list:
    """Bodies after their signature; nothing is stored here, so none is taken."""
    one = trust.Trust(settings, KEY)
    for _ in range(inputs):
        one._new_digest = b""
        one.counts[one._judge(altered(BODIES[draw(len(BODIES))]))] += 1
        one.receive(b"quelea/1/demo/cfg", b"")
        one._next = None
    return one.counts


trust.write = lambda epoch, digest: False
run = {"auth": fuzz_auth, "signed": fuzz_signed, "cfg": fuzz_cfg}[parser]
run(50)  # what is allocated once
passed.clear()
gc.collect()
before = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
counts = run(count)
passed_count = len(passed)
passed.clear()
gc.collect()
after = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
row = {"inputs": count, "counts": list(counts), "passed": passed_count, "gained": after - before}
print(json.dumps(row))
