"""Floors, and how much of the limit there is, by signed documents: a membership that follows them.

A document may raise what a member is sure of above its configured floor, and lower it again. That
shapes wishes alone: units for it are asked of the others like any, and owned before the cap rises;
who was given a lower one first wishes less. Without a lease the configured floor is left, since
whoever is taken for gone must not hold more. docs/safety.md has the argument.
"""

from quelea_proto import members_doc

from quelea_agent import membership, sharing


class Floors(membership.Membership):
    """See Membership. most_percent: of the newest document; `limit` goes up to it only."""

    def __init__(self, settings: object, config: dict) -> None:
        self._asked = self.most_percent = 100
        self._floors_q = {}  # of the newest document, by node number
        membership.Membership.__init__(self, settings, config)
        self._configured = [
            [(row[0], row[5]) for row in share.allocation.rows] for share in self.shares
        ]

    @property
    def percent(self) -> int:
        """How much of every limit is there: the least of what was asked and the document's."""
        return min(self._asked, self.most_percent)

    @percent.setter
    def percent(self, value: int) -> None:
        self._asked = value

    def document(self, body: bytes) -> bool:
        """See Membership."""
        if not membership.Membership.document(self, body):
            return False
        for node, _, member, floor_q in members_doc.unpack(body)[2]:
            self._floors_q[node] = floor_q if member else 0
        self.most_percent = body[members_doc.PERCENT]
        return True

    def round(self, now_ms: int, demand_q: int, mean_q: int, epoch: int) -> int:
        """See Membership."""
        for at in range(len(self.shares)):
            self._set(self.shares[at], self._configured[at])
        return membership.Membership.round(self, now_ms, demand_q, mean_q, epoch)

    def _set(self, share, configured: list) -> None:
        """Let everybody's part be divided above the floor of the document; of one that is gone,
        above the configured one, at which it is."""
        plan = share.headroom.plan
        rows = share.allocation.rows
        for i in range(len(rows)):
            floor_q, initial_q = configured[i]
            number = plan.node
            gone = False
            if i != share.own:
                slot = i if i < share.own else i - 1
                number = plan.numbers[slot]
                gone = share.gone[slot]
            more_q = 0 if gone else max(0, self._floors_q.get(number, 0) - floor_q)
            rows[i][0] = floor_q + more_q
            rows[i][5] = initial_q - more_q  # what it had at first in all is as it was


def load(settings: object, config: dict) -> tuple:
    """See sharing.load."""
    return sharing.load(settings, config, Floors)
