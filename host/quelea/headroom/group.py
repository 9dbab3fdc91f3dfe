"""A group of loads that share limits: from what people configure to what each node is given.

A load is a member of one limit or of several, such as the phases it is wired to, and draws the
same of each. Of every limit a Split (plan.py) says that it holds; here are added the loads' own
values and the files that a node finds at its first start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quelea_agent.books import Books
from quelea_agent.headroom import Plan as NodePlan
from quelea_agent.policies import POLICIES, names
from quelea_proto.crc import crc16
from quelea_proto.limits import HEADROOM_Q_MAX

from quelea.errors import UserError
from quelea.headroom.audit import Part
from quelea.headroom.plan import Split, node_plan, validate, worst_q
from quelea.headroom.terms import Terms, check_reclaim

AGREED = "max-min-agreed"  # the policy that takes a part of the firmware, and the consensus
LINE_SHARE = 4  # where no line is free, this part of the headroom pays for what liars can add


@dataclass(frozen=True)
class Load:
    """One member. Its values: {0} and least_q .. most_q by unit_q. floor_q: always allowed.

    limits: numbers of the limits that it draws of. reserve_q: the most it draws should it lie;
    None: its floor, as where its own hardware holds it there. vacant: a place for one that joins
    later.
    """

    node: int
    floor_q: int = 0
    least_q: int = 0
    most_q: int = HEADROOM_Q_MAX
    unit_q: int = 1
    priority: int = 0
    limits: tuple[int, ...] = (0,)
    reserve_q: int | None = None
    vacant: bool = False

    def value_q(self, amount_q: int) -> int:
        """Return the largest of its values that is at most amount_q."""
        values = range(self.least_q, min(amount_q, self.most_q) + 1, self.unit_q)
        return values[-1] if values else 0

    def claim_q(self, demand_q: int) -> int:
        """Return what it claims for a demand, where no time holds it on or off."""
        return self.value_q(max(demand_q, self.least_q)) if demand_q > 0 else 0


@dataclass(frozen=True)
class Group:
    """splits, names: by limit. on_ms, off_ms: least time on and off. turn_epochs: 0 for no turns.

    given: the configuration of each split, as validate() takes it. terms: of a group whose members
    may change, whose rounds are period_ms.
    """

    loads: tuple[Load, ...]
    splits: tuple[Split, ...]
    names: tuple[str, ...]
    unit: str = "W"
    policy: str = "max-min"
    on_ms: int = 0
    off_ms: int = 0
    turn_epochs: int = 0
    terms: Terms | None = None
    period_ms: int = 1000
    given: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    def load_of(self, node: int) -> Load:
        """Return the load of a node; KeyError for a stranger."""
        return {load.node: load for load in self.loads}[node]

    @property
    def agrees(self) -> bool:
        """Whether a consensus settles its one water level; of several limits, or priorities,
        there are several, and each load goes by those that it reckons."""
        one = len(self.splits) == 1 == len({load.priority for load in self.loads})
        return one and self.policy == AGREED

    def check_cadence(self, where: str) -> None:
        """Raise UserError for a group that cannot have a cadence."""
        if self.turn_epochs:
            raise UserError(
                "loads that take turns, and a cadence",
                where,
                "turns are counted in epochs, which go on in quiet times, up to cadence times as "
                "long",
                "set turn_s = 0, or no cadence",
            )

    def members(self, limit: int) -> list[Load]:
        """Return the loads of a limit, ascending."""
        return [load for load in self.loads if limit in load.limits]

    def parts(self, limit: int) -> dict[int, Part]:
        """Return what the audit may know of a limit."""
        split = self.splits[limit]
        numbers = [one.node for one in split.members]
        return {
            one.node: Part(
                tuple(other for other in numbers if other != one.node), one.floor_q, one.initial_q
            )
            for one in split.members
        }

    def node_config(self, node: int, ids: Mapping[int, str]) -> dict[str, Any]:
        """Return `headroom` of a node's cfg.json."""
        rows: list[dict[str, Any]] = []
        met: set[int] = set()
        for limit in self.load_of(node).limits:
            split, loads = self.splits[limit], self.members(limit)
            numbers = [load.node for load in loads]
            met |= set(numbers) - {node}
            rows.append(
                {
                    "plan": node_plan(split, node),
                    "own": numbers.index(node),
                    "budget_q": split.budget_q,
                    "rows": [
                        [one.floor_q, one.least_q, one.most_q, one.unit_q, one.priority,
                         member.initial_q]
                        for one, member in zip(loads, split.members, strict=True)
                    ],
                }
            )  # fmt: skip
            if self.terms is not None:
                rows[-1]["members"] = self._terms_of(limit, node, self.terms)
        return {
            **({"agreed": True} if self.agrees else {}),
            "leases": self.terms is not None,
            "policy": "max-min" if self.policy == AGREED and not self.agrees else self.policy,
            "on_ms": self.on_ms,
            "off_ms": self.off_ms,
            "turn_epochs": self.turn_epochs,
            "members": [[number, ids[number]] for number in sorted(met)],
            "limits": rows,
        }

    @property
    def digest(self) -> int:
        """u16 by which a document names the group."""
        data = b"".join(split.digest.to_bytes(2, "little") for split in self.splits)
        return crc16(data, len(data))

    def _terms_of(self, limit: int, node: int, terms: Terms) -> dict[str, Any]:
        """Return what quelea_agent.members.Group takes."""
        split = self.splits[limit]
        votes = {load.node: int(not load.vacant) for load in self.members(limit)}
        return {
            "initial_q": [one.initial_q for one in split.members if one.node != node],
            "votes": [votes[one.node] for one in split.members if one.node != node],
            "own_vote": votes[node],
            "faults_max": split.faults_max,
            "lease_ms": terms.lease_ms,
            "wait_ms": terms.wait_ms(self.period_ms, split.settle_rounds),
            "majority": terms.majority,
            "digest": self.digest,
        }

    def records(self, node: int) -> dict[str, bytes]:
        """Return the files by which a node is enrolled; once in the life of a configuration.

        None for a vacant place: a document lets in who comes to it, and everybody's record says
        that it is gone.
        """
        files: dict[str, bytes] = {}
        if self.load_of(node).vacant:
            return files
        for limit in self.load_of(node).limits:
            headroom = Books(NodePlan(**node_plan(self.splits[limit], node)))
            others = [load for load in self.members(limit) if load.node != node]
            slot = headroom.enrol([one.vacant for one in others])
            files[f"headroom.{limit}.{slot}"] = bytes(headroom.record)
        return files


