"""What intersections tell each other, and what of it is believed.

    full    how full the road from a neighbour is: it brakes what is sent there
    sent    cars that a neighbour has sent: they count before the detector sees them
    load    how full all roads of an intersection are; of these the neighbourhood agrees on what
            is usual: a mean with own value, weights by inverse distance, the highest and the
            lowest claim left out

A claim is clipped to what is possible: percent, and no more cars than lanes can pass. It is spoken
when something in it has moved beyond a band, and once a minute in any case. With fewer than
three fresh claims of load nothing is agreed: then the own load stands.
"""

from quelea_proto.claim_row import Claim, pack, row_bytes, unpack
from quelea_proto.limits import const

BAND = const(20)  # percent by which `full` must move to be spoken
CARS = const(3)  # cars sent that are worth a claim
SPEAK_S_MIN = const(2)
SPEAK_S_MAX = const(60)
FRESH_S = const(150)  # claims older than that are forgotten
CAR_Q = const(60)
BIN_S = const(2)
TRIM_MIN = const(3)  # claims: one may lie
PERCENT = const(100)
WEIGHT_OWN = const(1000)  # a neighbour's: 1000 / (1 + hundreds of metres)
PASS_S = const(2)  # seconds a car and lane need


class Neighbourhood:
    """full, load: by slot, as claimed; agreed: the usual load here; all in percent."""

    def __init__(self, plan, session: int) -> None:
        slots = len(plan.numbers)
        self.plan = plan
        self.session = session
        self.full = [0] * slots
        self.load = [0] * slots
        self.age_s = [FRESH_S] * slots
        self.agreed = 0
        self.seq = 0
        self.refused = 0
        self._sessions = [0] * slots
        self._seqs = [0] * slots
        self._sent_said = [0] * slots
        self._slots = {}  # number -> slot; only looked up in
        for slot in range(slots):
            self._slots[plan.numbers[slot]] = slot
        self._claim = Claim()
        # Cars on their way, by slot and second until the detector has them.
        self._ahead = [[0] * (row[2] + 1) for row in plan.slots]
        self._coming = [0] * slots  # their sums
        self._counts = plan.options["ahead"]
        self._by_lane = [[] for _ in plan.rooms_q]
        for slot in range(slots):
            for lane in plan.slots[slot][0]:
                self._by_lane[lane].append(slot)
        self._own_full = [0] * slots
        self._own_sent = [0] * slots
        self._said_full = [0] * slots
        self._said_sent = [0] * slots
        self._silent_s = SPEAK_S_MAX
        self._order = [0] * slots
        self._buffer = bytearray(row_bytes(max(1, slots)))

    # -- what is heard --------------------------------------------------------------------------
    def take(self, source: int, payload) -> None:
        """Take a neighbour's claim; anything else is counted and changes nothing."""
        row = self._claim
        slot = self._slots.get(source, -1)
        if slot < 0 or not unpack(payload, row) or row.node != source:
            self.refused += 1
            return
        back = self.plan.back_slots[slot]
        if back >= row.count:
            self.refused += 1
            return
        anew = row.session != self._sessions[slot]
        if not anew and row.seq <= self._seqs[slot]:
            self.refused += 1
            return
        sent = row.sent_at(back)
        if not anew:
            self._expect(slot, (sent - self._sent_said[slot]) & 255)
        self._sessions[slot] = row.session
        self._seqs[slot] = row.seq
        self._sent_said[slot] = sent
        self.full[slot] = row.full_at(back)
        self.load[slot] = row.load
        self.age_s[slot] = 0

    def _expect(self, slot: int, cars: int) -> None:
        """Note cars on their way: no more than lanes can have passed since the last claim."""
        lanes = self.plan.slots[slot][0]
        if not self._counts or not lanes:
            return
        most = len(lanes) * (self.age_s[slot] // PASS_S + 1)
        seconds = self._ahead[slot]
        seconds[len(seconds) - 1] += min(cars, most)
        self._coming[slot] += min(cars, most)

    def is_ahead(self, lane: int) -> bool:
        """Return whether cars that neighbours have sent are on their way to a lane."""
        for slot in self._by_lane[lane]:
            if self._coming[slot]:
                return True
        return False

    def ahead_q(self, lane: int, at: int) -> int:
        """Return cars in q that are not seen yet and reach the stop line within bin `at`."""
        total = 0
        for slot in self._by_lane[lane]:
            if self._coming[slot] == 0:
                continue
            row = self.plan.slots[slot]
            seconds = self._ahead[slot]
            first = at * BIN_S - row[1]  # until the detector, for an arrival in this bin
            for second in range(max(0, first), min(first + BIN_S, len(seconds))):
                total += seconds[second] * CAR_Q // len(row[0])
        return total

    # -- what is said ---------------------------------------------------------------------------
    def speak(self, crossing):  # type: ignore[no-untyped-def]
        """Let a second pass; return the claim to publish, or None when there is no news."""
        slots = len(self.plan.numbers)
        if slots == 0:
            return None
        for slot in range(slots):
            self._pass(slot)
        load = self._look(crossing)
        self._agree(load)
        if self._silent_s < SPEAK_S_MAX:
            self._silent_s += 1
        if self._silent_s < SPEAK_S_MIN or not self._is_news():
            return None
        self._silent_s = 0
        self.seq += 1
        for slot in range(slots):
            self._said_full[slot] = self._own_full[slot]
            self._said_sent[slot] = self._own_sent[slot]
        columns = (self._own_full, self._own_sent)
        pack(self._buffer, self.plan.node, self.session, self.seq, load, columns)
        return self._buffer

    def _pass(self, slot: int) -> None:
        if self.age_s[slot] < FRESH_S:
            self.age_s[slot] += 1
            if self.age_s[slot] == FRESH_S:
                self.full[slot] = 0
        if self._coming[slot]:
            seconds = self._ahead[slot]
            self._coming[slot] -= seconds[0]
            for second in range(len(seconds) - 1):
                seconds[second] = seconds[second + 1]
            seconds[len(seconds) - 1] = 0

    def _look(self, crossing) -> int:
        """Work out the own columns; return the own load in percent."""
        plan = self.plan
        total_q = 0
        room_q = 0
        for slot in range(len(plan.numbers)):
            full = 0
            for lane in plan.slots[slot][0]:
                full = max(full, crossing.queue_q[lane] * PERCENT // plan.rooms_q[lane])
            self._own_full[slot] = min(PERCENT, full)
            self._own_sent[slot] = (self._own_sent[slot] + crossing.left[slot]) & 255
        for lane in range(len(plan.rooms_q)):
            total_q += min(crossing.queue_q[lane], plan.rooms_q[lane])
            room_q += plan.rooms_q[lane]
        return total_q * PERCENT // max(1, room_q)

    def _is_news(self) -> bool:
        if self._silent_s >= SPEAK_S_MAX:
            return True
        for slot in range(len(self._own_full)):
            moved = self._own_full[slot] - self._said_full[slot]
            if moved >= BAND or -moved >= BAND:
                return True
            if self._counts and (self._own_sent[slot] - self._said_sent[slot]) & 255 >= CARS:
                return True
        return False

    def _agree(self, own: int) -> None:
        """Set agreed: the weighted mean of loads, own among them, both extremes left out."""
        order = self._order
        found = 0
        for slot in range(len(self.load)):
            if self.age_s[slot] < FRESH_S:
                at = found
                while at > 0 and self.load[order[at - 1]] > self.load[slot]:
                    order[at] = order[at - 1]
                    at -= 1
                order[at] = slot
                found += 1
        total = own * WEIGHT_OWN
        weights = WEIGHT_OWN
        if found >= TRIM_MIN:
            for at in range(1, found - 1):
                weight = self.plan.slots[order[at]][3]
                total += self.load[order[at]] * weight
                weights += weight
        self.agreed = (total + (weights >> 1)) // weights
