"""The non-spiking rivals: a small dense network with 8-bit weights, and a threshold rule.

The dense network has the same shape as the spiking one and the same training set. It is trained
with numpy (Adam, ReLU, cross-entropy), so that the comparison needs no torch, and then rounded:
weights to 8 bits with one scale a layer, hidden activities to 8 bits, sums in 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quelea.spiking.network import Integers

Floats = NDArray[np.float64]
WEIGHT_MAX = 127
ACTIVE_MAX = 255


@dataclass(frozen=True)
class Dense:
    """Integers of two layers; shift: what brings hidden sums down to 0..ACTIVE_MAX."""

    first: Integers
    first_bias: Integers
    shift: int
    second: Integers
    second_bias: Integers

    def scores(self, values: Integers) -> Integers:
        """Return the outputs, shape (samples, classes)."""
        sums = values @ self.first + self.first_bias
        hidden = np.clip(sums >> self.shift, 0, ACTIVE_MAX)
        scores: Integers = hidden @ self.second + self.second_bias
        return scores

    def macs(self) -> int:
        return int(self.first.size + self.second.size)

    def bytes_of_weights(self) -> int:
        return self.macs() + 4 * (self.first_bias.size + self.second_bias.size)


def _loss(logits: Floats, classes: Integers, weights: Floats) -> Floats:
    """Return the gradient of the weighted cross-entropy by the logits."""
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.arange(len(classes)), classes] -= 1
    scale = weights[classes]
    gradient: Floats = chances * scale[:, None] / scale.sum()
    return gradient


def fit(
    values: Integers, classes: Integers, hidden: int, top: int, epochs: int, seed: int,
    class_weights: tuple[float, ...] = (), rate: float = 0.005, decay: float = 1e-4,
) -> Dense:  # fmt: skip
    """Train on samples (samples, inputs), values 0..top; return the rounded network."""
    random = np.random.default_rng(seed)
    outputs = int(classes.max()) + 1
    inputs = values.shape[1]
    weigh = np.array(class_weights or (1.0,) * outputs)
    parts = [
        random.normal(0, (2 / inputs) ** 0.5, (inputs, hidden)), np.zeros(hidden),
        random.normal(0, (2 / hidden) ** 0.5, (hidden, outputs)), np.zeros(outputs),
    ]  # fmt: skip
    first = [np.zeros_like(part) for part in parts]
    second = [np.zeros_like(part) for part in parts]
    turn = 0
    for epoch in range(epochs):
        step = rate * (1 + np.cos(np.pi * epoch / epochs)) / 2
        for rows in np.array_split(random.permutation(len(values)), max(1, len(values) // 64)):
            x = values[rows] / top
            active = np.maximum(0, x @ parts[0] + parts[1])
            slope = _loss(active @ parts[2] + parts[3], classes[rows], weigh)
            back = (slope @ parts[2].T) * (active > 0)
            slopes = [x.T @ back, back.sum(axis=0), active.T @ slope, slope.sum(axis=0)]
            turn += 1
            for k, gradient in enumerate(slopes):
                full = gradient + decay * parts[k]
                first[k] = 0.9 * first[k] + 0.1 * full
                second[k] = 0.999 * second[k] + 0.001 * full**2
                mean = first[k] / (1 - 0.9**turn)
                parts[k] = parts[k] - step * mean / (np.sqrt(second[k] / (1 - 0.999**turn)) + 1e-8)
    return rounded(parts, values, top)


def rounded(parts: list[Floats], values: Integers, top: int) -> Dense:
    """Return the network in integers; values give the range of the hidden sums."""
    one = WEIGHT_MAX / np.abs(parts[0]).max()
    two = WEIGHT_MAX / np.abs(parts[2]).max()
    first = np.rint(parts[0] * one).astype(np.int64)
    first_bias = np.rint(parts[1] * one * top).astype(np.int64)
    most = int((values @ first + first_bias).max())
    shift = max(0, most.bit_length() - ACTIVE_MAX.bit_length())
    scale = one * top / (1 << shift)  # of a hidden activity
    second = np.rint(parts[2] * two).astype(np.int64)
    return Dense(
        first, first_bias, shift, second, np.rint(parts[3] * two * scale).astype(np.int64)
    )
