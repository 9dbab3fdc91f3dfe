"""Signed documents: what a host says that a board must be able to believe years later.

    document = b"Q1" + signature (64 bytes, r then s, big endian) + body

The signature is ECDSA on P-256 over SHA-256 of b"quelea/" + kind + a zero byte + body (FIPS 186-5,
chapter 6). The kind is not in the document: a reader says what it expects, so that one kind is
never taken for another. The board's half is `firmware/quelea_agent/port/signed.py`.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from quelea.errors import UserError

Key = ec.EllipticCurvePrivateKey

MAGIC = b"Q1"
KINDS = (b"cfg", b"ota", b"epoch")  # append-only
HEAD_BYTES = len(MAGIC) + 64

_HASH = ec.ECDSA(hashes.SHA256())


def new_key() -> Key:
    """Return a fresh private key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def save_key(path: Path, key: Key) -> None:
    """Write a private key as PEM that only its owner may read; UserError where it exists."""
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(
            f"{path} is there already",
            why="a key that boards trust must not be lost by accident",
            remedy="move it away, or take another name",
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be written", why=error.strerror or "") from None


def load_key(path: Path) -> Key:
    """Read a private key; UserError unless it is one on P-256 in PEM without a password."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"there is no key {path}",
            why=error.strerror or "",
            remedy="`quelea ca init` makes one",
        ) from None
    try:
        key = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is no private key", why=str(error)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise UserError(f"{path} is no key on P-256", remedy="`quelea ca init` makes one")
    return key


def public_bytes(key: Key) -> bytes:
    """Return the public key as boards keep it: x then y, 32 bytes each, big endian."""
    return key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )[1:]


def _signed_part(kind: bytes, body: bytes) -> bytes:
    return b"quelea/" + kind + b"\x00" + body


def sign(key: Key, kind: bytes, body: bytes) -> bytes:
    """Return the document of a body; ValueError for a kind that is none of KINDS."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {KINDS}")
    r, s = decode_dss_signature(key.sign(_signed_part(kind, body), _HASH))
    return MAGIC + r.to_bytes(32, "big") + s.to_bytes(32, "big") + body


def verify(public_64: bytes, kind: bytes, document: bytes) -> bytes | None:
    """Return the body, or None unless the document is signed by this key as this kind."""
    if len(document) < HEAD_BYTES or document[:2] != MAGIC or len(public_64) != 64:
        return None
    r = int.from_bytes(document[2:34], "big")
    s = int.from_bytes(document[34:66], "big")
    body = bytes(document[HEAD_BYTES:])
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public_64)
        public.verify(encode_dss_signature(r, s), _signed_part(kind, body), _HASH)
    except (InvalidSignature, ValueError):
        return None
    return body
