"""Members: who of a limit's group is there, and when the units of one that is gone are free again.

    members.hear(source, payload)        whenever a pulse comes
    members.document(body)               whenever a signed document was found genuine
    members.step(now_ms)                 once a round, before the headroom's
    members.leased                       False: stay at the floor
    payload = members.pulse()            speak it with the headroom's row

Every pulse names the newest pulse that was heard of each neighbour. So a node knows how many heard
it since when, by its own clock: its lease. Who holds none stays at its floor. A neighbour is gone
once the newest document says so, or enough members have not heard it, and the last pulse that was
answered here is older than any lease that it could have helped to: `wait_ms`. When all the others
have closed its account, the lowest of them takes over what their books say it held. docs/safety.md
has the proof. Integers of 31 bits; nothing is allocated after the start.
"""

from quelea_proto import members_doc, pulse_row
from quelea_proto.fixed import ticks_diff
from quelea_proto.frames import get, put
from quelea_proto.limits import HEADROOM_Q_MAX, SEQ_MAX
from quelea_proto.pulse_row import GONE, MARK_MASK, STATE, SUSPECT

from quelea_agent.mirror import Mirror

SENT = 32  # pulses whose times are remembered: an answer to an older one proves nothing


class Group:
    """What the configuration says. Lists by slot.

    initial_q: what each owned at first. votes: 1 for who was a member at the start; own_vote
    likewise. lease_ms, wait_ms: see docs/safety.md. majority: whether members may find one gone
    without a document. digest: u16, by which a document names the group.
    """

    def __init__(
        self, initial_q: list, votes: list, own_vote: int, faults_max: int, lease_ms: int,
        wait_ms: int, majority: bool, digest: int,
    ) -> None:  # fmt: skip
        voters = own_vote + sum(votes)
        self.digest = digest
        self.initial_q = initial_q
        self.votes = votes
        self.own_vote = own_vote
        self.faults_max = faults_max
        self.lease_ms = lease_ms
        self.wait_ms = wait_ms
        self.majority = majority
        # Any two quorums share an honest member; one more than can be gone hold a lease.
        self.quorum = (voters + faults_max) // 2 + 1
        self.leases = voters - self.quorum + faults_max + 1


