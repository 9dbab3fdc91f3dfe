"""How a shared limit is split: floors, headroom at the start, lines; refused when it could exceed.

    {"limit_q": 40000, "safety_percent": 80, "faults_max": 1, "step_q": 4000, "settle_rounds": 5,
     "members": [{"node": 1, "floor_q": 2000, "initial_q": 2000, "reserve_q": 2000}, ...],
     "line_q": 1000}

reserve_q: what the member may draw should it lie: its floor where something else holds it there,
else the most that its hardware draws (default: floor_q + initial_q). line_q: the most that any
member holds of another's units, net; default without liars: everything. docs/safety.md has the
proof of the sum that is checked here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quelea_proto.crc import crc16
from quelea_proto.limits import HEADROOM_Q_MAX, NODE_MAX, PEERS_MAX, SHARED_LIMITS_MAX

from quelea.errors import UserError

ROUNDS_MAX = 1000


@dataclass(frozen=True)
class Member:
    """One member's part, in q."""

    node: int
    floor_q: int
    initial_q: int
    reserve_q: int


@dataclass(frozen=True)
class Split:
    """A limit split so that it holds; budget_q: the limit times the safety factor."""

    budget_q: int
    faults_max: int
    line_q: int
    step_q: int
    settle_rounds: int
    members: tuple[Member, ...]
    digest: int
    limit: int = 0

    @property
    def worst_q(self) -> int:
        """Most that is ever drawn with at most faults_max liars: at most budget_q."""
        return worst_q(self.members, self.line_q, self.faults_max)


def worst_q(members: tuple[Member, ...], line_q: int, faults_max: int) -> int:
    """Return the most that can be drawn: by the honest, and what the worst liars draw and add.

    For each number of liars up to faults_max: fewer of them have more others to lie to.
    """
    honest_q = sum(one.floor_q + one.initial_q for one in members)
    extra = sorted((one.reserve_q - one.floor_q - one.initial_q for one in members), reverse=True)
    return max(
        honest_q + sum(extra[:liars]) + liars * line_q * (len(members) - liars)
        for liars in range(faults_max + 1)
    )


def validate(given: Mapping[str, Any], where: str = "headroom") -> Split:
    """Return the split of a configuration; UserError says with numbers what would fit."""
    limit_q = _number(given, "limit_q", 1, HEADROOM_Q_MAX, where)
    percent = _number(given, "safety_percent", 1, 100, where, 80)
    budget_q = limit_q * percent // 100
    rows = given.get("members")
    if not isinstance(rows, list) or not 2 <= len(rows) <= PEERS_MAX + 1:
        have = len(rows) if isinstance(rows, list) else rows
        raise UserError(
            f"members: {have}", where, f"a list of 2..{PEERS_MAX + 1}", "split the group"
        )
    members = tuple(_member(row, f"{where}: member {at + 1}") for at, row in enumerate(rows))
    numbers = [one.node for one in members]
    if numbers != sorted(set(numbers)):
        raise UserError(f"nodes {numbers}", where, "ascending, each once", "order the members")
    faults_max = _number(given, "faults_max", 0, len(members) - 1, where, 0)
    line_q = _number(given, "line_q", 0, HEADROOM_Q_MAX, where, 0 if faults_max else budget_q)
    split = Split(
        budget_q=budget_q,
        faults_max=faults_max,
        line_q=line_q,
        step_q=_number(given, "step_q", 1, HEADROOM_Q_MAX, where, budget_q),
        settle_rounds=_number(given, "settle_rounds", 0, ROUNDS_MAX, where, 0),
        members=members,
        digest=_digest(given),
        limit=_number(given, "limit", 0, SHARED_LIMITS_MAX - 1, where, 0),
    )
    _check_sum(split, limit_q, percent, where)
    return split


