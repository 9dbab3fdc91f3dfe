"""Voices: the newest row of each member of one cluster that has spoken for it lately.

As in neighbours.py one row a (member, session, seq) counts, and ages are by the own clock only.
There is room for 3F + 3 at once: the 2F + 1 that have a seat, as many liars as may be, and those
that change places; so no liar can keep the others out.
"""

from quelea_proto.cluster_row import AGE_MAX, Row, age_at, row_bytes, size_at, value_at
from quelea_proto.fixed import mean_half_up, ring16_diff
from quelea_proto.limits import TICKS_MASK
from quelea_proto.sorting import sort_prefix


def middle(values: list, count: int) -> int:
    """Return the median of values[:count], of an even number the middle two's mean, half up."""
    sort_prefix(values, count)
    return mean_half_up(values[(count - 1) >> 1] + values[count >> 1], 2)


class Voices:
    """numbers: the members that may speak, ascending. clusters: entries of a row, 0 to keep none.

    By place, 0 .. room - 1: live, member (index into numbers), term, fleet_q, rows.
    """

    def __init__(self, cluster: int, numbers: tuple, faults_max: int, clusters: int) -> None:
        count = len(numbers)
        room = min(count, 3 * faults_max + 3)
        self.cluster = cluster
        self.numbers = numbers
        self.live = bytearray(room)
        self.member = [-1] * room
        self.term = [0] * room
        self.fleet_q = [0] * room
        self.rows = [bytearray(row_bytes(clusters)) for _ in range(room if clusters else 0)]
        self._heard_ms = [0] * room
        self._session = [0] * count  # 0: never heard
        self._seq = [0] * count
        self._values = [0] * room
        self._ages = [0] * room
        self._sizes = [0] * room
        self.value_q = 0  # what `ask` found
        self.size = 0
        self.age = 0

    def index(self, number: int) -> int:
        """Return the place of a member among numbers, or -1."""
        numbers = self.numbers
        for i in range(len(numbers)):
            if numbers[i] == number:
                return i
        return -1

    def take(self, now_ms: int, member: int, row: Row) -> bool:
        """Take a row of numbers[member]; False for an old one, or when there is no room."""
        session = self._session[member]
        if session == row.session:
            if row.seq <= self._seq[member]:
                return False
        elif session != 0 and ring16_diff(row.session, session) < 0:
            return False
        place = self._place(member)
        if place < 0:
            return False
        self._session[member] = row.session
        self._seq[member] = row.seq
        self._heard_ms[place] = now_ms
        self.live[place] = 1
        self.member[place] = member
        self.term[place] = row.term
        self.fleet_q[place] = row.fleet_q
        if self.rows:
            kept = self.rows[place]
            for i in range(len(kept)):
                kept[i] = row.payload[i]
        return True

    def _place(self, member: int) -> int:
        """Return where the member's row goes: where it was, or a place that nobody holds."""
        free = -1
        for place in range(len(self.live)):
            if self.member[place] == member:
                return place
            if not self.live[place]:
                free = place
        return free

    def expire(self, now_ms: int, live_ms: int) -> None:
        """Mark rows older than live_ms; to be called every round, see neighbours.py."""
        for place in range(len(self.live)):
            if self.live[place] and (now_ms - self._heard_ms[place]) & TICKS_MASK > live_ms:
                self.live[place] = 0

    def count(self) -> int:
        """Return how many are live."""
        return sum(self.live)

    def ask(self, cluster: int, needed: int) -> bool:
        """Put what they say of a cluster into value_q, size and age, each the median.

        False when fewer than `needed` of them have heard of it.
        """
        found = 0
        for place in range(len(self.live)):
            if self.live[place]:
                row = self.rows[place]
                age = age_at(row, cluster)
                if age <= AGE_MAX:
                    self._values[found] = value_at(row, cluster)
                    self._sizes[found] = size_at(row, cluster)
                    self._ages[found] = age
                    found += 1
        if found < needed:
            return False
        self.value_q = middle(self._values, found)
        self.size = middle(self._sizes, found)
        self.age = middle(self._ages, found)
        return True
