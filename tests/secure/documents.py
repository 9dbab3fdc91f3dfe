"""Signed documents to be judged: honest ones, altered ones, and the edges of the arithmetic."""

import hashlib
import random
from collections.abc import Iterator

from quelea.secure import signing

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
Point = tuple[int, int] | None
Row = tuple[bytes, bytes, bytes]  # public key, kind, document


def plus(a: Point, b: Point) -> Point:
    """Return the sum of two points by the schoolbook's formula; None is infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = 3 * (a[0] * a[0] - 1) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(factor: int, point: Point) -> Point:
    result: Point = None
    while factor:
        if factor & 1:
            result = plus(result, point)
        point = plus(point, point)
        factor >>= 1
    return result


def hash_of(kind: bytes, body: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"quelea/" + kind + b"\0" + body).digest(), "big")


def document(r: int, s: int, body: bytes) -> bytes:
    return b"Q1" + r.to_bytes(32, "big") + s.to_bytes(32, "big") + body


def public(point: Point) -> bytes:
    assert point is not None
    return point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def signed_with(secret: int, nonce: int, body: bytes) -> Row:
    """Return what the owner of a secret of our choice signs."""
    place = times(nonce, G)
    assert place is not None
    r = place[0] % N
    s = pow(nonce, -1, N) * (hash_of(b"cfg", body) + r * secret) % N
    return public(times(secret, G)), b"cfg", document(r, s, body)


def key_for(place: Point, s: int, body: bytes) -> Row:
    """Return a key under which a signature of our choice is valid: Q = (s R - hash G) / r."""
    assert place is not None
    r = place[0] % N
    back = pow(r, -1, N)
    minus = times((N - hash_of(b"cfg", body)) * back % N, G)
    return public(plus(times(s * back % N, place), minus)), b"cfg", document(r, s, body)


def beyond_n() -> Point:
    """Return a point with an x of n or more, which one in 2^128 points has."""
    for x in range(N + 1, N + 1000):
        square = (x**3 - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            return x, y
    raise AssertionError("none")


def edges(rng: random.Random) -> Iterator[Row]:
    """Yield what a careless verifier takes, or what breaks its arithmetic."""
    body = rng.randbytes(40)
    key, kind, good = signed_with(rng.randrange(1, N), rng.randrange(1, N), body)
    r, s = int.from_bytes(good[2:34], "big"), int.from_bytes(good[34:66], "big")
    for other_r, other_s in (
        (0, 0), (0, s), (r, 0), (N, s), (r, N), (N, N), (1, 1), (r, N - s), (N - r, s),
        (N - 1, N - 1), (2**256 - 1, 2**256 - 1), (P, s), (r, P), (P - N, s), (s, r), (1, s),
    ):  # fmt: skip
        yield key, kind, document(other_r, other_s, body)
    if s + N < 2**256:
        yield key, kind, document(r, s + N, body)
    x, y = key[:32], int.from_bytes(key[32:], "big")
    yield x + (P - y).to_bytes(32, "big"), kind, good  # the opposite key
    for wrong in (bytes(64), b"\xff" * 64, x + x, public((1, 1)), P.to_bytes(32, "big") * 2):
        yield wrong, kind, good
    wrapped = int.from_bytes(x, "big") + P
    if wrapped < 2**256:
        yield wrapped.to_bytes(32, "big") + key[32:], kind, good
    for cut in (0, 1, 2, 33, 65, 66, 67, len(good) - 1):
        yield key, kind, good[:cut]
    yield key, kind, b"Q2" + good[2:]
    yield key, kind, good + b"\0"
    yield key, b"ota", good
    yield key[:63], kind, good
    for secret in (1, 2, N - 1, N - 2):  # the key is G, 2G, -G: sums of the table coincide
        for nonce in (1, 2, N - 1, rng.randrange(1, N)):
            yield signed_with(secret, nonce, body)
    yield key_for(beyond_n(), rng.randrange(1, N), body)
    yield key_for(times(rng.randrange(1, N), G), N - 1, b"")
    for x in range(5, 50):  # a key with an x below 2^256 - p, and that x once more, p higher
        square = (x**3 - 3 * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            break
    for key_x in (x, x + P):
        yield key_x.to_bytes(32, "big") + y.to_bytes(32, "big"), b"cfg", document(r, s, body)
    # the same numbers modulo n, but not below it
    small, kind, good = key_for(times(rng.randrange(1, N), G), 12345, body)
    r, s = int.from_bytes(good[2:34], "big"), int.from_bytes(good[34:66], "big")
    yield small, kind, good
    yield small, kind, document(r, s + N, body)
    small, kind, good = key_for(beyond_n(), rng.randrange(1, N), body)
    r, s = int.from_bytes(good[2:34], "big"), int.from_bytes(good[34:66], "big")
    yield small, kind, document(r + N, s, body)


def drawn(rng: random.Random, count: int) -> Iterator[Row]:
    """Yield documents as hosts write them, every other one with a bit or the key changed."""
    for number in range(count):
        kind = rng.choice(signing.KINDS)
        key = signing.new_key()
        text = bytearray(signing.sign(key, kind, rng.randbytes(rng.randrange(300))))
        known = bytearray(signing.public_bytes(key))
        if number % 2:
            altered = text if rng.random() < 0.8 else known
            altered[rng.randrange(len(altered))] ^= 1 << rng.randrange(8)
        yield bytes(known), kind, bytes(text)