class Members:
    """books: Books. session: boot counter 1..65535, 0 where it could not be stored: no lease.

    number: of the newest document. reclaimed_q: taken over here, ever since the boot.
    """

    def __init__(self, books, group: Group, session: int) -> None:
        count = books.count
        self.books = books
        self.group = group
        self.leased = False
        self.closed = True  # nobody's units are still to be taken over
        self.mirroring = False  # the own record is of an incarnation that is gone
        self.number = 0
        self.reclaimed_q = 0
        self.refused = 0
        self.sent = True  # the pulse of the round before
        self._session = session
        self._beat = 0
        self._begun = False
        self._sent_ms = [0] * SENT
        self._echo_session = [0] * count  # of the newest pulse that counts
        self._echo_beat = [0] * count
        self._news = [False] * count  # since the last round
        self._heard_ms = [0] * count
        self._silent = [False] * count
        self._proof = [0] * count  # the own beat that a neighbour answered, 0: none that holds
        self._proof_ms = [0] * count
        # What a neighbour's newest pulse says of each: mark, net; of the own slot, of this node.
        self._said = [bytearray(5 * count) for _ in range(count)]
        self._has = [False] * count
        self._doc_mark = [0] * count
        self._doc_member = [True] * count
        self._own_mark = 0
        self._own_member = True
        self._open_q = [0] * count
        self.mirror = Mirror(books, self._said, self._has, group.faults_max)
        self._row = pulse_row.Row()
        self._out = bytearray(pulse_row.row_bytes(count))

    # -- what comes in --------------------------------------------------------------------------
    def document(self, body: bytes) -> bool:
        """Take over a genuine document; False when it is not newer or not of this group."""
        plan = self.books.plan
        found = members_doc.unpack(body)
        if found is None or found[0] != self.group.digest or found[1] <= self.number:
            self.refused += 1
            return False
        for node, mark, member, _ in found[2]:
            slot = self.books._slot_of(node)
            if slot >= 0 and mark >= self._doc_mark[slot]:
                self._doc_mark[slot] = mark
                self._doc_member[slot] = member == 1
            elif node == plan.node and mark >= self._own_mark:
                self._own_mark = mark
                self._own_member = member == 1
        self.number = found[1]
        return True

    def hear(self, source: int, payload: bytes | bytearray | memoryview) -> bool:
        """Take in a pulse published by node number source; False when nothing in it counts."""
        row = self._row
        slot = self.books._slot_of(source)
        good = slot >= 0 and pulse_row.unpack(payload, row) and row.node == source
        if not good or row.limit != self.books.plan.limit or row.count != self.books.count:
            self.refused += 1
            return False
        if not self._is_next(slot, row.session, row.beat):
            return False
        mark = row.entry >> 24
        if not self.mirroring:
            stale = row.entry < self.books.heard_of(slot)
            if row.entry == 0 or stale or self.books.is_gone(slot):
                return False
            if mark != self.books.mark_of(slot) or mark < self._doc_mark[slot]:
                return False
            if mark == self._doc_mark[slot] and not self._doc_member[slot]:
                return False
        self._echo_session[slot] = row.session
        self._echo_beat[slot] = row.beat
        self._news[slot] = True
        self._has[slot] = True
        self._keep(slot, row)
        return True

    def _is_next(self, slot: int, session: int, beat: int) -> bool:
        """Return whether a pulse is newer than the newest of its sender."""
        known = self._echo_session[slot]
        if known == 0 or session == known:
            return known == 0 or beat > self._echo_beat[slot]
        return (session - known) & 65535 < 32768

    def _keep(self, slot: int, row: pulse_row.Row) -> None:
        """Note what a pulse says of every place, by own slots, and the answer to an own pulse."""
        said = self._said[slot]
        numbers = self.books.plan.numbers
        for other in range(len(numbers)):
            if other == slot:
                column = self.books.plan.places[slot]
            else:
                column = self._column(slot, other)
            said[5 * other] = row.mark_at(column)
            net = row.net_at(column)
            put(said, 5 * other + 1, 4, max(net, 0))
        column = self.books.plan.places[slot]
        state = row.mark_at(column)
        beat = row.beat_at(column)
        if self.mirroring:
            if state & STATE == self._own_mark:
                self.mirror.note(slot, row.entry, self._own_mark)
            return
        if state & STATE != self.books.mark or row.session_at(column) != self._session:
            return
        if max(self._proof[slot], self._beat - SENT) < beat <= self._beat:
            self._proof[slot] = beat
            self._proof_ms[slot] = self._sent_ms[beat % SENT]

    def _column(self, slot: int, other: int) -> int:
        """Return the column of another neighbour in the row of a neighbour."""
        numbers = self.books.plan.numbers
        own = self.books.plan.node
        column = other - 1 if other > slot else other
        return column + 1 if own < numbers[other] else column

    # -- a round --------------------------------------------------------------------------------
    def step(self, now_ms: int) -> int:
        """Begin a round; return the slot to write the books' record to, of a node that comes back,
        else -1."""
        self._clock(now_ms)
        before = self.mirroring
        # An empty board waits for a mark of its own: what incarnation 0 held is not closed yet.
        self.mirroring = self._own_member and self._own_mark > max(0, self.books.mark)
        if before and not self.mirroring:
            for slot in range(self.books.count):
                self._has[slot] = False  # heard without regard to who is gone
        if self.mirroring:
            self.leased = False
            return self.mirror.step(self._own_mark)
        self.leased = self._is_leased()
        if self.books.entry and not self.books.busy:
            self._fence()
            self._settle()
        return -1

    def _clock(self, now_ms: int) -> None:
        """Number the round's pulse, anew if none had the number, and let go of what is too old."""
        if self.sent:
            self._beat = min(self._beat + 1, SEQ_MAX)
        self._sent_ms[self._beat % SENT] = now_ms
        for slot in range(self.books.count):
            if self._news[slot] or not self._begun:
                self._news[slot] = False
                self._heard_ms[slot] = now_ms
                self._silent[slot] = False
            elif ticks_diff(now_ms, self._heard_ms[slot]) > self.group.wait_ms:
                self._silent[slot] = True
            if self._proof[slot]:
                age_ms = ticks_diff(now_ms, self._proof_ms[slot])
                if age_ms > self.group.lease_ms:
                    self._proof[slot] = 0
        self._begun = True

    def _is_leased(self) -> bool:
        votes = self.group.own_vote
        for slot in range(self.books.count):
            if self._proof[slot] and not self.books.is_gone(slot):
                votes += self.group.votes[slot]
        there = self._session > 0 and self.books.entry > 0
        if self._own_mark > self.books.mark:  # a document says that this incarnation is gone
            there = False
        return there and votes >= self.group.leases

    def _fence(self) -> None:
        """Close the accounts of those that are gone, as long as a quorum is left."""
        books = self.books
        books.withdraw()
        left = self.group.own_vote
        for slot in range(books.count):
            left += 0 if books.is_gone(slot) else self.group.votes[slot]
        for slot in range(books.count):
            gone = books.is_gone(slot)
            mark = books.mark_of(slot)
            due = self._doc_mark[slot]
            if due <= mark and not (gone or self._suspected(slot)):
                continue
            if gone:
                if due > mark:
                    books.fence(slot, due)
                continue
            if not self._silent[slot] or left - self.group.votes[slot] < self.group.quorum:
                continue
            if mark < pulse_row.MARK_MASK:
                left -= self.group.votes[slot]
                books.fence(slot, max(due, mark + 1))
                self._forget(slot)

    def _suspected(self, slot: int) -> bool:
        """Return whether a quorum has not heard one for long, this node among them."""
        if not self.group.majority or not self._silent[slot]:
            return False
        votes = self.group.own_vote
        for other in range(self.books.count):
            if other == slot or self._silent[other] or not self._has[other]:
                continue
            if self._said[other][5 * slot] & (SUSPECT | GONE):
                votes += self.group.votes[other]
        return votes >= self.group.quorum

    def _settle(self) -> None:
        """When all have closed the same accounts: take over, or let in who may come back."""
        books = self.books
        self.closed = False
        if not self._agreed():
            return
        self._sum_up()
        self.closed = max(self._open_q) == 0 == min(self._open_q)
        total_q = 0
        for amount_q in self._open_q:
            total_q += amount_q
        if self.closed:
            for slot in range(books.count):
                doc = self._doc_member[slot] and self._doc_mark[slot] == books.mark_of(slot)
                if doc and books.is_gone(slot):
                    books.admit(slot)
                    self._forget(slot)
                    self._news[slot] = True  # it has time to begin
        elif self._is_heir() and total_q >= 0 and books.reclaim(self._open_q):
            self.reclaimed_q = min(self.reclaimed_q + total_q, SEQ_MAX)

    def _forget(self, slot: int) -> None:
        """Let go of what an incarnation said: the next one has other books."""
        self._has[slot] = False

    def _is_heir(self) -> bool:
        """Return whether this is the lowest member: nobody else takes over."""
        for slot in range(self.books.count):
            below = self.books.plan.numbers[slot] < self.books.plan.node
            if below and not self.books.is_gone(slot):
                return False
        return True

    def _agreed(self) -> bool:
        """Return whether all others have closed the accounts that are closed here, and no more.

        One that has let somebody in again did so because all were closed; nothing has moved there
        until that one speaks, which it does when it was let in here too.
        """
        books = self.books
        for other in range(books.count):
            if books.is_gone(other):
                continue
            said = self._said[other]
            if not self._has[other] or said[5 * other] & GONE:
                return False
            for slot in range(books.count):
                if slot == other:
                    continue
                state = said[5 * slot] & STATE
                if books.is_gone(slot):
                    if state & MARK_MASK != books.mark_of(slot):
                        return False
                elif state & GONE:
                    return False
        return True

    def _sum_up(self) -> None:
        """Fill _open_q with what is still to be found with each that is gone."""
        books = self.books
        trusting = self.group.faults_max == 0
        for slot in range(books.count):
            total_q = 0
            if books.is_gone(slot):
                total_q = self.group.initial_q[slot] + books.net_q(slot)
                for other in range(books.count):
                    if other == slot or books.is_gone(other):
                        continue
                    net_q = ticks_diff(get(self._said[other], 5 * slot + 1, 4, False), 0)
                    net_q = max(-HEADROOM_Q_MAX, min(net_q, HEADROOM_Q_MAX))
                    # A liar may say that it gave: then what is given back to no one waits.
                    total_q += net_q if trusting else min(net_q, 0)
            self._open_q[slot] = total_q

    # -- rows out -------------------------------------------------------------------------------
    def pulse(self) -> bytearray:
        """Return the row to publish, valid until the next call."""
        books = self.books
        out = self._out
        pulse_row.pack_head(
            out, books.plan.limit, books.plan.node, books.entry, max(1, self._session),
            self._beat, self.number, books.count,
        )  # fmt: skip
        for slot in range(books.count):
            gone = books.is_gone(slot)
            state = books.mark_of(slot) | (GONE if gone else 0)
            if self._silent[slot]:
                state |= SUSPECT
            net = books.net_q(slot) & SEQ_MAX if gone or books.is_awaited(slot) else 0
            session, beat = self._echo_session[slot], self._echo_beat[slot]
            if gone or self.mirroring:
                session = beat = 0
            pulse_row.pack_slot(out, slot, session, beat, state, net)
        pulse_row.seal(out)
        return out
