"""Seeded draws that give the same graph on every machine and with every numpy.

numpy promises that the raw 64-bit stream of a named bit generator never changes, but not how
its higher methods (shuffle, integers) use that stream. So everything here is made of raw draws.
"""

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

SEED_MAX = (1 << 63) - 1  # what numpy's SeedSequence and every caller's flag can hold


class Draws:
    """A stream of draws that depends on `seed` (0..SEED_MAX) and `lane` alone.

    lane: tells independent streams of one seed apart, such as the tries of a family.
    """

    def __init__(self, seed: int, lane: int = 0) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, lane]))

    def raw(self, count: int) -> NDArray[np.uint64]:
        """`count` words of 64 random bits."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def below(self, bound: int, count: int) -> IntArray:
        """`count` whole numbers in 0..bound-1, bound <= 2^32.

        The top 32 bits times the bound: the bias is below bound / 2^32, which no use here sees.
        """
        top = self.raw(count) >> np.uint64(32)
        return ((top * np.uint64(bound)) >> np.uint64(32)).astype(np.int64)

    def order(self, count: int) -> IntArray:
        """A random order of 0..count-1: the ranks of raw words, ties by index."""
        return np.argsort(self.raw(count), kind="stable")

    def unit(self, count: int) -> NDArray[np.float64]:
        """`count` numbers in [0, 1), multiples of 2^-53."""
        return (self.raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53