def _check_sum(split: Split, limit_q: int, percent: int, where: str) -> None:
    budget_q, members = split.budget_q, split.members
    stated = f"{percent} % of limit_q {limit_q} = {budget_q}"
    floors_q = sum(one.floor_q for one in members)
    if floors_q > budget_q:
        fits = ", ".join(f"{one.node}: {one.floor_q * budget_q // floors_q}" for one in members)
        kept, sum_q = 0, 0
        for floor_q in sorted(one.floor_q for one in members):
            sum_q += floor_q
            kept += sum_q <= budget_q
        raise UserError(
            f"the floors add up to {floors_q}, {floors_q - budget_q} too much",
            where,
            f"at most {stated}: floors hold even when nobody hears anybody",
            f"floors in proportion that fit: {fits}; or keep those of {kept} of {len(members)} "
            f"members and set 0 for the others; or a limit_q of {-(-floors_q * 100 // percent)}",
        )
    initial_q = sum(one.initial_q for one in members)
    if floors_q + initial_q > budget_q:
        raise UserError(
            f"floors {floors_q} and initial headroom {initial_q} add up to {floors_q + initial_q}",
            where,
            f"at most {stated}",
            f"give out at most {budget_q - floors_q} of headroom",
        )
    if split.worst_q > budget_q:
        raise UserError(
            f"with up to {split.faults_max} liars {split.worst_q} could be drawn",
            where,
            f"at most {stated}; a liar draws its reserve_q instead of its floor and headroom, and "
            f"adds line_q {split.line_q} to each honest member",
            _remedy(split),
        )


def _remedy(split: Split) -> str:
    fits = [
        line_q
        for line_q in (split.line_q >> shift for shift in range(1, 24))
        if worst_q(split.members, line_q, split.faults_max) <= split.budget_q
    ]
    if fits:
        low, high = fits[0], split.line_q
        while high - low > 1:
            middle = (low + high) // 2
            if worst_q(split.members, middle, split.faults_max) <= split.budget_q:
                low = middle
            else:
                high = middle
        return f"line_q of at most {low}"
    over_q = worst_q(split.members, 0, split.faults_max) - split.budget_q
    return f"lower the members' reserve_q, or initial_q by {over_q} in all"


def _digest(given: Mapping[str, Any]) -> int:
    data = json.dumps(given, sort_keys=True, separators=(",", ":")).encode()
    return crc16(data, len(data))


def _member(row: Any, where: str) -> Member:
    if not isinstance(row, Mapping):
        raise UserError(f"{row!r}", where, "an object with node, floor_q, initial_q", "write one")
    floor_q = _number(row, "floor_q", 0, HEADROOM_Q_MAX, where)
    initial_q = _number(row, "initial_q", 0, HEADROOM_Q_MAX, where)
    reserve_q = _number(row, "reserve_q", 0, HEADROOM_Q_MAX, where, floor_q + initial_q)
    return Member(_number(row, "node", 1, NODE_MAX, where), floor_q, initial_q, reserve_q)


def _number(
    given: Mapping[str, Any], key: str, low: int, high: int, where: str, default: int | None = None
) -> int:
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        said = "is missing" if value is None else f"is {value!r}"
        raise UserError(f"{key} {said}", where, f"a whole number in {low}..{high}", "correct it")
    return value


def node_plan(split: Split, node: int) -> dict[str, Any]:
    """Return the arguments of quelea_agent.headroom.Plan for one member; everybody is linked."""
    numbers = [one.node for one in split.members]
    own = numbers.index(node)
    others = numbers[:own] + numbers[own + 1 :]
    lines = (split.line_q,) * len(others)
    return {
        "node": node,
        "numbers": tuple(others),
        "places": tuple(own - 1 if other < node else own for other in others),
        "floor_q": split.members[own].floor_q,
        "initial_q": split.members[own].initial_q,
        "line_in_q": lines,
        "line_out_q": lines,
        "step_q": split.step_q,
        "settle_rounds": split.settle_rounds,
        "digest": split.digest,
        "limit": split.limit,
    }
