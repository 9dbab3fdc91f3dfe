"""Allocation: from what the members of a limit claim to what each is to have.

    floors    are reserved; so is what a silent member may still hold
    admitted  in the order of priority, then of the turn: who needs a least amount gets all of it
              or nothing, so under scarcity some wait until the turn has come round to them
    filled    by the policy, a priority at a time, between the least amount and the claim
    rounded   down to the member's own values; what that leaves over is handed on by units

Everybody computes it alike from the same rows. Wrong or false claims make it unfair, never
unsafe: a wish is not a cap. Integers of 31 bits; nothing is allocated after the start.
"""

from quelea_agent.policies import find


class Allocation:
    """rows: (floor_q, least_q, most_q, unit_q, priority) a member, ascending by number.

    least_q 0: any amount is of use. unit_q: distance of its values above least_q. share_q: by
    member, filled by update().
    """

    def __init__(self, rows: tuple, budget_q: int, policy: str) -> None:
        count = len(rows)
        self.rows = rows
        self.budget_q = budget_q
        self.share_q = [0] * count
        self._fill = find(policy)
        self._low_q = [0] * count
        self._high_q = [0] * count
        self._top_q = [0] * count
        self._order = list(range(count))
        self._turn = 0
        self._tiers = sorted([-row[4] for row in rows])
        self._sort()

    def _sort(self) -> None:
        """Order by priority, the highest first, then by turns: who is first changes with each."""
        order = self._order
        count = len(order)
        for i in range(1, count):
            one = order[i]
            at = i
            while at > 0 and self._before(one, order[at - 1], count):
                order[at] = order[at - 1]
                at -= 1
            order[at] = one

    def _before(self, one: int, other: int, count: int) -> bool:
        first = self.rows[one][4]
        second = self.rows[other][4]
        if first != second:
            return first > second
        return (one - self._turn) % count < (other - self._turn) % count

    def update(self, claim_q: list, held_q: list, budget_q: int, total_q: int, turn: int) -> None:
        """Fill share_q. claim_q: by member. held_q: what a silent one may hold, -1 for the others.

        budget_q: what there is now, at most that of the configuration. total_q: see policies.
        turn: a number that all members have alike, and that rises.
        """
        if turn != self._turn:
            self._turn = turn
            self._sort()
        self._admit(claim_q, held_q, budget_q)
        tier = 1
        for at in range(len(self._tiers)):
            if self._tiers[at] != tier:
                tier = self._tiers[at]
                self._pour(-tier, budget_q, total_q)
        self._round_down(held_q, budget_q)

    def _admit(self, claim_q: list, held_q: list, budget_q: int) -> None:
        left_q = budget_q
        for i in range(len(self.rows)):
            floor_q = min(self.rows[i][0], budget_q)
            if held_q[i] > floor_q:
                floor_q = min(held_q[i], budget_q)
            self._low_q[i] = floor_q
            self._high_q[i] = floor_q
            left_q -= floor_q
        for at in range(len(self._order)):
            i = self._order[at]
            if held_q[i] >= 0 or claim_q[i] <= 0:
                continue
            least_q = max(self.rows[i][1], self._low_q[i])
            more_q = least_q - self._low_q[i]
            if more_q > max(left_q, 0):
                continue
            left_q -= more_q
            self._low_q[i] = least_q
            self._high_q[i] = max(least_q, min(claim_q[i], self.rows[i][2]))

    def _pour(self, priority: int, budget_q: int, total_q: int) -> None:
        """Fill those of one priority; the lower ones keep their lows."""
        for i in range(len(self.rows)):
            mine = self.rows[i][4] == priority
            self._top_q[i] = self._high_q[i] if mine else self._low_q[i]
        self._fill(self._low_q, self._top_q, budget_q, total_q, self.share_q)
        for i in range(len(self.rows)):
            if self.rows[i][4] == priority:
                self._low_q[i] = self.share_q[i]

    def _round_down(self, held_q: list, budget_q: int) -> None:
        left_q = budget_q
        share_q = self.share_q
        for i in range(len(share_q)):
            row = self.rows[i]
            if held_q[i] < 0:
                share_q[i] = max(min(row[0], share_q[i]), value_q(row, share_q[i]))
            left_q -= share_q[i]
        left_q = self._hand_on(left_q, 1)
        self._hand_on(left_q, budget_q)

    def _hand_on(self, left_q: int, times: int) -> int:
        """Give up to so many units more to each that has a use for them; return what is left."""
        for at in range(len(self._order)):
            i = self._order[at]
            unit_q = self.rows[i][3]
            has_q = self.share_q[i]
            if unit_q <= left_q and has_q >= self.rows[i][1] and has_q < self._high_q[i]:
                units = min(times, left_q // unit_q, (self._high_q[i] - has_q) // unit_q)
                self.share_q[i] = has_q + units * unit_q
                left_q -= units * unit_q
        return left_q


def value_q(row: tuple, amount_q: int) -> int:
    """Return the largest value of a member's own that is at most amount_q; 0 below its least."""
    if amount_q < row[1]:
        return 0
    above_q = min(amount_q, row[2]) - row[1]
    return row[1] + above_q // row[3] * row[3]
