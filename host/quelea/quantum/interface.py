"""What consensus code is given: a coin, a leader and the cheapest of many, from either world.

`benor.agree` takes any `Coin`; whoever wants leaders and minima too takes a `QuantumConsensus`.
Classical and quantum classes have the same methods, so one stands in for the other. Everything is
done for many independent runs at once.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from quelea.quantum.search import Found

Bits = NDArray[np.int8]
UNDECIDED = -1  # no leader, or more than one; no value yet


class Coin(Protocol):
    """One coin a round for every honest node."""

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return the bits of the honest nodes, shape (runs, honest).

        avoid: shape (runs,), the bit that the adversary does not want all of them to see; it can
        act on that as far as the coin lets it.
        """

    def foreseen(self, runs: int, honest: int, faults: int) -> Bits | None:
        """Return the bit of the next toss in each run if the liars can know it now, else None."""


class QuantumConsensus(Coin, Protocol):
    """All that this study offers to consensus code."""

    def elect(self, runs: int, nodes: int) -> NDArray[np.int64]:
        """Return a leader's number for each run, UNDECIDED where not exactly one came forward."""

    def minimum(self, costs: NDArray[np.int64]) -> Found:
        """Return the number of the smallest cost and the queries that it took."""
