"""What a node does between two rounds of gossip: one step of momentum on its own rows.

Three things make the steps of honest nodes alike, however uneven their data, so that a rule can
tell lies from rare knowledge; all are local:

- calibration: the log shares of a node's own classes are added to the scores while it trains, so
  that nobody learns that the classes it lacks do not exist (logit adjustment, Menon and others
  2021; the same for federations, Zhang and others 2022);
- the gradient is clipped to one length, so that nobody's step is longer for its data alone;
- momentum averages the noise of batches away, and weights shrink, so that a steady small pull of
  liars in one direction ends in a bounded drift.
"""

from dataclasses import dataclass

import numpy as np

from quelea.federate.data import Data
from quelea.federate.mesh import Index
from quelea.federate.models import Floats, Labels, Model

LEAST_RATE = 0.02  # of the rate, in the last round


@dataclass(frozen=True)
class Recipe:
    """rounds: of one step and one exchange. batch: rows a step. rate: of the mean gradient.

    momentum: share kept of the last step, 0..1. decay: the share of rounds, at the end, in which
    the rate falls to nearly 0. clip: the longest gradient, 0 for any. shrink: of a weight, as a
    gradient (L2). calibrate: rows of each class that a node is taken to have more than it has;
    0 for no calibration.
    """

    rounds: int = 500
    batch: int = 32
    rate: float = 2.0
    momentum: float = 0.95
    decay: float = 0.3
    clip: float = 0.25
    shrink: float = 0.001
    calibrate: float = 1.0

    def rate_at(self, number: int) -> np.float32:
        """Return the rate of a round, 0 .. rounds - 1."""
        first = self.rounds - int(self.rounds * self.decay)
        if number < first:
            return np.float32(self.rate)
        left = (self.rounds - number) / (self.rounds - first)
        return np.float32(self.rate * max(left, LEAST_RATE))


class Trainer:
    """The rows, class shares and momenta of all nodes.

    parts: for each node the indexes of its rows. trains: the numbers of those that train.
    flipped: of those, the ones that turn every label around.
    """

    def __init__(
        self, data: Data, parts: list[Index], model: Model, recipe: Recipe, seed: int,
        trains: Index, flipped: Index,
    ) -> None:  # fmt: skip
        self.data, self.model, self.recipe = data, model, recipe
        self._sizes = np.array([len(part) for part in parts])
        most = int(self._sizes.max())
        self._rows = np.array([np.resize(part, most) for part in parts])
        self._random = np.random.Generator(np.random.PCG64([seed, 7]))
        self._trains = trains
        self._flips = np.isin(trains, flipped)
        self._speed = np.zeros((len(trains), model.size), np.float32)
        self._prior = self._calibration(parts)

    def _calibration(self, parts: list[Index]) -> Floats:
        """Return what is added to the scores of each training node, (trains, 1, classes)."""
        classes = self.data.classes
        prior = np.zeros((len(self._trains), 1, classes), np.float32)
        if self.recipe.calibrate:
            for row, node in enumerate(self._trains):
                labels = self._labels(self.data.train_y[parts[node]], self._flips[row])
                counts = np.bincount(labels, minlength=classes) + self.recipe.calibrate
                prior[row, 0] = np.log(counts / counts.sum())
        return prior

    def _labels(self, labels: Labels, flips: np.bool) -> Labels:
        return np.asarray(self.data.classes - 1 - labels if flips else labels)

    def _batch(self) -> tuple[Floats, Labels]:
        """Draw rows for everybody, so that who lies does not change what others draw."""
        nodes = len(self._sizes)
        drawn = self._random.random((nodes, self.recipe.batch))
        places = (drawn * self._sizes[:, None]).astype(np.int64)
        rows = np.take_along_axis(self._rows, places, axis=1)[self._trains]
        y = self.data.train_y[rows]
        y[self._flips] = self.data.classes - 1 - y[self._flips]
        return self.data.train_x[rows], y

    def step(self, at: Floats, number: int) -> Floats:
        """Return where a step leads from at, (trains, size), in round `number`."""
        recipe = self.recipe
        x, y = self._batch()
        slope = self.model.gradient(at, x, y, self._prior)
        if recipe.shrink:
            slope += np.float32(recipe.shrink) * at
        if recipe.clip:
            length = np.sqrt(np.einsum("ij,ij->i", slope, slope))
            slope *= np.minimum(1, recipe.clip / np.maximum(length, 1e-12))[:, None]
        self._speed *= np.float32(recipe.momentum)
        slope *= np.float32(1 - recipe.momentum)
        self._speed += slope
        return np.asarray(at - recipe.rate_at(number) * self._speed)


def central(data: Data, model: Model, recipe: Recipe, seed: int, batch: int) -> Floats:
    """Return the vector, (1, size), of one learner who holds all rows: what there is to reach.

    The recipe's rounds, rate and momentum, with neither clipping nor calibration; batch: as many
    rows a step as the federation has.
    """
    plain = Recipe(
        recipe.rounds, batch, recipe.rate, recipe.momentum, recipe.decay, 0.0, recipe.shrink, 0.0
    )
    alone = np.zeros(1, np.int64)
    rows = [np.arange(len(data.train_y))]
    trainer = Trainer(data, rows, model, plain, seed, alone, alone[:0])
    at = model.start(seed)[None]
    for number in range(plain.rounds):
        at = trainer.step(at, number)
    return at
