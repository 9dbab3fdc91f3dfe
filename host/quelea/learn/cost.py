"""What a policy's decision costs a board: bytes, time and heap on MicroPython's unix port.

A board with nothing but its own node decides over and over; every score that it computes is
compared with the reference, once by its compiled code and once by the plain one.
"""

import json
from dataclasses import dataclass

import numpy as np
from quelea_agent.choice.policy import FEATURES

from quelea.conform import stage
from quelea.conform.targets.unix import Unix
from quelea.errors import UserError
from quelea.reference import Policy

TIMEOUT_S = 60.0
SAMPLES = 100
DECISIONS = 200
DATA = "policy.json"
SCRIPT = """
import gc, json, time
from quelea_agent.chooser import Chooser, Plan
from quelea_agent.dense import load
from quelea_agent import dense_native
with open("policy.json") as given:
    data = json.load(given)
text = data["file"]
file = bytes([int(text[k:k + 2], 16) for k in range(0, len(text), 2)])
gc.collect()
before = gc.mem_alloc()
network, problem = load(file)
native = dense_native.scorer(file, network)
gc.collect()
held = gc.mem_alloc() - before
plain = dense_native.Plain(network).score
found = {"native": dense_native.layer is not None, "held": held, "scores": [], "us": []}
rows = [bytearray(row) for row in data["rows"]]
for score in (plain, native):
    found["scores"].append([score(row) for row in rows])
    begun = time.ticks_us()
    for row in rows:
        score(row)
    found["us"].append(time.ticks_diff(time.ticks_us(), begun) / len(rows))
for compiled in (False, True):
    kept = dense_native.layer
    if not compiled:
        dense_native.layer = None
    me = Chooser(Plan(3, (1, 2), (2560, 3840, 5120, 6400), (0, 1, 2, 3), 900, 8), 1)
    me.memory = file
    me.use("policy", True, True, True)
    dense_native.layer = kept
    for server in range(4):
        me.rumours.see(server, 2000 + 700 * server, 0)
    me.answered(3000, 900)
    rule = me._rule
    rule.choose()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    begun = time.ticks_us()
    for _ in range(data["decisions"]):
        rule.choose()
    found["us"].append(time.ticks_diff(time.ticks_us(), begun) / data["decisions"])
    found["grown"] = (gc.mem_alloc() - before) / data["decisions"]
    gc.enable()
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Cost:
    """file_bytes; held_bytes: heap of the loaded network; grown_bytes: by a decision.

    score_us, decision_us: of a server's score and of a whole decision among four, plain and
    compiled. compiled: whether there is an emitter. differing: of `compared` scores, those unlike
    the reference's.
    """

    file_bytes: int
    held_bytes: int
    grown_bytes: float
    score_us: tuple[float, float]
    decision_us: tuple[float, float]
    compiled: bool
    compared: int
    differing: int


def measure(file: bytes, seed: int = 1) -> Cost:
    """Return the cost of a policy's file; UserError without MicroPython's unix port."""
    unix = Unix()
    reason = unix.available()
    if reason:
        raise UserError("the cost of a decision cannot be measured", why=reason)
    rows = np.random.default_rng(seed).integers(0, 256, (SAMPLES, FEATURES)).tolist()
    data = json.dumps({"file": file.hex(), "rows": rows, "decisions": DECISIONS})
    lines = unix.run({**stage.program_files(), DATA: data}, SCRIPT, TIMEOUT_S).splitlines()
    found = json.loads(lines[-1])
    reference = Policy(file)
    wanted = [reference.score(row) for row in rows]
    differing = sum(
        int(a != b) for scores in found["scores"] for a, b in zip(scores, wanted, strict=True)
    )
    us = [float(one) for one in found["us"]]
    return Cost(
        len(file), int(found["held"]), float(found["grown"]), (us[0], us[1]), (us[2], us[3]),
        bool(found["native"]), 2 * len(wanted), differing,
    )  # fmt: skip
