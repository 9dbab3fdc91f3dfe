"""What is trained: flat vectors of parameters, and gradients of all nodes in one go.

A model is anything with the four methods of `Model`; `Softmax` and `Hidden` are numpy, torch_model
has the adapter for torch modules.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


class Model(Protocol):
    """size: numbers in a parameter vector."""

    size: int

    def start(self, seed: int) -> Floats:
        """Return the vector (size,) that all nodes begin with."""

    def gradient(self, at: Floats, x: Floats, y: Labels, prior: Floats) -> Floats:
        """Return the mean gradient of the cross entropy, (nodes, size).

        at: (nodes, size), x: (nodes, batch, inputs), y: (nodes, batch); prior: (nodes, 1,
        classes), added to the scores.
        """

    def scores(self, at: Floats, x: Floats) -> Floats:
        """Return each model's score of each class, (models, rows, classes); x: (rows, inputs)."""


def _error(scores: Floats, y: Labels) -> Floats:
    """Return the gradient by the scores, over the batch's size: softmax less the label."""
    scores = scores - scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=2, keepdims=True)
    nodes, batch = y.shape
    scores[np.arange(nodes)[:, None], np.arange(batch), y] -= 1
    scores /= np.float32(batch)
    return scores


class Softmax:
    """One layer: scores = x W + b. The vector is W (inputs, classes) row by row, then b."""

    def __init__(self, inputs: int, classes: int) -> None:
        self.inputs, self.classes = inputs, classes
        self.size = (inputs + 1) * classes

    def start(self, seed: int) -> Floats:
        """Zeros: the loss is convex, so there is nothing to break."""
        return np.zeros(self.size, np.float32)

    def _parts(self, at: Floats) -> tuple[Floats, Floats]:
        cut = self.inputs * self.classes
        return at[:, :cut].reshape(-1, self.inputs, self.classes), at[:, None, cut:]

    def scores(self, at: Floats, x: Floats) -> Floats:
        """As in Model."""
        weights, bias = self._parts(at)
        return np.asarray(x @ weights + bias)

    def gradient(self, at: Floats, x: Floats, y: Labels, prior: Floats) -> Floats:
        """As in Model."""
        error = _error(self.scores(at, x) + prior, y)
        slope = np.empty_like(at)
        weights, bias = self._parts(slope)
        np.matmul(x.transpose(0, 2, 1), error, out=weights)
        error.sum(axis=1, keepdims=True, out=bias)
        return slope


class Hidden:
    """One hidden layer of rectifiers: scores = relu(x V + a) W + b; the vector is V, a, W, b."""

    def __init__(self, inputs: int, hidden: int, classes: int) -> None:
        self.inputs, self.hidden, self.classes = inputs, hidden, classes
        self._ends = np.cumsum([inputs * hidden, hidden, hidden * classes, classes]).tolist()
        self.size = self._ends[-1]

    def start(self, seed: int) -> Floats:
        """Normal weights of variance 2 / inputs of their layer (He and others 2015), no bias."""
        random = np.random.Generator(np.random.PCG64([seed, 3]))
        vector = np.zeros((1, self.size), np.float32)
        first, _, second, _ = self._parts(vector)
        first[:] = random.standard_normal(first.shape) * math.sqrt(2 / self.inputs)
        second[:] = random.standard_normal(second.shape) * math.sqrt(2 / self.hidden)
        return np.asarray(vector[0])

    def _parts(self, at: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        a, b, c, _ = self._ends
        return (
            at[:, :a].reshape(-1, self.inputs, self.hidden),
            at[:, None, a:b],
            at[:, b:c].reshape(-1, self.hidden, self.classes),
            at[:, None, c:],
        )

    def _forward(self, at: Floats, x: Floats) -> tuple[Floats, Floats]:
        first, shift, second, bias = self._parts(at)
        inner = x @ first
        inner += shift
        np.maximum(inner, 0, out=inner)
        return inner, np.asarray(inner @ second + bias)

    def scores(self, at: Floats, x: Floats) -> Floats:
        """As in Model."""
        return self._forward(at, x)[1]

    def gradient(self, at: Floats, x: Floats, y: Labels, prior: Floats) -> Floats:
        """As in Model."""
        inner, scores = self._forward(at, x)
        error = _error(scores + prior, y)
        slope = np.empty_like(at)
        first, shift, second, bias = self._parts(slope)
        np.matmul(inner.transpose(0, 2, 1), error, out=second)
        error.sum(axis=1, keepdims=True, out=bias)
        back = error @ self._parts(at)[2].transpose(0, 2, 1)
        back *= inner > 0
        np.matmul(x.transpose(0, 2, 1), back, out=first)
        back.sum(axis=1, keepdims=True, out=shift)
        return slope


def accuracy(
    model: Model, at: Floats, x: Floats, y: Labels, block: int = 2000
) -> NDArray[np.float64]:
    """Return each model's share of right answers, (models,)."""
    right = np.zeros(len(at))
    for first in range(0, len(y), block):
        part = slice(first, first + block)
        right += (model.scores(at, x[part]).argmax(axis=2) == y[part]).sum(axis=1)
    return np.asarray(right / len(y))
