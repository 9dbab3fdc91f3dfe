"""Partitions and clogs: who cannot reach whom now, how it began and how it ends."""

import random
from collections import Counter
from collections.abc import Sequence

from quelea.simulator.faults import Faults

Link = tuple[int, int]
FLAP_SHARE = 0.5  # of the draws at which a flapping partition opens or closes


class Cuts:
    """cut: links (source, dest) that pass nothing; clogged: sources whose frames come late."""

    def __init__(self, rng: random.Random, fired: Counter[str]) -> None:
        self.rng = rng
        self.fired = fired
        self.cut: set[Link] = set()
        self.clogged: list[int] = []  # in the order in which they clogged
        self._flapping: set[Link] = set()  # a partition that opens and closes
        self._swizzling = False

    @property
    def quiet(self) -> bool:
        """Whether nothing is cut, clogged or flapping."""
        return not (self.cut or self.clogged or self._flapping)

    def partition(self, nodes: Sequence[int], faults: Faults) -> None:
        """Cut the fleet in two: a group of any size, or a single node; both ways or one way."""
        rng = self.rng
        size = 1 if rng.random() < 0.3 else rng.randrange(1, len(nodes))
        side = set(rng.sample(list(nodes), size))
        one_way = rng.random() < faults.one_way
        links = {
            (a, b)
            for a in nodes
            for b in nodes
            if (a in side) != (b in side) and (a in side or not one_way)
        }
        self.cut |= links
        self.fired["one-way" if one_way else "two-way"] += 1
        if rng.random() < faults.flap:
            self._flapping |= links

    def clog(self, nodes: Sequence[int], faults: Faults) -> None:
        """Make everything from one node late; a swizzle clogs more of them at each draw."""
        self.clogged.append(self.rng.choice(list(nodes)))
        self._swizzling = self._swizzling or self.rng.random() < faults.swizzle

    def tick(self, nodes: Sequence[int]) -> None:
        """Go on with what flaps and swizzles; called at every draw of faults."""
        if self._flapping and self.rng.random() < FLAP_SHARE:
            self.fired["flap"] += 1
            if self._flapping <= self.cut:
                self.cut -= self._flapping
            else:
                self.cut |= self._flapping
        if self._swizzling and len(self.clogged) < len(nodes) // 2:
            left = [node for node in nodes if node not in self.clogged]
            self.clogged.append(self.rng.choice(left))
            self.fired["swizzle"] += 1

    def heal(self) -> None:
        """End the partitions, and the clogs one at a time, the newest first."""
        self.cut.clear()
        self._flapping.clear()
        self._swizzling = False
        if self.clogged:
            self.clogged.pop()

    def clear(self) -> None:
        """End everything at once."""
        self.clogged.clear()
        self.heal()
