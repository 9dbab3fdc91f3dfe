"""The quantum side of the interface, on the state vectors of this package."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quelea.quantum import resources, search, theory
from quelea.quantum.interface import UNDECIDED, Bits
from quelea.quantum.noise import Noise, measure
from quelea.quantum.search import Found
from quelea.quantum.state import bits

TICKET_BITS = 11  # 2048 tickets: of 11 dealers, two draw the same best one in 0.3 % of tosses


class Entangled:
    """A trusted source hands out GHZ and W states, each after the round's messages are through."""

    def __init__(self, random: np.random.Generator, noise: Noise | None = None) -> None:
        self.random = random
        self.noise = noise or Noise()

    def shares(self, runs: int, nodes: int) -> Bits:
        """Return what nodes read in Z off a GHZ state each run, shape (runs, nodes)."""
        return bits(measure(resources.ghz(nodes), self.noise, runs, self.random), nodes)

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return the honest nodes' shares."""
        return self.shares(len(avoid), honest + faults)[:, :honest]

    def foreseen(self, runs: int, honest: int, faults: int) -> Bits | None:
        """Return None: until the shares are handed out there is nothing to measure."""
        return None

    def elect(self, runs: int, nodes: int) -> NDArray[np.int64]:
        """Let each node read its qubit of a W state; it comes forward at 1."""
        read = bits(measure(resources.w(nodes), self.noise, runs, self.random), nodes)
        return np.where(read.sum(axis=1) == 1, read.argmax(axis=1), UNDECIDED)

    def minimum(self, costs: NDArray[np.int64]) -> Found:
        """Search by Durr and Hoyer, without noise."""
        return search.minimum(costs, self.random)


class StoredShares(Entangled):
    """The same coin, but handed out a round ahead: the liars measure their shares at once.

    Who measures first does not change what is read (no-signalling), so all shares of a round are
    drawn together, ahead.
    """

    coming: Bits | None = None

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return the honest nodes' shares, read now."""
        self.foreseen(len(avoid), honest, faults)
        assert self.coming is not None
        read, self.coming = self.coming[:, :honest], None
        return read

    def foreseen(self, runs: int, honest: int, faults: int) -> Bits:
        """Return the first liar's share of the next coin."""
        if self.coming is None:
            self.coming = self.shares(runs, honest + faults)
        return self.coming[:, honest]


class BlindTickets(Entangled):
    """The tickets and bits of OpenTickets, dealt in superposition (after Ben-Or, Hassidim 2005).

    Every dealer prepares its ticket and bit as GHZ states and sends a qubit of each to every node.
    The adversary has to drop messages before anything is measured, so it drops blindly: the worst
    of a family of cyclic patterns. Dealers are honest here: against lying ones the protocol needs
    verifiable quantum secret sharing, which is not simulated.
    """

    def dealt(self, runs: int, nodes: int) -> tuple[NDArray[np.int64], Bits]:
        """Return what each receiver reads: tickets and bits, shape (runs, dealers, receivers)."""
        read = self.shares(runs * nodes * (TICKET_BITS + 1), nodes)
        read = read.reshape(runs, nodes, TICKET_BITS + 1, nodes)
        powers = (1 << np.arange(TICKET_BITS))[:, None]
        return (read[:, :, :TICKET_BITS] * powers).sum(axis=2), read[:, :, TICKET_BITS]

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return for each honest node the bit of the best ticket that reached it."""
        nodes = honest + faults
        tickets, dealt = self.dealt(len(avoid), nodes)
        pattern = theory.worst_drops(nodes, faults, tuple(range(1, honest)))
        for node in range(honest):
            tickets[:, list(theory.dropped(node, nodes, faults, *pattern)), node] = -1
        best = tickets[:, :, :honest].argmax(axis=1)
        return np.take_along_axis(dealt[:, :, :honest], best[:, None], axis=1)[:, 0]


class LyingDealer(BlindTickets):
    """A liar deals no superposition but the best ticket and the bit that it likes."""

    def toss(self, avoid: Bits, honest: int, faults: int) -> Bits:
        """Return the liar's bit: the plain protocol cannot tell its ticket from a drawn one."""
        return np.repeat((1 - avoid).astype(np.int8)[:, None], honest, axis=1)
