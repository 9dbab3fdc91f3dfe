"""The shared limit as it is used: caps, units under way and what is left, row by row.

The same sums as `quelea.headroom.audit`, kept up to date with each row in time linear in the
group instead of computed anew. Before a node's first row its cap is its floor.
"""

from collections.abc import Mapping
from typing import Any

from quelea.headroom.audit import Part, Said, owned_q, parse, signed

VIOLATIONS_KEPT = 20
FIRST = 0  # of a fleet's limits the first is shown


class Budget:
    """limit_q: as configured, None without a limit. budget_q: the limit times its safety factor.

    violations: how many rows broke the invariant; found: the first of them as (t_us, sentence).
    """

    def __init__(self) -> None:
        self.limit = 0  # its number: rows about a fleet's other limits are left out
        self.limit_q: int | None = None
        self.budget_q: int | None = None
        self.parts: dict[int, Part] = {}
        self.said: dict[int, Said] = {}
        self.caps_q = 0
        self.under_way_q = 0
        self.violations = 0
        self.found: list[tuple[int, str]] = []
        self.rows = 0
        self._under_way: dict[tuple[int, int], int] = {}

    def set_up(self, headroom: Mapping[str, Any]) -> None:
        """Take a configuration that `quelea.headroom.plan` has checked; an empty one: no limit."""
        limit_q, members = headroom.get("limit_q"), headroom.get("members")
        if not isinstance(limit_q, int) or not isinstance(members, list) or self.parts:
            return
        percent = headroom.get("safety_percent", 80)
        limit = headroom.get("limit", 0)
        self.limit = limit if isinstance(limit, int) else 0
        self.limit_q = limit_q
        self.budget_q = limit_q * percent // 100 if isinstance(percent, int) else limit_q
        rows = [row for row in members if isinstance(row, dict) and "node" in row]
        group = sorted(int(row["node"]) for row in rows)
        for row in rows:
            number = int(row["node"])
            others = tuple(other for other in group if other != number)
            floor_q, initial_q = int(row.get("floor_q", 0)), int(row.get("initial_q", 0))
            self.parts[number] = Part(others, floor_q, initial_q)
        self.caps_q = sum(part.floor_q for part in self.parts.values())

    @property
    def headroom_q(self) -> int | None:
        """What is neither a cap nor under way; below 0 when the limit is broken."""
        return None if self.budget_q is None else self.budget_q - self.caps_q - self.under_way_q

    def cap_q(self, number: int) -> int | None:
        """Return a node's cap: as it said last, its floor before; None without a limit."""
        said, part = self.said.get(number), self.parts.get(number)
        return said.cap_q if said else part.floor_q if part else None

    def claim_q(self, number: int) -> int | None:
        """Return what a node claims of the limit; None where it has said nothing."""
        said = self.said.get(number)
        return said.claim_q if said else None

    def take(self, t_us: int, source: int, payload: bytes) -> None:
        """Take a headroom row as published by source; others are left out."""
        said, part = parse(payload), self.parts.get(source)
        if said is None or said.node != source or said.limit != FIRST:
            return
        self.rows += 1
        if part is None or len(said.given) != len(part.others):
            self.said[source] = said
            return
        before = self.cap_q(source) or 0
        self.said[source] = said
        self.caps_q += said.cap_q - before
        for other in part.others:
            self._edge(source, other)
            self._edge(other, source)
        owned = owned_q(said, part)
        if owned < 0:
            self._violated(t_us, f"node {source} owns {owned}")
        if said.cap_q > part.floor_q + max(owned, 0):
            self._violated(t_us, f"cap {said.cap_q} of node {source} is above its floor and units")
        if self.budget_q is not None and self.caps_q + self.under_way_q > self.budget_q:
            total_q = self.caps_q + self.under_way_q
            self._violated(
                t_us, f"caps and units under way are {total_q}, {self.budget_q} is the bound"
            )

    def _edge(self, giver: int, taker: int) -> None:
        """Bring what is under way between two up to date; nothing until both were heard."""
        gave, took = self.said.get(giver), self.said.get(taker)
        if gave is None or took is None:
            return
        slot = self.parts[giver].others.index(taker)
        back = self.parts[taker].others.index(giver)
        if slot >= len(gave.given) or back >= len(took.taken):
            return
        now = max(0, signed(gave.given[slot] - took.taken[back]))
        self.under_way_q += now - self._under_way.get((giver, taker), 0)
        self._under_way[giver, taker] = now

    def _violated(self, t_us: int, what: str) -> None:
        self.violations += 1
        if len(self.found) < VIOLATIONS_KEPT:
            self.found.append((t_us, what))
