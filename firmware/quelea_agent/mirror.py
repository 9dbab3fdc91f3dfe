"""Mirror: how a node comes back whose account was closed, by what the others' books say of it.

It takes part again with its first record of the new incarnation: what each neighbour has given to
it, it has taken, and what each has taken from it, it has given. So nothing is under way, and what
it owns is what nobody has taken over: mostly nothing. Used on the way back only.
"""

from quelea_proto.fixed import ticks_diff
from quelea_proto.headroom_row import Row, unpack
from quelea_proto.limits import HEADROOM_Q_MAX
from quelea_proto.pulse_row import GONE, MARK_MASK, STATE


class Mirror:
    """said: by slot, what its newest pulse says, see members.py; has: whether there was one."""

    def __init__(self, books, said: list, has: list, faults_max: int) -> None:
        count = books.count
        self.books = books
        self._said = said
        self._has = has
        self._faults_max = faults_max
        self._mark = 0
        self._since = [0] * count  # entry of the pulse by which a neighbour let this node in
        self._entry = [0] * count  # of its newest row, and what that says of this node
        self._given = [0] * count
        self._taken = [0] * count
        self._row = Row()

    def note(self, slot: int, entry: int, mark: int) -> None:
        """Say that a neighbour's pulse, of this entry, lets the incarnation mark in."""
        if self._mark != mark:
            self._mark = mark
            for other in range(self.books.count):
                self._since[other] = 0
                self._entry[other] = 0
        if self._since[slot] == 0:
            self._since[slot] = entry

    def hear(self, source: int, payload: bytes | bytearray | memoryview) -> None:
        """Take in a headroom row."""
        row = self._row
        slot = self.books._slot_of(source)
        if slot < 0 or not unpack(payload, row) or row.node != source:
            return
        place = self.books.plan.places[slot]
        if row.limit != self.books.plan.limit or place >= row.count:
            return
        given = row.given_at(place)
        taken = row.taken_at(place)
        if given >= 0 and taken >= 0 and row.entry > self._entry[slot]:
            self._entry[slot] = row.entry
            self._given[slot] = given
            self._taken[slot] = taken

    def step(self, mark: int) -> int:
        """Take the others' books over once all who are there let incarnation mark in.

        Return the slot to write the record to, or -1.
        """
        books = self.books
        first = self._first(mark)
        if first < 0:
            return -1
        given = [0] * books.count
        taken = [0] * books.count
        heard = [0] * books.count
        owned_q = books.plan.initial_q
        for slot in range(books.count):
            state = self._said[first][5 * slot] & STATE if slot != first else 0
            if state & GONE:
                heard[slot] = (state & MARK_MASK) << 24
                continue
            if not self._agrees(first, slot, mark):
                return -1
            given[slot] = self._taken[slot]
            taken[slot] = self._given[slot]
            heard[slot] = self._entry[slot]
            net_q = ticks_diff(taken[slot], given[slot])
            if self._faults_max and net_q > books.plan.line_in_q[slot]:
                return -1
            owned_q += max(-HEADROOM_Q_MAX, min(net_q, HEADROOM_Q_MAX))
        if owned_q < 0 or owned_q > HEADROOM_Q_MAX:
            return -1
        return books.mirror(mark, given, taken, heard)

    def _first(self, mark: int) -> int:
        """Return a neighbour that lets this node in, or -1."""
        for slot in range(self.books.count):
            if self._has[slot] and self._said[slot][5 * slot] & STATE == mark:
                return slot
        return -1

    def _agrees(self, first: int, slot: int, mark: int) -> bool:
        """Return whether a neighbour lets this node in, takes the same ones for gone as the first
        does, and its row came since."""
        said = self._said[slot]
        if not self._has[slot] or said[5 * slot] & STATE != mark:
            return False
        if self._since[slot] == 0 or self._entry[slot] < self._since[slot]:
            return False
        for other in range(self.books.count):
            if other == slot:
                continue
            state = said[5 * other] & STATE
            wanted = self._said[first][5 * other] & STATE if other != first else 0
            if (state | wanted) & GONE and state != wanted:
                return False
        return True
