"""Offload: a server lends its spare capacity to its neighbours' demands, by leases.

    granted_q = offload.ask(holder, ask_q, held_q)    the holder asks, and says what it now uses
    offload.release(holder)                           it leaves
    offload.tick()                                    once a round: leases not renewed run out

The handshake has two sides. A grant is reserved when it is offered, and a reserve falls only when
the holder has said that it uses less, or when its lease has run out; the holder's own lease runs
out first. So the sum of what holders may use never exceeds the capacity, also when answers are
lost. One holder has one lease, of at most what it asks, and a claim above claim_q_max (what the
signal's range, or a resilient consensus, holds possible) counts as claim_q_max.

How scarce capacity is shared is a row of SHARES: by claims, or to one level. With the second
nobody gains by claiming more than it can use.
"""

from quelea_proto.fixed import part
from quelea_proto.limits import const

SERVER_ROUNDS = const(6)  # a lease not renewed: the server counts on it for so long,
HOLDER_ROUNDS = const(3)  # its holder for so long; the rest is for clocks and messages under way
HOLDERS_MAX = const(64)  # leases of one server


def proportional(asks_q: list, count: int, slot: int, capacity_q: int) -> int:
    """Return the part of the capacity that slot gets: in proportion to what is asked."""
    total_q = 0
    for i in range(count):
        total_q += asks_q[i]
    if total_q <= capacity_q:
        return asks_q[slot]
    return part(capacity_q, asks_q[slot], total_q)


def level(asks_q: list, count: int, slot: int, capacity_q: int) -> int:
    """Return the part that slot gets: its claim up to the level at which all is used (max-min).

    Each pass hands out the mean of what is left to those who ask for less; at most one pass a
    holder.
    """
    left_q = capacity_q
    open_count = count
    below_q = -1  # claims up to here are served in full
    while open_count > 0:
        mean_q = left_q // open_count
        served = 0
        for i in range(count):
            if below_q < asks_q[i] <= mean_q:
                left_q -= asks_q[i]
                served += 1
        if served == 0:
            return min(asks_q[slot], mean_q)
        below_q = mean_q
        open_count -= served
        if asks_q[slot] <= below_q:
            return asks_q[slot]
    return asks_q[slot]


SHARES = (("proportional", proportional), ("level", level))


def share_of(name: str):  # type: ignore[no-untyped-def]
    """Return the function of a row of SHARES, or None."""
    for row in SHARES:
        if row[0] == name:
            return row[1]
    return None


class Offload:
    """One server. asked_q: what its holders ask for in all, its load. reserved_q: what is lent."""

    def __init__(self, capacity_q: int, claim_q_max: int, share: str = "proportional") -> None:
        self.capacity_q = capacity_q
        self.claim_q_max = claim_q_max
        self.asked_q = 0
        self.reserved_q = 0
        self.refused = 0  # askers beyond HOLDERS_MAX
        self.clipped = 0  # claims above claim_q_max
        self._share = share_of(share) or proportional
        self._count = 0
        self._holder = [0] * HOLDERS_MAX
        self._asks_q = [0] * HOLDERS_MAX
        self._reserve_q = [0] * HOLDERS_MAX
        self._left = [0] * HOLDERS_MAX  # rounds that the lease is still counted on

    def ask(self, holder: int, ask_q: int, held_q: int) -> int:
        """Return what the holder may use from now on, at most ask_q, and reserve it.

        held_q: the grant that the holder acts on at this moment, 0 for a newcomer.
        """
        slot = self._slot(holder)
        if slot < 0:
            self.refused += 1
            return 0
        if ask_q > self.claim_q_max:
            ask_q = self.claim_q_max
            self.clipped += 1
        self.asked_q += ask_q - self._asks_q[slot]
        self._asks_q[slot] = ask_q
        self._left[slot] = SERVER_ROUNDS
        kept_q = min(held_q, self._reserve_q[slot])  # nobody holds what was never offered
        others_q = self.reserved_q - self._reserve_q[slot]
        share_q = self._share(self._asks_q, self._count, slot, self.capacity_q)
        grant_q = max(0, min(share_q, self.capacity_q - others_q))
        self._reserve_q[slot] = max(kept_q, grant_q)
        self.reserved_q = others_q + self._reserve_q[slot]
        return grant_q

    def release(self, holder: int) -> None:
        """Take back the lease of a holder that leaves; it uses nothing any more."""
        for slot in range(self._count):
            if self._holder[slot] == holder:
                self._remove(slot)
                return

    def resize(self, capacity_q: int) -> None:
        """Set another capacity; when it is smaller, holders come down as they renew."""
        self.capacity_q = capacity_q

    def tick(self) -> None:
        """Count a round; leases not renewed for SERVER_ROUNDS end."""
        for slot in range(self._count - 1, -1, -1):
            self._left[slot] -= 1
            if self._left[slot] < 0:
                self._remove(slot)

    def _slot(self, holder: int) -> int:
        for slot in range(self._count):
            if self._holder[slot] == holder:
                return slot
        if self._count == HOLDERS_MAX:
            return -1
        slot = self._count
        self._count += 1
        self._holder[slot] = holder
        self._asks_q[slot] = 0
        self._reserve_q[slot] = 0
        return slot

    def _remove(self, slot: int) -> None:
        """Free a slot; the last one moves into it."""
        self.asked_q -= self._asks_q[slot]
        self.reserved_q -= self._reserve_q[slot]
        self._count -= 1
        last = self._count
        self._holder[slot] = self._holder[last]
        self._asks_q[slot] = self._asks_q[last]
        self._reserve_q[slot] = self._reserve_q[last]
        self._left[slot] = self._left[last]


class Lease:
    """The holder's side. held_q: what may be used now; 0 when the server has not answered."""

    def __init__(self) -> None:
        self.held_q = 0
        self._left = 0

    def granted(self, grant_q: int) -> None:
        """Take the server's answer."""
        self.held_q = grant_q
        self._left = HOLDER_ROUNDS

    def end(self) -> None:
        """Leave the server."""
        self.held_q = 0
        self._left = 0

    def tick(self) -> None:
        """Count a round; a lease that was not renewed ends."""
        if self._left > 0:
            self._left -= 1
        if self._left == 0:
            self.held_q = 0
