"""The own load: its values, {0} or least_q .. most_q by unit_q, and how long it stays on or off.

A load that is on keeps its least amount for on_ms, since a compressor or a car must not be
switched at will; one that is off claims nothing for off_ms. Both count from the start too.
"""

from quelea_proto.fixed import ticks_diff

from quelea_agent.allocation import value_q


class Load:
    """row: (floor_q, least_q, most_q, unit_q, priority). point_q: what it is set to now."""

    def __init__(self, row: tuple, on_ms: int, off_ms: int) -> None:
        self.row = row
        self.point_q = 0
        self._on_ms = on_ms
        self._off_ms = off_ms
        self._since_ms = 0
        self._locked = off_ms > 0
        self._begun = False

    def _look(self, now_ms: int) -> None:
        """Let go of a lock whose time is over; ticks go round, so it is looked at each round."""
        if not self._begun:
            self._begun = True
            self._since_ms = now_ms
        lock_ms = self._on_ms if self.point_q else self._off_ms
        if self._locked and ticks_diff(now_ms, self._since_ms) >= lock_ms:
            self._locked = False

    def claim_q(self, now_ms: int, demand_q: int) -> int:
        """Return what to claim for a demand: one of the load's values, at least what is kept."""
        self._look(now_ms)
        if self._locked and self.point_q == 0:
            return 0
        if demand_q <= 0:
            return self.kept_q()
        return max(value_q(self.row, max(demand_q, self.row[1])), self.kept_q())

    def kept_q(self) -> int:
        """Return what the load must keep while it is locked on."""
        return self.row[1] if self._locked and self.point_q else 0

    def set(self, now_ms: int, cap_q: int, claim_q: int) -> int:
        """Set the load to the largest value that cap and claim allow, and return it."""
        point_q = value_q(self.row, min(cap_q, claim_q))
        if (point_q > 0) != (self.point_q > 0):
            self._since_ms = now_ms
            self._locked = (self._on_ms if point_q else self._off_ms) > 0
        self.point_q = point_q
        return point_q
