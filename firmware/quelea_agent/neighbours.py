"""The neighbour table: the newest frame of each neighbour, and what refuses a frame.

One frame a (sender, session, seq): the first wins; another with the same seq is evidence of
equivocation and is counted. Ages are by the own clock only. Columns by slot: neighbours in
ascending order of their numbers.
"""

from quelea_proto.fixed import ring16_diff
from quelea_proto.frames import EPOCH, NODE, SEQ, SESSION, VALUE_Q, Frame
from quelea_proto.limits import SMALL_MAX, TICKS_MASK, USED_MOD

from quelea_agent import counters as count
from quelea_agent.counters import Counters


class Neighbours:
    """live[slot] is 1 while the newest frame is at most fresh_ms old, else 0."""

    def __init__(self, numbers: tuple, fresh_ms: int, counters: Counters) -> None:
        slots = len(numbers)
        self.numbers = numbers
        self._slots = {}  # number -> slot; only looked up in
        for slot in range(slots):
            self._slots[numbers[slot]] = slot
        self.fresh_ms = fresh_ms
        self.counters = counters
        self.boots = 0  # of neighbours, each of which was heard in a session new to it
        self.live = bytearray(slots)
        self.session = [0] * slots  # 0: never heard
        self.seq = [0] * slots
        self.crc = [0] * slots
        self.epoch = [0] * slots
        self.value_q = [0] * slots
        self.heard_ms = [0] * slots
        self.suspicion = [0] * slots  # frames that contradicted an earlier one

    def slot_of(self, number: int) -> int:
        """Return the slot of this node number, or -1."""
        return self._slots.get(number, -1)

    def take(self, now_ms: int, source: int, frame: Frame) -> int:
        """Enter a well-formed frame; return its slot, or -1 when it was refused and counted.

        source: number of the node whose topic carried it, 0 when that is not known.
        """
        head = frame.head
        if source != 0 and source != head[NODE]:
            self.counters.add(count.BAD_SENDER)
            return -1
        slot = self._slots.get(head[NODE], -1)
        if slot < 0:
            self.counters.add(count.UNKNOWN_SENDER)
            return -1
        session = self.session[slot]
        if session == head[SESSION]:
            if head[SEQ] <= self.seq[slot]:
                self._refuse_old(slot, frame)
                return -1
        elif session != 0 and ring16_diff(head[SESSION], session) < 0:
            self.counters.add(count.SESSION_OLD)
            return -1
        else:
            self.session[slot] = head[SESSION]
            self.boots = (self.boots + 1) & SMALL_MAX
        self.seq[slot] = head[SEQ]
        self.crc[slot] = frame.crc
        self.epoch[slot] = head[EPOCH]
        self.value_q[slot] = head[VALUE_Q]
        self.heard_ms[slot] = now_ms
        self.live[slot] = 1
        self.counters.add(count.ACCEPTED)
        return slot

    def _refuse_old(self, slot: int, frame: Frame) -> None:
        if frame.head[SEQ] < self.seq[slot]:
            self.counters.add(count.STALE)
        elif frame.crc == self.crc[slot] and frame.head[VALUE_Q] == self.value_q[slot]:
            self.counters.add(count.DUPLICATE)  # both: a checksum alone can be made to fit
        else:
            self.counters.add(count.EQUIVOCATION)
            self.suspicion[slot] += 1

    def mark(self, epoch: int, used: bytearray) -> int:
        """Fill `used` with the marks of the live neighbours in this epoch, 0 for the others.

        Return how many are alive, but in another epoch.
        """
        live = self.live
        elsewhere = 0
        for slot in range(len(live)):
            used[slot] = 0
            if live[slot]:
                if self.epoch[slot] == epoch:
                    used[slot] = 1 + self.seq[slot] % USED_MOD  # frames.used_mark, written out
                else:
                    elsewhere += 1
        return elsewhere

    def expire(self, now_ms: int) -> None:
        """Mark neighbours not heard for fresh_ms; to be called every round.

        A mark, not a comparison when needed: after half a ring of ticks an old age looks young.
        """
        live = self.live
        heard_ms = self.heard_ms
        fresh_ms = self.fresh_ms  # below TICKS_HALF, so an age below 0 on the ring is above it
        for slot in range(len(live)):
            if live[slot] and (now_ms - heard_ms[slot]) & TICKS_MASK > fresh_ms:
                live[slot] = 0
