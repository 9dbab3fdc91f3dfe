"""Headroom: a node's cap, and units that change hands without ever being two nodes' at once.

    headroom.hear(source, payload)          whenever a row comes
    slot = headroom.step(wish_q)            once a round; enforce headroom.cap_q at once
    if slot >= 0: headroom.stored(write(slot, headroom.record))     durable before it is spoken
    payload = headroom.row()                speak it to the neighbours; None: say nothing

What the others said is there for whoever forms the wish: claims_q, held_q, silent_rounds by slot.
Why no unit is ever counted twice, under any loss, repetition, reordering and power cut, and what
liars can gain, is in docs/safety.md. Integers of 31 bits; nothing is allocated after the start.
"""

from quelea_proto.fixed import part, ticks_add, ticks_diff
from quelea_proto.headroom_row import Row, pack_head, pack_slot, row_bytes, seal, unpack
from quelea_proto.limits import HEADROOM_Q_MAX

from quelea_agent.ledger import ENTRY_MASK, Ledger, record_bytes

SILENT_MAX = 255  # rounds without a row are counted up to here
REST_MAX = 1 << 20  # rounds without a fall likewise; above every settle_rounds


class Plan:
    """What the configuration says of one node; lists by slot, all in q.

    numbers: the neighbours, ascending; places: this node's slot at each of them. floor_q: always
    allowed; initial_q: owned at first. line_in_q: most that this node ever holds of a neighbour's
    units, net; line_out_q: the same the other way. step_q: largest rise of the cap a round.
    settle_rounds: rounds between a lowered cap and the gift that it makes room for. digest: u16
    of the whole configuration. limit: which of the fleet's limits this is.
    """

    def __init__(
        self, node: int, numbers: tuple, places: tuple, floor_q: int, initial_q: int,
        line_in_q: tuple, line_out_q: tuple, step_q: int, settle_rounds: int, digest: int,
        limit: int = 0,
    ) -> None:  # fmt: skip
        self.node = node
        self.numbers = numbers
        self.places = places
        self.floor_q = floor_q
        self.initial_q = initial_q
        self.line_in_q = line_in_q
        self.line_out_q = line_out_q
        self.step_q = step_q
        self.settle_rounds = settle_rounds
        self.digest = digest
        self.limit = limit


