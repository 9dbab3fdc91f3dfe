"""Lending: leases of a node's time, on both sides, and the rows that speak of them.

As in offload.py: what is granted is reserved, and the reserve falls only when its holder says
that it uses less, or when it runs out, later than on the holder's side. So what neighbours use and
what is answered here never exceed the node's time, whatever is lost.
"""

from quelea_proto import serving_row
from quelea_proto.limits import SEQ_MAX, const
from quelea_proto.serving_row import ANSWER, LEASE, STATE, Row

GIVER_ROUNDS = const(6)  # a lease not renewed: its giver counts on it for so long,
HOLDER_ROUNDS = const(3)  # its holder for so long; the rest is for clocks and messages under way


class Lending:
    """given_ms, taken_ms: by slot * models + model. local_ms: answered here, by model.

    held: models in memory; open: those that new leases may be given for.
    """

    def __init__(self, plan, session: int) -> None:  # type: ignore[no-untyped-def]
        models = len(plan.sizes)
        own = plan.members[0]
        slots = len(own.near)
        self.plan = plan
        self.node = own.number
        self.numbers = [plan.members[place].number for place, _ in own.near]
        self.session = session
        self.models = models
        self.slots = slots
        self.local_ms = [0] * models
        self.held = bytearray(models)
        self.open = bytearray(models)
        self.given_ms = [0] * (models * slots)
        self.taken_ms = [0] * (models * slots)
        self.spare_ms = [0] * len(plan.members)  # by member; [0]: time that is nobody's here
        self.row = bytearray(serving_row.row_bytes(STATE, models))
        self.lease_row = bytearray(serving_row.row_bytes(LEASE, models))
        self._asked_ms = [0] * (models * slots)
        self._seq = 0
        self._asking = [0] * slots  # seq of the newest question that names a lease
        self._short = [0] * slots  # answers in a row that granted less than was asked
        self._given_left = [0] * slots
        self._taken_left = [0] * slots
        self._fields = [0] * 3

    def given_total_ms(self) -> int:
        """Return what is reserved for neighbours."""
        return sum(self.given_ms)

    def taken_total_ms(self, model: int) -> int:
        """Return what neighbours answer of the own demand for a model."""
        total = 0
        for slot in range(self.slots):
            total += self.taken_ms[slot * self.models + model]
        return total

    def _age_leases(self) -> None:
        models = self.models
        for slot in range(self.slots):
            self._given_left[slot] -= 1
            self._taken_left[slot] -= 1
            for at in range(slot * models, slot * models + models):
                if self._given_left[slot] < 0:
                    self.given_ms[at] = 0
                if self._taken_left[slot] < 0:
                    self.taken_ms[at] = 0

    # -- rows ----------------------------------------------------------------------------------
    def ask(self, slot: int) -> int:
        """Write the leases asked of a neighbour into lease_row; return its length, 0: none.

        The row names all: a lease that it leaves out is over.
        """
        base = slot * self.models
        count = 0
        for at in range(base, base + self.models):
            if self._asked_ms[at]:
                count += 1
        if (not count and not self._asking[slot]) or not self._next_seq():
            return 0
        self._asking[slot] = self._seq if count else 0  # if an end is lost, the lease runs out
        self._head(LEASE, 0, self._seq, count)
        index = 0
        for m in range(self.models):
            if self._asked_ms[base + m]:
                serving_row.pack_entry(
                    self.lease_row, index, m, self._asked_ms[base + m], self.taken_ms[base + m]
                )
                index += 1
        return serving_row.seal(self.lease_row)

    def _head(self, kind: int, flags: int, seq: int, count: int) -> None:
        buffer = self.row if kind == STATE else self.lease_row
        serving_row.pack_head(buffer, kind, flags, self.node, self.session, seq, count)

    def _grant(self, slot: int, row: Row) -> int:
        """Reserve what can be given of what is asked; write the answer."""
        models = self.models
        base = slot * models
        fields = self._fields
        left_kb = self.plan.members[0].near[slot][1]
        own_ms = sum(self.local_ms)
        self._given_left[slot] = GIVER_ROUNDS
        named = bytearray(models)
        self._head(LEASE, ANSWER, row.seq, row.count)
        for index in range(row.count):
            row.entry(index, fields)
            m = fields[0]
            grant_ms = 0
            if m < models and not named[m]:
                named[m] = 1
                others_ms = self.given_total_ms() - self.given_ms[base + m]
                if self.held[m] and self.open[m]:
                    grant_ms = min(fields[1], max(0, self.plan.time_ms - own_ms - others_ms))
                kb, work_ms = self.plan.link_kb[m], self.plan.work_ms[m]
                if kb:
                    grant_ms = min(grant_ms, left_kb * work_ms // kb)
                    left_kb -= grant_ms * kb // work_ms
                self.given_ms[base + m] = max(grant_ms, min(fields[2], self.given_ms[base + m]))
            serving_row.pack_entry(self.lease_row, index, m, grant_ms, 0)
        for m in range(models):
            if not named[m]:
                self.given_ms[base + m] = 0
        self.spare_ms[0] = max(0, self.plan.time_ms - own_ms - self.given_total_ms())
        return serving_row.seal(self.lease_row)

    def _granted(self, slot: int, row: Row) -> None:
        """Take an answer to the newest question; another is out of date."""
        if not self._asking[slot] or row.seq != self._asking[slot]:
            return
        fields = self._fields
        base = slot * self.models
        self._taken_left[slot] = HOLDER_ROUNDS
        short = False
        for index in range(row.count):
            row.entry(index, fields)
            if fields[0] < self.models:
                at = base + fields[0]
                self.taken_ms[at] = min(fields[1], self._asked_ms[at])
                short = short or fields[1] < self._asked_ms[at]
        self._short[slot] = self._short[slot] + 1 if short else 0

    def _next_seq(self) -> bool:
        """Number the next row; False when this session has no number left."""
        if self._seq >= SEQ_MAX:
            return False
        self._seq += 1
        return True

    def _slot(self, source: int) -> int:
        for slot in range(self.slots):
            if self.numbers[slot] == source:
                return slot
        return -1
