"""Why a node may draw what it may: floor, headroom received and given, each with its row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quelea.headroom.audit import Part, Said, owned_q, parse, signed
from quelea.journal import Journal, StatusRow

US = 1_000_000
EDGES_TOLD = 12  # neighbours named with what went to or came from them


@dataclass(frozen=True)
class Shares:
    """One limit at a time. rows: each member's newest row up to then, with its t_us. status: the
    node's newest status up to then. parts: of all members, others ascending."""

    number: int
    limit: int
    limit_q: int
    budget_q: int
    parts: Mapping[int, Part]
    rows: Mapping[int, tuple[int, Said]]
    status: StatusRow | None
    limits: int = 1  # of the fleet

    @property
    def said(self) -> Said | None:
        """The node's own newest row."""
        found = self.rows.get(self.number)
        return found[1] if found else None

    @property
    def caps_q(self) -> int:
        """Sum of all caps: a member that was not heard yet has its floor."""
        return sum(
            self.rows[node][1].cap_q if node in self.rows else part.floor_q
            for node, part in self.parts.items()
        )

    def under_way_q(self, giver: int, taker: int) -> int:
        """Return what giver has given to taker and taker has not taken, as both said last."""
        gave, took = self.rows.get(giver), self.rows.get(taker)
        if gave is None or took is None:
            return 0
        slot = self.parts[giver].others.index(taker)
        back = self.parts[taker].others.index(giver)
        return max(0, signed(gave[1].given[slot] - took[1].taken[back]))


def read_shares(journal: Journal, number: int, t_us: int) -> list[Shares]:
    """Return the limits that a node has a part in, as they stood at t_us; none without limits."""
    headroom = journal.run().get("headroom")
    if not isinstance(headroom, dict):
        return []
    status = None
    found = journal.connection.execute(
        "SELECT at, t_us FROM status WHERE node = ? AND t_us <= ? ORDER BY t_us DESC LIMIT 1",
        (number, t_us),
    ).fetchone()
    if found:
        status = next(journal.statuses(found[1], found[1] + 1, number), None)
    out = []
    limits = headroom.get("limits") or [headroom]
    for one in limits:
        parts = _parts(one)
        if number not in parts:
            continue
        limit = int(one.get("limit", 0))
        rows: dict[int, tuple[int, Said]] = {}
        for node, part in parts.items():
            row = _newest(journal, node, limit, t_us)
            if row is not None and len(row[1].given) == len(part.others):
                rows[node] = row
        budget_q = int(one["limit_q"]) * int(one.get("safety_percent", 80)) // 100
        out.append(
            Shares(number, limit, int(one["limit_q"]), budget_q, parts, rows, status, len(limits))
        )
    return out


def _parts(one: Mapping[str, Any]) -> dict[int, Part]:
    members = [row for row in one.get("members", ()) if isinstance(row, dict) and "node" in row]
    group = sorted(int(row["node"]) for row in members)
    return {
        int(row["node"]): Part(
            tuple(other for other in group if other != int(row["node"])),
            int(row.get("floor_q", 0)),
            int(row.get("initial_q", 0)),
        )
        for row in members
    }


def _newest(journal: Journal, node: int, limit: int, t_us: int) -> tuple[int, Said] | None:
    row = journal.connection.execute(
        "SELECT t_us, payload FROM frame WHERE source = ? AND t_us <= ? AND channel = 'hr' "
        "AND substr(payload, 2, 1) = ? ORDER BY t_us DESC, at DESC LIMIT 1",
        (node, t_us, bytes([limit])),
    ).fetchone()
    said = parse(row[1]) if row else None
    return (row[0], said) if said is not None and said.node == node else None


