"""Max-min at a level that the fleet agrees on: its consensus is about water levels, not demands.

Each node reckons the level from the claims it heard; where a liar tells everybody something else,
the levels differ. They go into the resilient consensus, and what that settled on is the level of
everybody's wish. It is believed as long as it is one that others may have reckoned, if F of the
claims heard here are false; else it is of claims that are no more, and the own level counts, so
a change is followed at once. Whatever the consensus says moves a level no further than F claims.

This file is a part of its own (`agreed`): port/agreed.py puts the class in Allocation's place.
"""

from quelea_proto.limits import HEADROOM_Q_MAX, SMALL_MAX

from quelea_agent.allocation import Allocation
from quelea_agent.policies import level_q
from quelea_agent.policies.max_min import fill


class Agreed(Allocation):
    """own: the own place among the rows. room_q: what one liar may add to, or keep of, the limit.

    own_q: the level reckoned here, up to HEADROOM_Q_MAX where there is enough for all. agreed_q:
    that of the consensus, to be set before each update(); -1: none. used: times it was taken.
    """

    def __init__(self, rows: tuple, own: int, budget_q: int, faults_max: int, room_q: int) -> None:
        Allocation.__init__(self, rows, budget_q, "max-min")
        self.own_q = HEADROOM_Q_MAX
        self.agreed_q = -1
        self.used = 0
        self._own = own
        self._faults_max = faults_max
        self._room_q = min(room_q * faults_max, budget_q)
        self._gap_q = [0] * len(rows)

    def _pour(self, priority: int, budget_q: int, total_q: int) -> None:
        self.own_q = level_q(self._low_q, self._high_q, budget_q)
        level = self.agreed_q if self._faults_max else -1  # where nobody lies the own one is right
        if level < 0 or not self.is_possible(level, budget_q):
            fill(self._low_q, self._high_q, budget_q, total_q, self.share_q)
            return
        self.used = (self.used + 1) & SMALL_MAX
        for i in range(len(self.rows)):
            row = self.rows[i]
            low_q = self._low_q[i]
            self.share_q[i] = min(self._high_q[i], max(low_q, level))
            # What is left over by rounding is handed on, up to the next own value and no further.
            next_q = row[1] + (max(level - row[1], 0) + row[3] - 1) // row[3] * row[3]
            self._high_q[i] = min(self._high_q[i], max(low_q, next_q))

    def is_possible(self, level: int, budget_q: int) -> bool:
        """Return whether somebody may have reckoned this level who was told F claims otherwise."""
        if level < self.own_q:  # the budget less what they hold, and they claim all
            return self._least_q(level + 1, True) > budget_q - self._room_q
        budget_q = min(budget_q + self._room_q, self.budget_q)
        return self._least_q(level, False) <= budget_q

    def _least_q(self, level: int, claimed: bool) -> int:
        """Return what all have at a level, if F of the others had claimed all, or nothing."""
        total_q = 0
        for i in range(len(self.rows)):
            row = self.rows[i]
            part_q = min(self._high_q[i], max(self._low_q[i], level))
            total_q += part_q
            other_q = min(row[2], max(self._low_q[i], level)) if claimed else row[0]
            gap_q = other_q - part_q if claimed else part_q - other_q
            self._gap_q[i] = 0 if i == self._own else gap_q
        for _ in range(self._faults_max):
            worst = 0
            for i in range(len(self._gap_q)):
                if self._gap_q[i] > self._gap_q[worst]:
                    worst = i
            gap_q = max(self._gap_q[worst], 0)
            total_q += gap_q if claimed else -gap_q
            self._gap_q[worst] = 0
        return total_q