def make(
    loads: Sequence[Load],
    limits_q: Sequence[int],
    *,
    names: Sequence[str] = (),
    safety_percent: int = 80,
    faults_max: int = 0,
    line_q: int | None = None,
    step_q: int | None = None,
    settle_rounds: int = 0,
    where: str = "--limit",
    **more: Any,
) -> Group:
    """Return a group whose every limit holds; UserError says with numbers what would fit.

    step_q: largest rise of a cap a round, None: at once. more: unit, policy, on_ms, off_ms,
    turn_epochs, terms, period_ms.
    """
    check_policy(more.get("policy", "max-min"), where)
    given: list[dict[str, Any]] = []
    splits = []
    for limit, limit_q in enumerate(limits_q):
        members = [load for load in loads if limit in load.limits]
        name = names[limit] if names else str(limit)
        spot = f"{where}, limit {name}" if len(limits_q) > 1 else where
        row: dict[str, Any] = {
            "limit": limit,
            "limit_q": limit_q,
            "safety_percent": safety_percent,
            "faults_max": faults_max,
            "settle_rounds": settle_rounds,
            "members": [_member(load, 0) for load in members],
        }
        if step_q is not None:
            row["step_q"] = step_q
        validate({**row, "line_q": 0}, spot)  # floors, or the reserves alone, may not fit
        if faults_max:
            row["line_q"] = _line_q(row, members) if line_q is None else line_q
        initial_q = _initial_q(row, members)
        row["members"] = [_member(load, initial_q) for load in members]
        given.append(row)
        splits.append(validate(row, spot))
        terms = more.get("terms")
        if terms is not None:
            terms.check(len(members), more.get("period_ms", 1000), spot)
            check_reclaim(splits[-1], spot)
    return Group(
        loads=tuple(loads),
        splits=tuple(splits),
        names=tuple(names) or tuple(str(limit) for limit in range(len(limits_q))),
        given=tuple(given),
        **more,
    )


def _member(load: Load, initial_q: int) -> dict[str, int]:
    reserve_q = load.floor_q if load.reserve_q is None else load.reserve_q
    return {
        "node": load.node,
        "floor_q": load.floor_q,
        "initial_q": 0 if load.vacant else initial_q,
        "reserve_q": reserve_q,
    }


def _fits(row: Mapping[str, Any], loads: Sequence[Load], initial_q: int) -> bool:
    members = [_member(load, initial_q) for load in loads]
    try:
        validate({**row, "members": members})
    except UserError:
        return False
    return True


def _initial_q(row: Mapping[str, Any], loads: Sequence[Load]) -> int:
    """Return the most headroom, the same for each member, that the limit has room for."""
    low, high = 0, HEADROOM_Q_MAX
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _fits(row, loads, middle) else (low, middle - 1)
    return low


def _line_q(row: Mapping[str, Any], loads: Sequence[Load]) -> int:
    """Return the widest lines that cost no headroom, as where hardware holds a liar at its floor;
    else those for which a part of the free headroom pays."""
    bare = {**row, "line_q": 0}
    initial_q = _initial_q(bare, loads)
    split = validate({**bare, "members": [_member(load, initial_q) for load in loads]})
    faults_max, count = split.faults_max, len(split.members)
    low, high = 0, split.budget_q
    while low < high:
        middle = (low + high + 1) // 2
        holds = worst_q(split.members, middle, faults_max) <= split.budget_q
        low, high = (middle, high) if holds else (low, middle - 1)
    free_q = split.budget_q - worst_q(validate(bare).members, 0, faults_max)
    paid_q = max(0, free_q) // (LINE_SHARE * faults_max * max(1, count - faults_max))
    return low if low * LINE_SHARE >= paid_q else paid_q


def check_policy(policy: str, where: str) -> None:
    """Raise UserError for a name that is no policy's."""
    if policy not in [name for name, _ in POLICIES]:
        raise UserError(f"no policy named {policy!r}", where, f"one of: {names()}", "correct it")
