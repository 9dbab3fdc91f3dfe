"""A trained network brought down to the integers of a board: 8-bit weights, one file.

A net is rows (weights [inputs, outputs], biases [outputs]) in floats, with ReLU between and
inputs of 0..255 taken as 0..1. What it says are logits: natural logarithms of chances, but for a
constant.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_agent import dense
from quelea_agent.choice import policy

from quelea.errors import UserError

Floats = NDArray[np.float64]
Net = Sequence[tuple[Floats, Floats]]
WEIGHT_MAX = 127
ACTIVE_MAX = 255
SHIFT_LAST_MAX = 20


def logits(net: Net, values: NDArray[np.uint8]) -> Floats:
    """Return the logit of each row of features; values (..., FEATURES)."""
    return logits_of(net, np.asarray(values))


def logits_of(net: Net, values: Any) -> Floats:
    """Return the same for anything that numpy takes for numbers; a bytearray is one row."""
    if isinstance(values, bytearray):
        values = np.frombuffer(values, np.uint8)
    active = np.asarray(values, float) / ACTIVE_MAX
    for turn, (weights, biases) in enumerate(net):
        active = active @ weights + biases
        if turn < len(net) - 1:
            active = np.maximum(0.0, active)
    found: Floats = active[..., 0]
    return found


def balanced(net: Net, values: NDArray[np.uint8]) -> list[tuple[Floats, Floats]]:
    """Return an equal net whose hidden units have 1 as largest activity on `values`, or as weight.

    A ReLU may be scaled by any positive factor that the next layer takes back, so no unit wastes
    its eight bits; one that is hardly ever active must not widen the range of all the weights.
    """
    rows = [(weights.copy(), biases.copy()) for weights, biases in net]
    active = np.asarray(values, float).reshape(-1, len(rows[0][0])) / ACTIVE_MAX
    for (weights, biases), (after, _) in pairwise(rows):
        most = np.maximum(0.0, active @ weights + biases).max(axis=0)
        factor = 1.0 / np.maximum(np.maximum(most, np.abs(weights).max(axis=0)), 1e-9)
        weights *= factor
        biases *= factor
        after /= factor[:, None]
        active = np.maximum(0.0, active @ weights + biases)
    return rows


@dataclass(frozen=True)
class Layer:
    """Integers of a layer. shift: of the last one, bits of a score below an octave."""

    weights: NDArray[np.int64]
    biases: NDArray[np.int64]
    shift: int


def rounded(net: Net, values: NDArray[np.uint8]) -> list[Layer]:
    """Return the layers in integers; values give the ranges of the hidden activities."""
    found = []
    rows = balanced(net, values)
    active = np.asarray(values, float).reshape(-1, len(rows[0][0])) / ACTIVE_MAX
    unit = float(ACTIVE_MAX)  # an activity of 1.0 in integers
    for turn, (weights, biases) in enumerate(rows):
        widest = max(float(np.abs(weights).max()), 1e-9)
        if turn == len(rows) - 1:
            octave = unit * math.log(2)  # a score of one octave, at a scale of 1
            shift = math.floor(math.log2(WEIGHT_MAX / widest * octave))
            shift = max(policy.STEP_BITS, min(SHIFT_LAST_MAX, shift))
            scale = min(2.0**shift / octave, WEIGHT_MAX / widest)
        else:
            active = np.maximum(0.0, active @ weights + biases)
            most = max(float(active.max()), 1e-9)
            shift = max(0, math.floor(math.log2(WEIGHT_MAX / widest * unit * most / ACTIVE_MAX)))
            scale = min(WEIGHT_MAX / widest, 2.0**shift * ACTIVE_MAX / (unit * most))
        found.append(
            Layer(
                np.rint(weights * scale).astype(np.int64),
                np.clip(np.rint(biases * scale * unit), -dense.BIAS_MAX, dense.BIAS_MAX).astype(
                    np.int64
                ),
                shift,
            )
        )
        unit *= scale / 2.0**shift
    return found


def packed(layers: Sequence[Layer]) -> bytes:
    """Return the file; UserError where it is none that a board takes as a policy."""
    rows = []
    for layer in layers:
        inputs, outputs = layer.weights.shape
        rows.append(
            (inputs, outputs, layer.shift, layer.biases.tolist(), layer.weights.ravel().tolist())
        )
    file = bytes(dense.dump(rows))
    _, problem = policy.loaded(file)
    if problem:
        raise UserError(f"a board would refuse this network: {problem}")
    return file


def said(file: bytes, values: NDArray[np.uint8]) -> Floats:
    """Return the logits of a file, as quantised: what a board's draw takes them for."""
    network, problem = policy.loaded(file)
    if network is None:
        raise UserError(f"a board would refuse this network: {problem}")
    rows = np.asarray(values, int).reshape(-1, policy.FEATURES)
    scores = np.array([network.scores(row)[0] for row in rows.tolist()], float)
    found: Floats = (
        scores.reshape(values.shape[:-1]) * math.log(2) / 2.0 ** network.layers[-1].shift
    )
    return found
