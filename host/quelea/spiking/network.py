"""A trained network as small integers: its file, its checks, and the reference that runs it.

The reference steps many samples at once in 64-bit integers, by the equations as they stand: no
split products, no packed weights. `firmware/quelea_agent/spiking.py` has to give the same bits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_agent import spiking
from quelea_agent.spiking import (
    DECAY,
    NEURONS_MAX,
    STEPS_MAX,
    SUM_MAX,
    THRESHOLD_MAX,
    UNIT_BITS,
)
from quelea_proto.limits import Q_MAX

from quelea.errors import UserError

FORMAT = 1
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class LayerRow:
    """Integers of one layer. weights: shape (inputs, neurons), -8..7; biases: in units of v."""

    weights: Integers
    weight_shift: int
    du: int
    dv: int
    threshold: int
    biases: Integers

    @property
    def inputs(self) -> int:
        return int(self.weights.shape[0])

    @property
    def neurons(self) -> int:
        return int(self.weights.shape[1])

    def packed(self) -> bytes:
        """Return the weights two in a byte, the lower first, rows padded with 0."""
        rows = self.weights + 8
        if self.neurons % 2:
            rows = np.hstack([rows, np.full((self.inputs, 1), 8)])
        return bytes((rows[:, 0::2] | (rows[:, 1::2] << 4)).astype(np.uint8).tobytes())

    def check(self, where: str) -> None:
        """UserError if a number is outside of what a board can compute with."""
        most = int(np.abs(self.weights).sum(axis=0).max()) << self.weight_shift
        for name, value, smallest, largest in (
            ("inputs", self.inputs, 1, NEURONS_MAX),
            ("neurons", self.neurons, 1, NEURONS_MAX),
            ("weight_shift", self.weight_shift, 0, 8),
            ("smallest weight", int(self.weights.min()), -8, 7),
            ("largest weight", int(self.weights.max()), -8, 7),
            ("sum of |weights| << weight_shift", most, 0, SUM_MAX),
            ("du", self.du, 0, DECAY - 1),
            ("dv", self.dv, 0, DECAY - 1),
            ("threshold", self.threshold, 0, THRESHOLD_MAX),
            ("bias", int(np.abs(self.biases).max()), 0, Q_MAX),
        ):
            if not smallest <= value <= largest:
                raise UserError(f"{name} is {value}", where, f"{smallest} to {largest}")


@dataclass(frozen=True)
class NetworkRow:
    """A network and how it is fed. made_by: the command that writes it again."""

    layers: tuple[LayerRow, ...]
    steps: int
    top: int
    code: str  # latency or rate
    made_by: str = ""

    def board(self) -> spiking.Network:
        """Return the network that a board would run."""
        layers = [
            spiking.Layer(
                row.packed(), row.inputs, row.neurons, row.weight_shift, row.du, row.dv,
                row.threshold, row.biases.tolist(),
            )
            for row in self.layers
        ]  # fmt: skip
        return spiking.Network(layers, self.steps, self.top, self.code == "rate")

    def bytes_of_weights(self) -> int:
        return sum(len(row.packed()) for row in self.layers)

    def bytes_of_state(self) -> int:
        """Return 4 bytes for each u, v, sum and spike number of a board of 32 bits."""
        return sum(16 * row.neurons for row in self.layers)

    def dense_macs(self) -> int:
        """Return the multiply-accumulates of a dense network of the same shape."""
        return sum(row.inputs * row.neurons for row in self.layers)


@dataclass(frozen=True)
class Ran:
    """What samples came to: classes, shape (samples,); operations and spikes a sample.

    charges: v of the last layer at the end; currents: u of the first; shape (samples, neurons).
    """

    classes: Integers
    operations: float
    spikes: tuple[float, ...]
    charges: Integers
    currents: Integers


def decayed(values: Integers, kept: int) -> Integers:
    """Return values * kept / DECAY, rounded toward zero."""
    product: Integers = np.sign(values) * (np.abs(values) * kept // DECAY)
    return product


def layer_step(
    row: LayerRow, u: Integers, v: Integers, spikes: Integers
) -> tuple[Integers, Integers, Integers]:
    """Return (u, v, spikes) after a step; shapes (samples, neurons)."""
    sums = (spikes @ row.weights) << (row.weight_shift + UNIT_BITS)
    u = decayed(u, DECAY - row.du - 1) + sums
    u = (u + Q_MAX + 1) % (2 * Q_MAX + 2) - Q_MAX - 1
    v = np.clip(decayed(v, DECAY - row.dv) + u + row.biases, -Q_MAX, Q_MAX)
    fired = (v > row.threshold << UNIT_BITS).astype(np.int64)
    return u, np.where(fired == 1, 0, v), fired


def coded(values: Integers, steps: int, top: int, code: str) -> Integers:
    """Return input spikes, shape (steps, samples, inputs)."""
    times = np.arange(steps)[:, None, None]
    if code == "latency":
        now = (values > 0) & ((top - values) * steps // top == times)
        return np.where(now, np.int64(1), np.int64(0))
    before = (top // 2 + times * values) // top
    after = (top // 2 + (times + 1) * values) // top
    spikes: Integers = after - before
    return spikes


def run(row: NetworkRow, values: Integers) -> Ran:
    """Classify samples, shape (samples, inputs), each value 0..top."""
    samples = len(values)
    state = [(np.zeros((samples, r.neurons), np.int64),) * 2 for r in row.layers]
    operations = 0
    fired = [0] * len(row.layers)
    for spikes in coded(values, row.steps, row.top, row.code):
        for k, layer in enumerate(row.layers):
            operations += int(spikes.sum()) * layer.neurons
            u, v, spikes = layer_step(layer, *state[k], spikes)
            state[k] = (u, v)
            fired[k] += int(spikes.sum())
    charges = state[-1][1]
    mean_spikes = tuple(count / samples for count in fired)
    return Ran(charges.argmax(axis=1), operations / samples, mean_spikes, charges, state[0][0])


def as_dict(row: NetworkRow) -> dict[str, Any]:
    """Return what the file holds; weights as hexadecimal text, as a board reads them."""
    return {
        "format": FORMAT, "made_by": row.made_by, "steps": row.steps, "top": row.top,
        "code": row.code,
        "layers": [
            {
                "inputs": layer.inputs, "neurons": layer.neurons,
                "weight_shift": layer.weight_shift, "du": layer.du, "dv": layer.dv,
                "threshold": layer.threshold, "biases": layer.biases.tolist(),
                "weights": layer.packed().hex(),
            }
            for layer in row.layers
        ],
    }  # fmt: skip


def _layer(found: dict[str, Any], where: str) -> LayerRow:
    inputs, neurons = int(found["inputs"]), int(found["neurons"])
    packed = np.frombuffer(bytes.fromhex(found["weights"]), np.uint8).astype(np.int64)
    pairs = packed.reshape(inputs, (neurons + 1) // 2)
    weights = np.stack([pairs & 15, pairs >> 4], axis=2).reshape(inputs, -1)[:, :neurons] - 8
    biases = np.array(found["biases"], np.int64)
    if biases.shape != (neurons,):
        raise UserError(f"{len(biases)} biases", where, f"{neurons} neurons")
    row = LayerRow(
        weights, int(found["weight_shift"]), int(found["du"]), int(found["dv"]),
        int(found["threshold"]), biases,
    )  # fmt: skip
    row.check(where)
    return row


def from_dict(found: dict[str, Any], where: str) -> NetworkRow:
    """Return the network of a file's contents; UserError if it is none."""
    try:
        layers = tuple(
            _layer(layer, f"{where}, layer {k + 1}") for k, layer in enumerate(found["layers"])
        )
        row = NetworkRow(
            layers, int(found["steps"]), int(found["top"]), str(found["code"]),
            str(found.get("made_by", "")),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("this is no network", where, f"{type(error).__name__}: {error}") from None
    widths = [layer.inputs for layer in layers[1:]]
    if not layers or widths != [layer.neurons for layer in layers[:-1]]:
        raise UserError("the layers do not fit together", where, "outputs of one: inputs of next")
    if found.get("format") != FORMAT or row.code not in ("latency", "rate"):
        raise UserError("unknown format or code", where, f"format {FORMAT}; latency or rate")
    if not 1 <= row.steps <= STEPS_MAX or not 1 <= row.top <= 255:
        raise UserError("steps or top is out of range", where, f"1 to {STEPS_MAX}; 1 to 255")
    return row


def load(path: Path) -> NetworkRow:
    """Return the network of a JSON file; UserError if it cannot be read or is none."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}", "", str(error)) from None
    if not isinstance(found, dict):
        raise UserError("this is no network", str(path), "a JSON object is expected")
    return from_dict(found, str(path))


def save(row: NetworkRow, path: Path) -> None:
    """Write the JSON file."""
    for k, layer in enumerate(row.layers):
        layer.check(f"{path}, layer {k + 1}")
    path.write_text(json.dumps(as_dict(row), indent=1) + "\n")


def shipped(name: str) -> NetworkRow:
    """Return a network that ships with the package: `digits` or `surge`."""
    return load(Path(__file__).parent / "networks" / f"{name}.json")
