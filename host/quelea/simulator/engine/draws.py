"""Draws of the engine: the hash of vector.h on Python integers and on numpy arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MASK = 0xFFFFFFFF
ROUND, EDGE, PURPOSE = 0xC2B2AE3D, 0x9E3779B9, 0x27D4EB2F
Words = NDArray[np.uint32]


def mixed(x: int) -> int:
    """Return the 32-bit hash of x, as mixed() in vector.h."""
    x &= MASK
    x = (x ^ x >> 16) * 0x9E3779B1 & MASK
    x = (x ^ x >> 15) * 0x85EBCA77 & MASK
    return x ^ x >> 16


def mixed_all(x: Words) -> Words:
    """Return the same of every word of an array."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x9E3779B1)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0x85EBCA77)
    return x ^ (x >> np.uint32(16))


def key_of(seed: int) -> int:
    """Return the key of a seed: 32 bits, from all of the seed's."""
    return mixed(mixed(seed) ^ mixed(seed >> 32) * PURPOSE)


class Stream:
    """Numbers of one seed for one purpose; the same for the same (seed, purpose) for ever."""

    def __init__(self, seed: int, purpose: int) -> None:
        self.base = mixed(key_of(seed) + purpose * PURPOSE)
        self.at = 0

    def word(self) -> int:
        """Return the next 32 bits."""
        self.at += 1
        return mixed(self.base + self.at * EDGE)

    def below(self, count: int) -> int:
        """Return a number 0..count - 1, count < 2^16."""
        return (self.word() >> 8) * count >> 24

    def choice(self, options: Any) -> Any:
        """Return one of the options."""
        return options[self.below(len(options))]

    def words(self, *shape: int) -> Words:
        """Return an array of 32-bit words."""
        count = int(np.prod(shape))
        first = self.at + 1
        self.at += count
        index = np.arange(first, first + count, dtype=np.uint64) * np.uint64(EDGE)
        with np.errstate(over="ignore"):
            words = np.uint32(self.base) + (index & np.uint64(MASK)).astype(np.uint32)
        return mixed_all(words).reshape(shape)
