"""Small records in files of their own. What a write was when power went, the reader finds out."""

import os


def read(name: str) -> bytes:
    """Return what is stored, or nothing where there is no such file."""
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError:
        return b""


def write(name: str, data: bytes) -> bool:
    """Store data in place of what was there; False when it could not be.

    From the first byte on, as the headroom's two slots expect it; durable once closed.
    """
    try:
        with open(name, "wb") as file:
            return file.write(data) == len(data)
    except OSError:  # full, or read-only
        return False


def replace(name: str, data: bytes) -> bool:
    """Store data so that a power cut leaves either what was there or data; False if it could not.

    Written beside it and renamed, which LittleFS and POSIX do at once or not at all.
    """
    beside = name + ".new"
    if not write(beside, data):
        return False
    try:
        os.rename(beside, name)
    except OSError:
        return False
    return True
