"""The shared limit as it is used: caps, units under way and what is left, row by row.

The same sums as `quelea.headroom.audit`, kept up to date with each row in time linear in the
group instead of computed anew. Before a node's first row its cap is its floor. What a liar says
counts for nothing: in its place stands the reserve that the configuration keeps for it.
"""

from collections.abc import Mapping
from typing import Any

from quelea.headroom.audit import Part, Said, owned_q, parse, signed
from quelea.watch.members import Members

VIOLATIONS_KEPT = 20
FIRST = 0  # of a fleet's limits the first is shown


class Budget:
    """limit_q: as configured, None without a limit. budget_q: the limit times its safety factor.

    violations: how many rows broke the sum; found: the first of them as (t_us, sentence).
    impossible: by node, what it said of itself that no honest node says. left_out: who lies.
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
        self.reserve_q = 0  # of those left out
        self.impossible: dict[int, str] = {}
        self.left_out: set[int] = set()
        self.members = Members()
        self._reserves_q: dict[int, int] = {}
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
            self._reserves_q[number] = int(row.get("reserve_q", floor_q + initial_q))
        self.caps_q = sum(part.floor_q for part in self.parts.values())
        liars, self.left_out = self.left_out, set()
        for number in liars:
            self.leave_out(number)

    def leave_out(self, number: int) -> None:
        """Take a node for a liar from now on; sums that rested on its word are forgotten."""
        if number in self.left_out:
            return
        self.left_out.add(number)
        if number not in self.parts:
            return
        self.caps_q -= self.cap_q(number) or 0
        self.reserve_q += self._reserves_q[number]
        for edge in [edge for edge in self._under_way if number in edge]:
            self.under_way_q -= self._under_way.pop(edge)
        self.violations = 0
        self.found.clear()

    @property
    def headroom_q(self) -> int | None:
        """What is neither a cap nor under way; below 0 when the limit is broken."""
        return None if self.budget_q is None else self.budget_q - self.total_q

    @property
    def total_q(self) -> int:
        """Caps and units under way of the honest, and the reserve for the others."""
        return self.caps_q + self.under_way_q + self.reserve_q

    def cap_q(self, number: int) -> int | None:
        """Return a node's cap: as it said last, its floor before; None without a limit."""
        said, part = self.said.get(number), self.parts.get(number)
        if part and number in self.members.gone:
            return part.floor_q
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
        if source not in self.left_out:
            what = _impossible(said, part)
            if what:
                self.impossible[source] = what
                self.leave_out(source)
        before = self.cap_q(source) or 0
        self.said[source] = said
        if source in self.left_out:
            return
        self.caps_q += said.cap_q - before
        for other in part.others:
            if other not in self.left_out:
                self._edge(source, other)
                self._edge(other, source)
        if self.budget_q is not None and self.total_q > self.budget_q:
            self.violations += 1
            if len(self.found) < VIOLATIONS_KEPT:
                what = (
                    f"caps and units under way are {self.total_q:,}, the bound {self.budget_q:,}"
                )
                self.found.append((t_us, what))

    def take_pulse(self, source: int, payload: bytes) -> list[tuple[int, str]]:
        """Take a pulse; return (node, "gone" or "back") for each that it makes so.

        Of a member that is gone the floor counts, and nothing that was under way to or from it.
        """
        if source in self.left_out or source not in self.parts:
            return []
        before = {number: self.cap_q(number) or 0 for number in self.parts}
        marks = {number: said.entry >> 24 for number, said in self.said.items()}
        changed = self.members.take(source, payload, self.parts, marks)
        for number, _ in changed:
            if number in self.left_out:
                continue
            self.caps_q += (self.cap_q(number) or 0) - before[number]
            for other in self.parts[number].others:
                if other not in self.left_out:
                    self._edge(number, other)
                    self._edge(other, number)
        return changed

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
        if giver in self.members.gone or taker in self.members.gone:
            now = 0
        self.under_way_q += now - self._under_way.get((giver, taker), 0)
        self._under_way[giver, taker] = now


def _impossible(said: Said, part: Part) -> str:
    """Return what a row says of its own node that cannot be, "" for nothing."""
    owned = owned_q(said, part)
    if owned < 0:
        return f"owns {owned:,}"
    if said.cap_q > part.floor_q + owned:
        return f"has a cap of {said.cap_q:,} above its floor and units, {part.floor_q + owned:,}"
    return ""
