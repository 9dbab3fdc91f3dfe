"""What a simulated board keeps without power: its boot counter, and what can go wrong with it."""

import random

from quelea_proto.limits import SESSION_MAX

BACKUPS_MAX = 8
RING = 1 << 16


def _newer(session: int, than: int) -> bool:
    """Return whether a session comes after another on the ring of 2^16."""
    return 0 < (session - than) % RING < RING // 2


class Storage:
    """stored: the session of the last boot. newest: the latest, on the ring, that ever spoke.

    A counter that was set back (an older backup, an empty board with the same id) makes a node
    use sessions again that its neighbours have seen: `reused`. They refuse it until its counter
    has passed `newest`. Promised until then: nobody else is moved by it, and what it holds itself
    stays in the hull and keeps the sum. Not promised: that it is heard, nor that its own (session,
    seq) only rise. The remedy is an operator's: enrol() sets the counter to `newest`.
    """

    def __init__(self, stored: int = 0) -> None:
        self.stored = stored
        self.newest = stored
        self.reused = False
        self.backups = [stored]

    def begin(self) -> int:
        """Raise and store the counter; return the session, 1..SESSION_MAX."""
        self.stored = self.stored % SESSION_MAX + 1
        self.reused = self.newest != 0 and not _newer(self.stored, self.newest)
        if not self.reused:
            self.newest = self.stored
        self.backups.append(self.stored)
        del self.backups[:-BACKUPS_MAX]
        return self.stored

    def restore(self, rng: random.Random) -> None:
        """Go back to an older backup."""
        self.stored = rng.choice(self.backups)

    def swap(self) -> None:
        """An empty board takes the place of this one."""
        self.stored = 0
        self.backups = [0]

    def enrol(self) -> None:
        """Set the counter to the latest session that was heard of."""
        self.stored = self.newest
