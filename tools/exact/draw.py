"""Numbers that look random and are the same on every machine and every Python."""

import hashlib


def draw(label: str, lo: int, hi: int) -> int:
    """Return an integer in lo..hi that depends on the label alone (SHA-256 of it)."""
    digest = hashlib.sha256(label.encode()).digest()
    return lo + int.from_bytes(digest[:12], "big") % (hi - lo + 1)


def draws(label: str, count: int, lo: int, hi: int) -> list[int]:
    """Return count such integers."""
    return [draw(f"{label}/{i}", lo, hi) for i in range(count)]