class Headroom:
    """cap_q: what may be drawn now. owned_q: units of this node by its stored record.

    record: what step() wants written. refused, over_line: rows and offers not taken. claim_q: what
    the row is to claim, 0 .. HEADROOM_Q_MAX. By slot, of the newest row: claims_q; held_q, cap and
    spare together, -1 before the first; silent_rounds, up to SILENT_MAX.
    """

    def __init__(self, plan: Plan) -> None:
        count = len(plan.numbers)
        self.plan = plan
        self.cap_q = plan.floor_q
        self.owned_q = 0
        self.refused = 0
        self.over_line = 0
        self.claim_q = 0
        self.claims_q = [0] * count
        self.held_q = [-1] * count
        self.silent_rounds = [SILENT_MAX] * count
        self.record = bytearray(record_bytes(count))
        self._kept = Ledger(plan.node, count, plan.digest)  # as stored
        self._next = Ledger(plan.node, count, plan.digest)  # as it will be, once stored
        self._storing = False
        self._wish_q = plan.floor_q
        self._gift = [0] * count  # promised: the cap is lower by it, the record not yet
        self._gift_q = 0
        self._settled = 0  # rounds since the cap was above what the promise leaves
        self._rest = -1  # rounds since the cap fell; at the start it falls to the floor
        self._offer = [0] * count  # the neighbour's counter `given`, newest row
        self._offer_entry = [0] * count
        self._asked = [0] * count  # what neighbours ask for, above what is under way to them
        self._way = [0] * count  # what was under way to them by their newest row
        self._spare = [0] * count
        self._surplus = [0] * count  # see expect()
        self._rise_q = 0  # how far the cap may still rise in this round
        self._row_in = Row()
        self._row_out = bytearray(row_bytes(count))
        self._room = [0] * count

    # -- storage --------------------------------------------------------------------------------
    def load(self, first: bytes, second: bytes) -> bool:
        """Take over the newer whole record of slots 0 and 1; False when there is none.

        Without a record the node stays at its floor and says nothing: what it owned may be owned
        by others now.
        """
        kept = self._kept
        a = kept.entry_of(first)
        b = kept.entry_of(second)
        if a == 0 and b == 0:
            return False
        kept.read(first if a > b else second)
        self._begin()
        return True

    def enrol(self) -> int:
        """Fill `record` with the first record of a new member; return the slot to write it to.

        Only once in the life of a configuration, by whoever sets the node up. Call load() then.
        """
        self._next.entry = 1
        self._next.fill(self.record)
        return 1

    def _begin(self) -> None:
        kept = self._kept
        for slot in range(kept.count):
            self._offer[slot] = kept.taken[slot]
            self._offer_entry[slot] = kept.heard[slot]
        self._count()

    def _count(self) -> None:
        owned_q = self.plan.initial_q
        for slot in range(self._kept.count):
            owned_q += ticks_diff(self._kept.taken[slot], self._kept.given[slot])
        self.owned_q = owned_q

    # -- rows in --------------------------------------------------------------------------------
    def hear(self, source: int, payload: bytes | bytearray | memoryview) -> bool:
        """Take in a row published by node number source; False when nothing in it counts."""
        row = self._row_in
        slot = self._slot_of(source)
        good = self._kept.entry > 0 and slot >= 0 and unpack(payload, row)
        if not good or row.node != source or row.limit != self.plan.limit:
            self.refused += 1
            return False
        place = self.plan.places[slot]
        if place >= row.count or row.entry < self._offer_entry[slot]:
            self.refused += 1
            return False
        given = row.given_at(place)
        taken = row.taken_at(place)
        kept = self._kept
        if given < 0 or taken < 0 or ticks_diff(given, self._offer[slot]) < 0:
            self.refused += 1
            return False
        self._spare[slot] = row.spare_q
        self.claims_q[slot] = row.claim_q
        self.held_q[slot] = row.cap_q + row.spare_q
        self.silent_rounds[slot] = 0
        self._way[slot] = max(0, ticks_diff(kept.given[slot], taken))
        self._asked[slot] = max(0, row.ask_at(place) - self._way[slot])
        if not self._covered(slot, given):
            self.over_line += 1
            return False
        self._offer[slot] = given
        self._offer_entry[slot] = row.entry
        return True

    def expect(self, slot: int, surplus_q: int) -> None:
        """Say what a neighbour is about to have to spare, or, below 0, what it lacks.

        What is lacking is given before an ask for it is heard; what will be spare is asked for
        before a row offers it. Each for the next round only.
        """
        self._surplus[slot] = max(-HEADROOM_Q_MAX, min(surplus_q, HEADROOM_Q_MAX))

    def _covered(self, slot: int, given: int) -> bool:
        """Return whether taking up to `given` keeps the edge within its line.

        In two differences, since one alone could go round the ring.
        """
        net_q = ticks_diff(self._kept.taken[slot], self._kept.given[slot])
        more_q = ticks_diff(given, self._kept.taken[slot])
        return 0 <= more_q <= self.plan.line_in_q[slot] - net_q

    def _slot_of(self, number: int) -> int:
        numbers = self.plan.numbers
        for slot in range(len(numbers)):
            if numbers[slot] == number:
                return slot
        return -1

    # -- a round --------------------------------------------------------------------------------
    def step(self, wish_q: int) -> int:
        """Begin a round with the cap wished for; return the slot to write `record` to, or -1.

        wish_q: 0 .. HEADROOM_Q_MAX. After the return cap_q is what may be drawn.
        """
        self._wish_q = min(max(wish_q, 0), HEADROOM_Q_MAX)
        if self._kept.entry == 0:
            return -1
        for i in range(len(self.silent_rounds)):
            self.silent_rounds[i] = min(self.silent_rounds[i] + 1, SILENT_MAX)
        self._rest = min(self._rest + 1, REST_MAX)
        self._rise_q = 0
        self._move_cap()
        self._rise_q = self.plan.step_q
        if self._storing:
            self._move_cap()
            return -1
        if self._gift_q == 0:
            self._promise()
        else:
            self._settled += 1
        self._move_cap()
        due = self._gift_q > 0 and self._settled >= self.plan.settle_rounds
        return self._prepare(due)

    def _promise(self) -> None:
        """Promise what is owned beyond the wish to those who ask, in proportion to the asks."""
        spare_q = self.spare_q()
        kept = self._kept
        total_q = 0
        surplus_q = spare_q  # of all who are to give
        for slot in range(kept.count):
            surplus_q = min(surplus_q + max(0, self._surplus[slot]), HEADROOM_Q_MAX)
        for slot in range(kept.count):
            room_q = self.plan.line_out_q[slot] - ticks_diff(kept.given[slot], kept.taken[slot])
            lack_q = -self._surplus[slot] - self._way[slot]
            if lack_q > 0 and spare_q > 0:
                lack_q = part(lack_q, min(spare_q, surplus_q), surplus_q, True)
                self._asked[slot] = max(self._asked[slot], lack_q)
            self._room[slot] = min(max(room_q, 0), self._asked[slot])
            total_q = min(total_q + self._room[slot], HEADROOM_Q_MAX)
            self._asked[slot] = 0  # an ask counts once: it is repeated while it stands
        if spare_q <= 0 or total_q == 0:
            return
        left_q = self._split(spare_q, total_q, self._gift)
        self._gift_q = spare_q - left_q
        # Units that the cap did not reach since it last fell have nothing to settle any more.
        unused = self.cap_q <= self.plan.floor_q + self.owned_q - self._gift_q
        self._settled = self._rest if unused else 0

    def _split(self, amount_q: int, total_q: int, out: list) -> int:
        """Fill out with shares of amount_q in proportion to _room; return what is left of it."""
        left_q = amount_q
        for slot in range(len(out)):
            room_q = self._room[slot]
            share_q = room_q
            if amount_q < total_q:
                share_q = part(amount_q, min(room_q, total_q), total_q)
            share_q = min(share_q, left_q)
            out[slot] = share_q
            left_q -= share_q
        for slot in range(len(out)):  # what rounding left over, fewer units than slots
            if left_q > 0 and out[slot] < self._room[slot]:
                out[slot] += 1
                left_q -= 1
        return left_q

    def spare_q(self) -> int:
        """Return what is owned beyond the wish and not promised, at least 0."""
        keep_q = max(0, self._wish_q - self.plan.floor_q)
        return max(0, self.owned_q - self._gift_q - keep_q)

    def _move_cap(self) -> None:
        """Let the cap fall to what is owned and wished, or rise by what the round still allows."""
        target_q = self.plan.floor_q + self.owned_q - self._gift_q
        target_q = min(target_q, max(self._wish_q, self.plan.floor_q))
        if target_q < self.cap_q:
            self._rest = 0
        rise_q = min(max(target_q - self.cap_q, 0), self._rise_q)
        self._rise_q -= rise_q
        self.cap_q = min(target_q, self.cap_q + rise_q)

    def _prepare(self, due: bool) -> int:
        kept = self._kept
        new = self._next
        new.copy(kept)
        changed = due
        for slot in range(kept.count):
            if self._offer[slot] != kept.taken[slot]:
                new.taken[slot] = self._offer[slot]
                new.heard[slot] = self._offer_entry[slot]
                changed = True
            if due:
                new.given[slot] = ticks_add(kept.given[slot], self._gift[slot])
        changed = self._amend(new) or changed
        if not changed or kept.entry & ENTRY_MASK == ENTRY_MASK:
            return -1
        new.entry = kept.entry + 1
        new.fill(self.record)
        self._storing = True
        return new.entry & 1

    def _amend(self, new: Ledger) -> bool:
        """Return whether more than units that move is to be stored: see books.py."""
        return False

    def stored(self, done: bool) -> None:
        """Go over to the prepared record, which is durable now; done False: it could not be."""
        if not self._storing:
            return
        self._storing = False
        if not done:
            return
        kept = self._kept
        debited = False
        for slot in range(kept.count):
            if self._next.given[slot] != kept.given[slot]:
                debited = True
        kept.copy(self._next)
        if debited:
            self._gift_q = 0
            for slot in range(kept.count):
                self._gift[slot] = 0
                self._asked[slot] = 0  # asked before the gift was seen
        self._count()
        self._move_cap()

    # -- rows out -------------------------------------------------------------------------------
    def row(self) -> bytearray | None:
        """Return the row to publish, valid until the next call; None for a node without a record.

        Of the stored record alone: what is being stored is not spoken of.
        """
        kept = self._kept
        if kept.entry == 0:
            return None
        count = kept.count
        out = self._row_out
        pack_head(
            out,
            self.plan.limit,
            kept.node,
            kept.entry,
            self.cap_q,
            self.spare_q(),
            self.claim_q,
            count,
        )
        self._asks()
        for slot in range(count):
            ask_q = self._room[slot]
            pack_slot(out, slot, kept.given[slot], kept.taken[slot], ask_q)
        seal(out)
        return out

    def _asks(self) -> None:
        """Fill _room with what to ask of each: of what they say is spare, then of what will be."""
        kept = self._kept
        lack_q = self._wish_q - self.plan.floor_q - self.owned_q
        for slot in range(kept.count):
            lack_q -= ticks_diff(self._offer[slot], kept.taken[slot])
            self._room[slot] = 0
        if self._gift_q == 0 and lack_q > 0:
            lack_q = self._ask(self._spare, lack_q)
            self._ask(self._surplus, lack_q)

    def _ask(self, there_q: list, lack_q: int) -> int:
        """Raise _room by parts of the lack, in proportion to what is there; return what is left.

        Rounded up: a lack of few units is asked of several, and what is too much comes back.
        """
        kept = self._kept
        total_q = 0
        for slot in range(kept.count):
            total_q = min(total_q + self._free(slot, there_q), HEADROOM_Q_MAX)
        if lack_q <= 0 or total_q == 0:
            return lack_q
        asked_q = min(lack_q, total_q)
        for slot in range(kept.count):
            free_q = min(self._free(slot, there_q), total_q)
            self._room[slot] += part(asked_q, free_q, total_q, True)
        return lack_q - asked_q

    def _free(self, slot: int, there_q: list) -> int:
        """Return what of there_q the line lets through, above what is asked already."""
        line_q = self.plan.line_in_q[slot]
        line_q -= ticks_diff(self._kept.taken[slot], self._kept.given[slot])
        return max(0, min(line_q, there_q[slot]) - self._room[slot])
