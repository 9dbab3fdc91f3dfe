"""The boot counter in a file: read, raised, written beside and renamed, so that a power cut at any
moment leaves the old number or the new one.
"""

import os

from quelea_proto.limits import SESSION_MAX

PATH = "session"
_NEW = "session.new"


def read(path: str = PATH) -> int:
    """Return the number in the file, 0 when there is none that can be read."""
    try:
        with open(path) as file:
            number = int(file.read(8))
    except (OSError, ValueError):  # also what is no text: UnicodeError is a ValueError
        return 0
    return number if 0 <= number <= SESSION_MAX else 0


def following(number: int) -> int:
    """Return the session after this one: 1..SESSION_MAX, then 1 again."""
    return number % SESSION_MAX + 1


def begin(path: str = PATH, new: str = _NEW, least: int = 0) -> tuple:
    """Return (session of this boot, at least `least`, and whether it was stored)."""
    session = max(following(read(path)), least)
    try:
        with open(new, "w") as file:
            file.write(str(session))
        os.rename(new, path)
    except OSError:  # a full or read-only file system: the node runs, the status says so
        return session, False
    return session, True
