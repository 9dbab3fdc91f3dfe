"""Random numbers and digests that come out alike on every target, in 31-bit integers.

Random: two lag-1 multiply-with-carry generators (Marsaglia) in base 2^15. With multipliers below
2^15 a step is at most a * (2^15 - 1) + a < 2^30. For both multipliers a * 2^15 - 1 is a safe
prime, so the periods are near 2^29 each.
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from binascii import crc32

MASK = 1073741823  # 2^30 - 1


class Random:
    """The stream of one case: seed and stream number choose it. Both 0..2^30 - 1."""

    def __init__(self, seed: int, stream: int) -> None:
        mixed = seed ^ (stream & 16383) << 16 ^ stream >> 14
        self.a = 1 + mixed % 1073479678  # neither 0 nor 32760 * 2^15 - 1, the fixed points
        self.b = 1 + (stream ^ seed >> 7) % 1072496638  # the same for 32730
        for _ in range(8):
            self.bits()

    def bits(self) -> int:
        """Return 30 random bits."""
        a = self.a
        self.a = a = 32760 * (a & 32767) + (a >> 15)
        b = self.b
        self.b = b = 32730 * (b & 32767) + (b >> 15)
        return (a & 32767) << 15 ^ b

    def below(self, bound: int) -> int:
        """Return 0..bound - 1; bound 1..2^30 - 1."""
        return self.bits() % bound

    def between(self, lo: int, hi: int) -> int:
        """Return lo..hi, both included; hi - lo below 2^30 - 1."""
        return lo + self.bits() % (hi - lo + 1)

    def one_in(self, count: int) -> bool:
        """Return True once in count calls on average."""
        return self.bits() % count == 0


def fold(digest: int, value: int) -> int:
    """Return the digest with one more integer in it: 30 bits; value in 31 bits signed."""
    return ((digest & 33554431) * 31 + (digest >> 25)) ^ (value & MASK)


def fold_bytes(digest: int, data: bytes) -> int:
    """Return the digest with the bytes in it, by their CRC-32 without its top two bits."""
    return fold(fold(digest, len(data)), crc32(data) & MASK)
