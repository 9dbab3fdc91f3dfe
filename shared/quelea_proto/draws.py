"""Draws: a seeded integer generator with the same numbers on every runtime.

Two multiply-with-carry generators of base 2^15 (Marsaglia), added. With a state s below
A * 2^15 the next one, A * (s % 2^15) + s // 2^15, is below A * 2^15 < 2^30 again: nothing leaves
31-bit small integers. A * 2^15 - 1 is a safe prime for both A, so the periods are half of it, and
together about 2^57. For simulations and for choices that need no secrecy, not for keys.
"""

_A = 32760
_B = 32730
_LOW = 32767  # 2^15 - 1
_WARM = 16  # draws thrown away: seeds that differ in one bit have fallen apart by then


class Draws:
    """A stream for (seed, node): seed 0 .. 2^30 - 1, node 0 .. 65535."""

    def __init__(self, seed: int, node: int) -> None:
        # neither state may be 0 or A * 2^15 - 1, of which each is its own successor: the carry
        # (the upper part) is never 0 here and stays far below A
        self.a = (1 + (seed & 8191)) << 15 | node & _LOW
        self.b = (1 + (seed >> 13 & 8191)) << 15 | (node >> 15) << 14 | seed >> 26 | 32
        for _ in range(_WARM):
            self.next()

    def next(self) -> int:
        """Return 15 random bits, 0 .. 32767."""
        self.a = _A * (self.a & _LOW) + (self.a >> 15)
        self.b = _B * (self.b & _LOW) + (self.b >> 15)
        return (self.a & _LOW) + (self.b & _LOW) & _LOW

    def below(self, bound: int) -> int:
        """Return 0 .. bound - 1; bound: 1 .. 2^30 - 1.

        The bias is below bound / 2^15 up to 2^15, and below bound / 2^30 beyond.
        """
        if bound <= 32768:
            return self.next() * bound >> 15
        return (self.next() << 15 | self.next()) % bound

    def shuffle(self, items: list) -> None:  # type: ignore[type-arg]
        """Put items in random order, in place (Fisher and Yates)."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            kept = items[i]
            items[i] = items[j]
            items[j] = kept
