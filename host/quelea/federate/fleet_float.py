"""The same training in 64-bit floats: together by the plain mean, and by one who has all rows."""

import numpy as np
from numpy.typing import NDArray
from quelea_agent.federated import Course
from quelea_agent.softmax import BATCH, X_MAX
from quelea_proto.draws import Draws

from quelea.federate.fleet_data import Ground, Whole

Floats = NDArray[np.float64]
WANE = 7 / 8  # of the momentum


class Model:
    """weights: (inputs + 1, classes), the bias last."""

    def __init__(self, ground: Ground, rows: Whole, node: int) -> None:
        self.ground = ground
        self.rows = rows
        self.weights = np.zeros((ground.inputs + 1, ground.classes))
        self._velocity = np.zeros_like(self.weights)
        self._draws = Draws(ground.seed, node)

    def step(self, rate: float) -> None:
        """Do one step on a batch drawn as a board draws it."""
        drawn = self.rows[[self._draws.below(len(self.rows)) for _ in range(BATCH)]]
        x, truth = with_bias(self.ground.x[drawn]), self.ground.y[drawn]
        scores = x @ self.weights
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares[np.arange(BATCH), truth] -= 1
        self._velocity += x.T @ shares / BATCH
        self.weights -= rate * self._velocity
        self._velocity *= WANE


def with_bias(x: Whole) -> Floats:
    """Return rows as numbers in 0..1, a one behind each."""
    return np.hstack([x / X_MAX, np.ones((len(x), 1))])


def accuracy(ground: Ground, weights: Floats) -> float:
    """Return the share of the test rows that a model gets right."""
    found = (with_bias(ground.test_x) @ weights).argmax(axis=1)
    return float((found == ground.test_y).mean())


def rates(course: Course) -> list[float]:
    """Return the rate of every round that has steps."""
    return [
        2.0 ** (4 - (course.late_shift if number >= course.late_round else course.shift))
        for number in range(course.rounds - course.calm_rounds)
    ]


def central(ground: Ground, course: Course) -> float:
    """Return the accuracy of one model that has all rows, after as many steps as a node's."""
    model = Model(ground, np.arange(len(ground.x)), 0)
    for rate in rates(course):
        for _ in range(course.steps):
            model.step(rate)
    return accuracy(ground, model.weights)


def together(ground: Ground, course: Course) -> float:
    """Return the mean accuracy of nodes that all tell the truth and take the plain mean."""
    models = [Model(ground, rows, node + 1) for node, rows in enumerate(ground.parts)]
    sets = [[node, *near] for node, near in enumerate(ground.near)]
    for rate in [*rates(course), *[0.0] * course.calm_rounds]:
        for model in models:
            for _ in range(course.steps if rate else 0):
                model.step(rate)
        weights = np.array([model.weights for model in models])
        for model, members in zip(models, sets, strict=True):
            model.weights = weights[members].mean(axis=0)
    return float(np.mean([accuracy(ground, model.weights) for model in models]))
