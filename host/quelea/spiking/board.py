"""The board's own code on MicroPython, against the reference: bits, time and heap."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from quelea.conform import stage
from quelea.conform.targets.base import Target
from quelea.conform.targets.cpython import CPython
from quelea.conform.targets.unix import Unix
from quelea.spiking.network import Integers, NetworkRow, as_dict, run

TIMEOUT_S = 120.0
DATA = "spiking_data.json"
SCRIPT = """
import gc, json, time
from quelea_agent.spiking import Layer, Network
with open("spiking_data.json") as file:
    data = json.load(file)
def unhex(text):
    return bytes([int(text[k:k + 2], 16) for k in range(0, len(text), 2)])
layers = []
for row in data["network"]["layers"]:
    layers.append(Layer(unhex(row["weights"]), row["inputs"], row["neurons"], row["weight_shift"],
                        row["du"], row["dv"], row["threshold"], row["biases"]))
network = Network(layers, data["network"]["steps"], data["network"]["top"],
                  data["network"]["code"] == "rate")
ticks = getattr(time, "ticks_us", None) or (lambda: time.perf_counter_ns() // 1000)
grown = 0
spent = 0
for values in data["samples"]:
    gc.collect()
    before = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
    begun = ticks()
    answer = network.decide(values)
    spent += ticks() - begun
    after = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
    grown = max(grown, after - before)
    print(json.dumps([answer, list(layers[-1].v), list(layers[0].u)]))
print(json.dumps([network.operations(), spent, grown]))
"""


@dataclass(frozen=True)
class Board:
    """A runtime's answers. differing: integers unlike the reference's; us: time a decision."""

    name: str
    samples: int
    integers: int
    differing: int
    us: float
    heap_bytes: int


def targets() -> list[Target]:
    """Return CPython and, where it is found, MicroPython's unix port."""
    return [target for target in (CPython(), Unix()) if target.available() is None]


def compare(target: Target, row: NetworkRow, values: Integers) -> Board:
    """Run samples on a target and compare every answer, charge and current."""
    data = json.dumps({"network": as_dict(row), "samples": values.tolist()})
    files = {**stage.program_files(), DATA: data}
    lines = target.run(files, SCRIPT, TIMEOUT_S).splitlines()
    ran = run(row, values)
    operations, spent_us, grown = json.loads(lines[-1])
    differing = int(operations != round(ran.operations * len(values)))
    integers = 1
    for k, line in enumerate(lines[:-1]):
        answer, charges, currents = json.loads(line)
        got = [answer, *charges, *currents]
        wanted = [int(ran.classes[k]), *ran.charges[k].tolist(), *ran.currents[k].tolist()]
        integers += len(wanted)
        differing += int(np.sum(np.array(got) != np.array(wanted)))
    return Board(target.name, len(values), integers, differing, spent_us / len(values), int(grown))
