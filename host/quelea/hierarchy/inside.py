"""How members of one cluster, or of a flat fleet, agree: two kinds of exact averaging.

pairs   two neighbours put their values together and take a half each; a sweep meets every edge
        once, which is two addressed messages
flows   what a node in exact mode does (quelea_proto.flows), all in step; a sweep is a round, one
        frame a node, heard by all its neighbours
"""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from quelea.kernels import Averaging, Matchings
from quelea.lockstep.exact import Exact
from quelea.lockstep.graph import Rows
from quelea.lockstep.team import Alone

Ints = NDArray[np.int64]


class Inside(ABC):
    """sent, heard: messages of a sweep, once as the sender and once as the receivers count."""

    sent = 0
    heard = 0

    @abstractmethod
    def sweep(self) -> None:
        """Let everybody speak."""

    @property
    @abstractmethod
    def values_q(self) -> Ints:
        """By node, in whole q."""

    @abstractmethod
    def add(self, more_q: Ints) -> None:
        """Change everybody's input by so much."""


class Pairs(Inside):
    """edges: (m, 2), nodes counted from 0."""

    def __init__(self, edges: Ints, inputs_q: Ints, seed: int) -> None:
        self.matchings = Matchings(edges, len(inputs_q))
        self.averaging = Averaging(self.matchings, inputs_q.astype(np.int32), 4, seed)
        self.sent = self.heard = 2 * len(edges)

    def sweep(self) -> None:
        self.averaging.run(len(self.matchings))

    @property
    def values_q(self) -> Ints:
        return self.averaging.estimates_q.astype(np.int64)

    def add(self, more_q: Ints) -> None:
        self.averaging.state += (more_q << self.averaging.guard_bits).astype(np.int32)


class Flows(Inside):
    """The same arguments; the seed is of no matter."""

    def __init__(self, edges: Ints, inputs_q: Ints, seed: int) -> None:
        count = len(inputs_q)
        both = np.concatenate([edges, edges[:, ::-1]])
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        starts = np.searchsorted(both[:, 0], np.arange(count + 1))
        rows = Rows(0, starts.astype(np.int64), both[:, 1].astype(np.int64))
        self.exact = Exact(rows, count, Alone(), inputs_q.astype(np.int32))
        self.sent, self.heard = count, 2 * len(edges)

    def sweep(self) -> None:
        self.exact.move(self.exact.exchange())

    @property
    def values_q(self) -> Ints:
        return self.exact.values_q.astype(np.int64)

    def add(self, more_q: Ints) -> None:
        self.exact.values_q += more_q.astype(np.int32)
        self.exact.input_q += more_q.astype(np.int32)


KINDS: dict[str, type[Pairs] | type[Flows]] = {"pairs": Pairs, "flows": Flows}