def words(shares: Shares, ids: Mapping[int, str], unit: str) -> list[str]:
    """Return the share in plain words."""
    part = shares.parts[shares.number]
    many = shares.limits > 1
    name = f"limit {shares.limit + 1} of {shares.limits}," if many else "the limit of"
    head = (
        f"Of {name} {shares.limit_q:,} {unit}, {shares.budget_q:,} {unit} are shared out; "
        f"its floor, which nobody can take, is {part.floor_q:,} {unit}."
    )
    said = shares.said
    if said is None:
        return [
            head,
            f"It has not spoken of it yet: its cap is its floor, {part.floor_q:,} {unit}.",
        ]
    at_us = shares.rows[shares.number][0]
    owned = owned_q(said, part)
    lines = [
        head,
        f"By its row at {at_us / US:.3f} s (entry {said.entry}) it claims {said.claim_q:,} {unit}"
        f"{_wish(shares, unit)}.",
        f"Headroom: it began with {part.initial_q:,} {unit}, has taken "
        f"{sum(said.taken):,} {unit} and given {sum(said.given):,} {unit}, so it owns "
        f"{owned:,} {unit}" + (f", {said.spare_q:,} of them to spare." if said.spare_q else "."),
        *_edges(shares, said, part, ids, unit),
    ]
    most = part.floor_q + owned
    allow = f"Floor and headroom allow {most:,} {unit}"
    if said.cap_q == most:
        lines.append(f"{allow}, and that is its cap.")
    elif said.spare_q:
        lines.append(f"{allow}; it wishes less: its cap is {said.cap_q:,} {unit}.")
    else:
        lines.append(f"{allow}; its cap is {said.cap_q:,} {unit}: a rise is taken in steps.")
    way = sum(
        shares.under_way_q(giver, taker)
        for giver in shares.parts
        for taker in shares.parts[giver].others
    )
    kept = "kept" if shares.caps_q + way <= shares.budget_q else "BROKEN"
    lines.append(
        f"All together: caps {shares.caps_q:,} + {way:,} under way of {shares.budget_q:,} {unit}, "
        f"by {len(shares.rows)} of {len(shares.parts)} members' rows: {kept}."
    )
    return lines


def _wish(shares: Shares, unit: str) -> str:
    """Return what its status says of wish and load, as part of a sentence."""
    status = shares.status
    sharing = status.document.get("sharing") if status else None
    if status is None or not isinstance(sharing, dict) or "wish_q" not in sharing:
        return ""
    text = (
        f"; by its status at {status.t_us / US:.3f} s its share of all claims, and so its wish, "
    )
    text += f"was {sharing['wish_q']:,} {unit}"
    percent = sharing.get("percent", 100)
    if percent != 100:
        text += f", with {percent} % of the limit there"
    point_q = sharing.get("point_q")
    return text + (f" and its load was set to {point_q:,} {unit}" if point_q is not None else "")


def _edges(shares: Shares, said: Said, part: Part, ids: Mapping[int, str], unit: str) -> list[str]:
    lines = []
    for slot, other in enumerate(part.others):
        given, taken, ask_q = said.given[slot], said.taken[slot], said.ask_q[slot]
        coming = shares.under_way_q(other, shares.number)
        going = shares.under_way_q(shares.number, other)
        told = [
            text
            for number, text in (
                (taken, f"took {taken:,}"), (given, f"gave {given:,}"),
                (coming, f"{coming:,} under way from it"), (going, f"{going:,} under way to it"),
                (ask_q, f"asks it for {ask_q:,}"),
            )
            if number
        ]  # fmt: skip
        if told:
            row = shares.rows.get(other)
            where = f" (its row at {row[0] / US:.3f} s)" if row else " (never heard)"
            lines.append(f"  {ids.get(other, str(other)):16} {', '.join(told)} {unit}{where}")
    if len(lines) > EDGES_TOLD:
        lines[EDGES_TOLD:] = [f"  and {len(lines) - EDGES_TOLD} more"]
    return lines


def as_json(shares: Shares, ids: Mapping[int, str]) -> dict[str, Any]:
    """Return the share as numbers."""
    part, said = shares.parts[shares.number], shares.said
    edges = [
        {
            "node": ids.get(other, str(other)),
            "given_q": said.given[slot],
            "taken_q": said.taken[slot],
            "asked_q": said.ask_q[slot],
            "coming_q": shares.under_way_q(other, shares.number),
            "going_q": shares.under_way_q(shares.number, other),
        }
        for slot, other in enumerate(part.others)
        if said is not None
    ]
    return {
        "limit": shares.limit,
        "limit_q": shares.limit_q,
        "budget_q": shares.budget_q,
        "floor_q": part.floor_q,
        "cap_q": said.cap_q if said else part.floor_q,
        "claim_q": said.claim_q if said else None,
        "owned_q": owned_q(said, part) if said else None,
        "caps_q": shares.caps_q,
        "edges": edges,
    }
