"""A large fleet as the attack table sees it: who hears whom, and where the liars sit.

N nodes, a share of them liars. In every round each honest node takes k messages: from others
drawn anew (dynamic, gossip by sampling) or from the same k ever (static). Liars sit at random,
so a node may well meet more than F of them: that is the point of the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from quelea.attack.rules import Ints

INPUT_Q = 65535  # honest inputs are uniform in 0..INPUT_Q, 16 bits
LO_Q, HI_Q = -32768, 98303  # the signal's public range: twice as wide, as fleets are configured


@dataclass(frozen=True)
class Setting:
    """received: k messages a round. faults_max: F of every node."""

    name: str
    received: int
    faults_max: int
    static: bool


SETTINGS = (
    Setting("dynamic k=16", 16, 5, False),
    Setting("dynamic k=32", 32, 10, False),
    Setting("static k=16", 16, 5, True),
    Setting("dynamic k=8", 8, 2, False),
)


@dataclass(frozen=True)
class Round:
    """Who is heard: shape (k, honest); honest nodes are 0..honest - 1, liars above.

    slots, nodes: the places of `heard` where a liar speaks.
    """

    heard: NDArray[np.intp]
    slots: NDArray[np.intp]
    nodes: NDArray[np.intp]


@dataclass(frozen=True)
class Crowd:
    """One fleet: nodes in all, liars among them, and the seed of all its draws."""

    setting: Setting
    nodes: int
    share: float
    seed: int

    @property
    def liars(self) -> int:
        return round(self.nodes * self.share)

    @property
    def honest(self) -> int:
        return self.nodes - self.liars

    def inputs(self) -> Ints:
        """Return the honest inputs, shape (honest,), 32 bits."""
        rng = np.random.default_rng([self.seed, 1])
        return rng.integers(0, INPUT_Q, self.honest, dtype=np.int32, endpoint=True)

    def _round(self, rng: np.random.Generator) -> Round:
        heard = rng.integers(0, self.nodes - 1, (self.setting.received, self.honest))
        heard += heard >= np.arange(self.honest)  # nobody hears itself
        slots, nodes = np.nonzero(heard >= self.honest)
        return Round(heard, slots, nodes)

    def rounds(self, count: int) -> Iterator[Round]:
        """Yield the rounds; a static fleet's are all the same."""
        rng = np.random.default_rng([self.seed, 2])
        current = self._round(rng)
        for at in range(count):
            if at and not self.setting.static:
                current = self._round(rng)
            yield current

    def sides(self) -> Ints:
        """Return +1 or -1 for each honest node: the signs of the static graph's Fiedler vector.

        Power iteration on the honest part of the symmetrised graph; of a dynamic fleet, all 0.
        """
        if not self.setting.static:
            return np.zeros(self.honest, dtype=np.int32)
        heard = next(self.rounds(1)).heard
        rows = np.tile(np.arange(self.honest), len(heard))
        inside = heard.ravel() < self.honest
        ends = rows[inside], heard.ravel()[inside]
        links = coo_array((np.ones(len(ends[0])), ends), shape=(self.honest, self.honest)).tocsr()
        links = links + links.T
        degree = np.maximum(links.sum(axis=1), 1)
        vector = np.random.default_rng([self.seed, 3]).standard_normal(self.honest)
        for _ in range(60):
            vector -= (vector * degree).sum() / degree.sum()  # leave out the constant vector
            vector = (vector + links @ vector / degree) / 2
            vector /= np.abs(vector).max()
        return np.where(vector >= 0, 1, -1).astype(np.int32)
