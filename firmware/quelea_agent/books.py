"""Books: a headroom whose members may go and come back.

All is in the record of ledger.py. The upper bits of an entry are its incarnation, its *mark*. For
a neighbour that is gone, `heard` is mark << 24 and nothing below: no row of an earlier incarnation
is taken any more, and the counters rest. Let in again, `heard` is mark << 24 | 1, and whatever it
says next is above that.

    fence(slot, mark)       its units are no longer taken, and none are given to it
    reclaim(amounts_q)      what those that are gone held is owned here from now on
    admit(slot)             rows of the incarnation that is let in count
    mirror(...)             a returned node takes over what the others' books say of it

Each takes effect with the next record that is stored, whole or not at all.
"""

from quelea_proto.fixed import ticks_add, ticks_diff

from quelea_agent.headroom import Headroom, Plan
from quelea_agent.ledger import ENTRY_MASK

MARK_SHIFT = 24


class Books(Headroom):
    """See above. Amounts by slot."""

    def __init__(self, plan: Plan) -> None:
        Headroom.__init__(self, plan)
        count = len(plan.numbers)
        self._heard = [0] * count  # what `heard` is to become; 0: as it is
        self._claim_back_q = [0] * count
        self._claiming = False
        self._mirroring = False

    def enrol(self, vacant: list = ()) -> int:
        """See Headroom. vacant: by slot, True for a place that nobody has had yet."""
        for slot in range(len(vacant)):
            self._next.heard[slot] = 1 << MARK_SHIFT if vacant[slot] else 0
        return Headroom.enrol(self)

    @property
    def mark(self) -> int:
        """The own incarnation; -1 without a record."""
        return self._kept.entry >> MARK_SHIFT if self._kept.entry else -1

    @property
    def entry(self) -> int:
        """The number of the stored record, 0 without one."""
        return self._kept.entry

    @property
    def count(self) -> int:
        """Neighbours."""
        return self._kept.count

    @property
    def busy(self) -> bool:
        """Whether a record is being stored."""
        return self._storing

    def heard_of(self, slot: int) -> int:
        """Return the least entry of a row that counts."""
        return self._kept.heard[slot]

    def mark_of(self, slot: int) -> int:
        """Return the incarnation of a neighbour, or the next one of a neighbour that is gone."""
        return self._kept.heard[slot] >> MARK_SHIFT

    def is_gone(self, slot: int) -> bool:
        """Return whether the stored record says that a neighbour is gone."""
        heard = self._kept.heard[slot]
        return heard > 0 and heard & ENTRY_MASK == 0

    def is_awaited(self, slot: int) -> bool:
        """Return whether a neighbour was let in again and has not spoken yet."""
        heard = self._kept.heard[slot]
        return heard & ENTRY_MASK == 1 and heard > 1 and self._offer_entry[slot] == heard

    def net_q(self, slot: int) -> int:
        """Return what was given to a neighbour less what was taken from it."""
        return ticks_diff(self._kept.given[slot], self._kept.taken[slot])

    def hear(self, source: int, payload: bytes | bytearray | memoryview) -> bool:
        """See Headroom. Rows of those that are gone, or about to be, are not taken."""
        slot = self._slot_of(source)
        if slot >= 0 and (self.is_gone(slot) or self._heard[slot] & ~ENTRY_MASK):
            self.refused += 1
            return False
        return Headroom.hear(self, source, payload)

    def fence(self, slot: int, mark: int) -> None:
        """Close the account of a neighbour: all its incarnations below mark."""
        if self._storing:
            return
        self._heard[slot] = mark << MARK_SHIFT
        self._gift_q -= self._gift[slot]
        self._gift[slot] = 0
        self._asked[slot] = 0
        self._spare[slot] = 0
        self._surplus[slot] = 0
        self.held_q[slot] = 0

    def expect(self, slot: int, surplus_q: int) -> None:
        """See Headroom. To those that are gone, or silent still, nothing is given unasked."""
        closed = self.is_gone(slot) or self._heard[slot] or self.is_awaited(slot)
        Headroom.expect(self, slot, 0 if closed else surplus_q)

    def admit(self, slot: int) -> None:
        """Let the next incarnation of a neighbour in whose account is closed."""
        if not self._storing and self.is_gone(slot):
            self._heard[slot] = self._kept.heard[slot] | 1

    def reclaim(self, amounts_q: list) -> bool:
        """Own what was found with those that are gone, amounts_q of each; below 0: it gave more.

        False when that would leave less than nothing.
        """
        if self._storing or self.owned_q - self._gift_q + sum(amounts_q) < 0:
            return False
        for slot in range(len(amounts_q)):
            self._claim_back_q[slot] = amounts_q[slot]
        self._claiming = True
        return True

    def withdraw(self) -> None:
        """Let go of what could not be stored, and may not be right any more; not of a fence."""
        if self._storing:
            return
        self._claiming = False
        for slot in range(self._kept.count):
            if self._heard[slot] & ENTRY_MASK:
                self._heard[slot] = 0

    def _amend(self, new) -> bool:
        changed = self._claiming
        for slot in range(new.count):
            if self._heard[slot]:
                new.heard[slot] = self._heard[slot]
                changed = True
            amount_q = self._claim_back_q[slot] if self._claiming else 0
            if amount_q > 0:
                new.taken[slot] = ticks_add(new.taken[slot], amount_q)
            elif amount_q < 0:
                new.given[slot] = ticks_add(new.given[slot], -amount_q)
        return changed

    def mirror(self, mark: int, given: list, taken: list, heard: list) -> int:
        """Prepare the first record of an incarnation; return the slot to write it to, or -1.

        given, taken: what the neighbours have taken from and given to this node; heard: by slot.
        """
        if self._storing:
            return -1
        new = self._next
        new.entry = mark << MARK_SHIFT | (2 if self._kept.entry & 1 else 3)
        for slot in range(new.count):
            new.given[slot] = given[slot]
            new.taken[slot] = taken[slot]
            new.heard[slot] = heard[slot]
        new.fill(self.record)
        self._storing = True
        self._mirroring = True
        return new.entry & 1

    def _forget(self) -> None:
        """Let go of what an earlier incarnation had in mind."""
        self._gift_q = 0
        self._claiming = False
        for slot in range(self._kept.count):
            self._gift[slot] = 0
            self._asked[slot] = 0
            self._surplus[slot] = 0
            self._heard[slot] = 0

    def stored(self, done: bool) -> None:
        """See Headroom."""
        if not self._storing:
            return
        if self._mirroring:
            self._mirroring = False
            self._storing = False
            if done:
                self._kept.copy(self._next)
                self._forget()
                self._begin()
            return
        Headroom.stored(self, done)
        if not done:
            return
        for slot in range(self._kept.count):
            heard = self._heard[slot]
            if heard:
                self._heard[slot] = 0
                self._offer_entry[slot] = heard
                self._offer[slot] = self._kept.taken[slot]
            if self._claiming:
                self._offer[slot] = self._kept.taken[slot]
        self._claiming = False
