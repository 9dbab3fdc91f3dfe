"""Signed documents, checked on a board: ECDSA on P-256 in slices, so that rounds go on meanwhile.

    document = b"Q1" + signature (64 bytes, r then s, big endian) + body

The hash is SHA-256 of b"quelea/" + kind + a zero byte + body. Verification is FIPS 186-5, 6.4.2:
with w = 1 / s, the x of (hash w) G + (r w) Q must be r modulo n. The sum is one ladder over both
numbers with a table of G, Q and G + Q (Shamir's trick), in Jacobian coordinates; addition and
doubling for a = -3 as in "Guide to Elliptic Curve Cryptography", 3.21 and 3.22. All that is
computed with is public, so that it need not take the same time for every input. Integers of 256
bits: they take the heap and belong nowhere near a round.
"""

import hashlib

from quelea_proto.limits import const

MAGIC = b"Q1"
HEAD_BYTES = const(66)
_BITS = const(4)  # of the ladder, a step: 4 doublings and at most 4 additions
_DIVISIONS = const(16)  # of an inverse, a step

# the curve (SP 800-186, 3.2.1.3)
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_GX = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
_GY = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5

_INVERT_S = const(0)
_INVERT_Z = const(1)
_LADDER = const(2)


def _double(x, y, z):  # type: ignore[no-untyped-def]
    """Return twice a point (x / z^2, y / z^3); z = 0 is the point at infinity."""
    p = _P
    if z == 0:
        return x, y, 0
    zz = z * z % p
    m = 3 * (x - zz) * (x + zz) % p
    yy = y * y % p
    s = 4 * x * yy % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p


def _add(x, y, z, x2, y2):  # type: ignore[no-untyped-def]
    """Return the sum of a point and (x2, y2), which is not at infinity."""
    p = _P
    if z == 0:
        return x2, y2, 1
    zz = z * z % p
    h = (x2 * zz - x) % p
    r = (y2 * zz * z - y) % p
    if h == 0:
        return _double(x, y, z) if r == 0 else (1, 1, 0)
    hh = h * h % p
    v = x * hh % p
    hh = hh * h % p
    x3 = (r * r - hh - 2 * v) % p
    return x3, (r * (v - x3) - y * hh) % p, z * h % p


class _Inverse:
    """1 / value modulo a prime, by Euclid's divisions; step() returns it once it is found."""

    def __init__(self, value: int, prime: int) -> None:
        self._prime = prime
        self._row = (prime, value, 0, 1)

    def step(self):  # type: ignore[no-untyped-def]
        """Divide a few times; return the inverse, or None while there is more to do."""
        a, b, s, t = self._row
        for _ in range(_DIVISIONS):
            if b == 0:
                return s % self._prime
            quotient = a // b
            a, b = b, a - quotient * b
            s, t = t, s - quotient * t
        self._row = (a, b, s, t)
        return None


class Check:
    """One document under check. public_64: x then y of the key, big endian. kind: such as b"cfg".

    body: what the document says, to be believed once step() has returned True.
    """

    def __init__(self, public_64, kind: bytes, document) -> None:  # type: ignore[no-untyped-def]
        self.body = b""
        self._answer = False
        self._done = True  # until all that can be seen at once is in order
        if len(public_64) != 64 or len(document) < HEAD_BYTES or document[:2] != MAGIC:
            return
        r = int.from_bytes(bytes(document[2:34]), "big")
        s = int.from_bytes(bytes(document[34:66]), "big")
        x = int.from_bytes(bytes(public_64[:32]), "big")
        y = int.from_bytes(bytes(public_64[32:]), "big")
        if not 0 < r < _N or not 0 < s < _N or x >= _P or y >= _P:
            return
        if (y * y - (x * x - 3) * x - _B) % _P:  # no point of the curve, whose order is n
            return
        self.body = bytes(document[HEAD_BYTES:])
        digest = hashlib.sha256(b"quelea/" + kind + b"\x00")
        digest.update(self.body)
        self._hash = int.from_bytes(digest.digest(), "big")
        self._r = r
        self._at = 255
        self._point = (1, 1, 0)
        self._table = [None, (_GX, _GY), (x, y), None]
        self._inverse = _Inverse(s, _N)
        self._stage = _INVERT_S
        self._done = False

    def step(self):  # type: ignore[no-untyped-def]
        """Do a slice of the work; return None while there is more, then True or False."""
        if self._done:
            return self._answer
        if self._stage == _LADDER:
            self._climb()
        else:
            found = self._inverse.step()
            if found is not None:
                if self._stage == _INVERT_S:
                    self._begin(found)
                else:
                    self._enter(found)
        return self._answer if self._done else None

    def _begin(self, w: int) -> None:
        """From 1 / s compute both factors; add G and Q for the table."""
        self._u1 = self._hash * w % _N
        self._u2 = self._r * w % _N
        x, y = self._table[2]
        self._both = _add(_GX, _GY, 1, x, y)
        self._stage = _INVERT_Z
        self._inverse = _Inverse(self._both[2], _P)
        if self._both[2] == 0:  # Q = -G: the table has no third point
            self._stage = _LADDER

    def _enter(self, inverse: int) -> None:
        """Enter G + Q into the table, with z = 1."""
        x, y, _ = self._both
        square = inverse * inverse % _P
        self._table[3] = (x * square % _P, y * square * inverse % _P)
        self._stage = _LADDER

    def _climb(self) -> None:
        x, y, z = self._point
        for at in range(self._at, self._at - _BITS, -1):
            x, y, z = _double(x, y, z)
            index = (self._u1 >> at & 1) | (self._u2 >> at & 1) << 1
            if index:
                row = self._table[index]
                if row is not None:
                    x, y, z = _add(x, y, z, row[0], row[1])
        self._point = (x, y, z)
        self._at -= _BITS
        if self._at < 0:
            self._done = True
            self._answer = self._agrees(x, z)

    def _agrees(self, x: int, z: int) -> bool:
        """Return whether x / z^2 is r modulo n: r, or r + n where that is still below p."""
        if z == 0:
            return False
        square = z * z % _P
        r = self._r
        return r * square % _P == x or (r + _N < _P and (r + _N) * square % _P == x)
