"""The classical side of the interface, its best case first: what quantum coins are held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quelea.quantum.interface import UNDECIDED, Bits
from quelea.quantum.search import Found


class OwnCoins:
    """Every node draws by itself: nothing shared, nothing to be known or stolen."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return independent bits."""
        return self.random.integers(2, size=(len(avoid), honest), dtype=np.int8)

    def foreseen(self, runs: int, honest: int, faults: int) -> Bits | None:
        """Return None: a coin that is not drawn yet is known to nobody."""
        return None

    def elect(self, runs: int, nodes: int) -> NDArray[np.int64]:
        """Let each node come forward with probability 1/nodes, the best that equals can do."""
        forward = self.random.random((runs, nodes)) < 1 / nodes
        alone = forward.sum(axis=1) == 1
        return np.where(alone, forward.argmax(axis=1), UNDECIDED)

    def minimum(self, costs: NDArray[np.int64]) -> Found:
        """Look at every item in a random order."""
        order = self.random.permutation(len(costs))
        best = int(np.argmin(costs))
        return Found(best, int(np.flatnonzero(order == best)[0]) + 1, len(costs))


class DealtCoin(OwnCoins):
    """A trusted dealer shows all nodes one bit, after the round's messages are through."""

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return one bit a run, the same for all."""
        drawn = self.random.integers(2, size=(len(avoid), 1), dtype=np.int8)
        return np.repeat(drawn, honest, axis=1)


class SeedCoin(OwnCoins):
    """All nodes share a seed, the liars among them too: they know every coin to come."""

    def __init__(self, random: np.random.Generator) -> None:
        super().__init__(random)
        self.coming: Bits | None = None

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return the bit that the seed had fixed."""
        drawn = self.foreseen(len(avoid), honest, faults)
        self.coming = None
        return np.repeat(drawn[:, None], honest, axis=1)

    def foreseen(self, runs: int, honest: int, faults: int) -> Bits:
        """Return what the seed gives next."""
        if self.coming is None:
            self.coming = self.random.integers(2, size=runs, dtype=np.int8)
        return self.coming


class OpenTickets(OwnCoins):
    """Each node deals a random ticket and a bit in the clear; the best ticket's bit is the coin.

    The adversary reads them, then keeps up to `faults` dealers' messages from each receiver: it
    lets through the best ticket among faults + 1 whose bit it likes.
    """

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return the bit to avoid only where the faults + 1 best tickets all carry it."""
        nodes = honest + faults
        tickets = self.random.random((len(avoid), nodes))
        dealt = self.random.integers(2, size=(len(avoid), nodes), dtype=np.int8)
        best = np.argsort(-tickets, axis=1)[:, : faults + 1]
        liked = np.take_along_axis(dealt, best, axis=1) != avoid[:, None]
        shown = np.where(liked.any(axis=1), 1 - avoid, avoid).astype(np.int8)
        return np.repeat(shown[:, None], honest, axis=1)
