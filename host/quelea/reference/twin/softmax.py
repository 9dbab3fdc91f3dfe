"""Softmax regression of the reference: whole batches as matrices of 64-bit integers.

Nothing is taken from quelea_agent.softmax but what that file states; shifts are floor divisions
here, and the table of the exponential is worked out.
"""

from math import exp
from typing import Any

import numpy as np

COMPILED: dict[str, int] = {}  # of quelea_proto.limits, none
X_ONE = 16  # the bias's input
GUARD = 64  # a trained weight is counted in 64ths of a spoken one's unit
WEIGHT_MAX = 32767
ONE = 1 << 14  # of a share
TABLE = np.array([
    round(32767 * exp(-i / 2)) * round(32767 * exp(-j / 64)) // 32768
    for i in range(20) for j in range(32)
])  # fmt: skip


def _floor_half_up(values: Any, part: int) -> Any:
    return (values + part // 2) // part


class Softmax:
    """weights, velocity: (inputs + 1, classes), the bias last. coarse: the same, as spoken."""

    def __init__(self, inputs: int, classes: int) -> None:
        self.weights = np.zeros((inputs + 1, classes), np.int64)
        self.velocity = np.zeros_like(self.weights)

    @property
    def coarse(self) -> Any:
        """Weights in Q12."""
        return _floor_half_up(self.weights, GUARD)

    def errors(self, x: Any, truth: Any) -> Any:
        """Return share - truth, (rows, classes) in Q14; x: (rows, inputs), 0..16."""
        scores = _with_bias(x) @ self.coarse
        below = (scores.max(axis=1, keepdims=True) - scores) // 1024
        e = np.where(below < len(TABLE), TABLE[np.minimum(below, len(TABLE) - 1)], 0)
        shares = e * ONE // e.sum(axis=1, keepdims=True)
        shares[np.arange(len(truth)), truth] -= ONE
        return shares

    def step(self, x: Any, truth: Any, shift: int) -> None:
        """Do one step on a batch; the rate is 2^(4 - shift)."""
        self.velocity += _with_bias(x).T @ self.errors(x, truth)
        self.weights -= _floor_half_up(self.velocity, 2**shift)
        np.clip(self.weights, -WEIGHT_MAX * GUARD, WEIGHT_MAX * GUARD, out=self.weights)
        self.velocity -= _floor_half_up(self.velocity, 8)

    def set(self, spoken: Any) -> None:
        """Take (inputs + 1) * classes parameters of gossip."""
        clipped = np.clip(spoken, -WEIGHT_MAX, WEIGHT_MAX).astype(np.int64)
        self.weights = clipped.reshape(self.weights.shape) * GUARD

    def predict(self, x: Any) -> Any:
        """Return the class of most score of each row, the first of equals."""
        return (_with_bias(x) @ self.coarse).argmax(axis=1)


def _with_bias(x: Any) -> Any:
    x = np.asarray(x, np.int64)
    return np.hstack([x, np.full((len(x), 1), X_ONE)])
