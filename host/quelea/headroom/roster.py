"""Who is a member, by rows and pulses that are heard; and the next document, or why there is none.

The safety of a document does not rest on what is heard here: members close an account only after
their own wait, and what an account held follows from their books. See docs/safety.md.
"""

from dataclasses import dataclass, field

from quelea_proto import members_doc

from quelea.errors import UserError
from quelea.headroom import documents
from quelea.headroom.audit import Said, owned_q, parse, signed
from quelea.headroom.audit_members import Pulse, parse_pulse
from quelea.headroom.group import Group
from quelea.headroom.plan import worst_q
from quelea.headroom.terms import check_floors, quorum

ACTIONS = ("show", "leave", "reclaim", "join", "floor", "limit")
FRESH_ROUNDS = 5


@dataclass
class Place:
    """A place of the group. gone: that its account is closed, by most who are heard. open_q: what
    is still to be taken over, None while somebody has not closed it. owned_q: by its newest row,
    None where none was heard."""

    node: int
    mark: int
    gone: bool
    heard: bool
    vacant: bool
    cap_q: int | None = None
    owned_q: int | None = None
    open_q: int | None = None
    awaited: bool = False  # let in, and not back yet
    floor_q: int = 0  # by the newest document
    number: int = 0  # of the newest document that it follows
    holds_q: int | None = None  # its configured floor, and what it owns


@dataclass
class Roster:
    """hear() everything; places() and document() say what follows. number, floors_q, percent: of
    the newest document."""

    group: Group
    limit: int = 0
    number: int = 0
    said: dict[int, Said] = field(default_factory=dict)
    pulses: dict[int, Pulse] = field(default_factory=dict)
    at_s: dict[int, float] = field(default_factory=dict)
    named: dict[int, tuple[int, bool]] = field(default_factory=dict)  # by the newest document
    floors_q: dict[int, int] = field(default_factory=dict)
    percent: int = 100
    follows: dict[int, int] = field(default_factory=dict)  # numbers of documents, by node

    def hear(self, source: int, payload: bytes, now_s: float) -> None:
        """Take in what a node published beside its frames."""
        said, pulse = parse(payload), parse_pulse(payload)
        if said is not None and said.node == source and said.limit == self.limit:
            self.said[source] = said
        elif pulse is not None and pulse.node == source and pulse.limit == self.limit:
            self.pulses[source] = pulse
            self.follows[source] = int.from_bytes(payload[14:18], "little")
            self.number = max(self.number, self.follows[source])
            self.at_s[source] = now_s

    def hear_document(self, body: bytes) -> None:
        """Take in the body of a genuine document."""
        found = members_doc.unpack(body)
        if found is not None and found[0] == self.group.digest and found[1] >= self.number:
            self.number = found[1]
            self.named = {node: (mark, member == 1) for node, mark, member, _ in found[2]}
            self.floors_q = {node: floor_q for node, _, _, floor_q in found[2]}
            self.percent = body[members_doc.PERCENT]

    def floor_q(self, node: int) -> int:
        """Return what a member is sure of while it has a lease."""
        return max(self.group.load_of(node).floor_q, self.floors_q.get(node, 0))

    def places(self, now_s: float) -> list[Place]:
        """Return all places, ascending."""
        period_s = self.group.period_ms / 1000
        split, parts = self.group.splits[self.limit], self.group.parts(self.limit)
        heard = {
            node for node, at_s in self.at_s.items() if now_s - at_s <= FRESH_ROUNDS * period_s + 1
        }
        out = []
        for one in split.members:
            node = one.node
            columns = {
                other: (pulse.mark[slot], pulse.gone[slot], pulse.net_q[slot])
                for other, pulse in self.pulses.items()
                if other in heard and other != node
                for slot in [parts[other].others.index(node)]
            }
            said = self.said.get(node)
            own_mark = said.entry >> 24 if said else 0
            mark = max([own_mark, *(row[0] for row in columns.values())])
            closed = [other for other, row in columns.items() if row[1] and row[0] == mark]
            place = Place(
                node, mark, 2 * len(closed) > len(columns), node in heard,
                self.group.load_of(node).vacant,
                floor_q=self.floor_q(node), number=self.follows.get(node, 0),
            )  # fmt: skip
            if said is not None:
                place.cap_q, place.owned_q = said.cap_q, owned_q(said, parts[node])
                place.holds_q = one.floor_q + place.owned_q
            if place.gone:
                known_mark, member = self.named.get(node, (0, False))
                place.awaited = member and known_mark == mark
            out.append(place)
        members = [one.node for one in out if one.node in heard and not one.gone]
        for place, one in zip(out, split.members, strict=True):
            if place.gone and all(self._column(place, node)[1] for node in members):
                nets = [self._column(place, node)[2] for node in members]
                place.open_q = one.initial_q + sum(nets)
            awaited_mark = self.named.get(place.node, (0, False))
            said = self.said.get(place.node)
            if awaited_mark[1] and (said is None or said.entry >> 24 < awaited_mark[0]):
                place.awaited = awaited_mark[0] > 0
        return out

    def _column(self, place: Place, node: int) -> tuple[int, bool, int]:
        slot = self.group.parts(self.limit)[node].others.index(place.node)
        pulse = self.pulses[node]
        return (
            pulse.mark[slot],
            pulse.gone[slot] and pulse.mark[slot] == place.mark,
            (pulse.net_q[slot]),
        )

    def held_q(self, node: int) -> int | None:
        """Return what the others' books say that a member holds, None while one is not heard."""
        members = self.group.splits[self.limit].members
        total_q = next(one.initial_q for one in members if one.node == node)
        for other, part in self.group.parts(self.limit).items():
            if other == node or self.group.load_of(other).vacant:
                continue
            said = self.said.get(other)
            if said is None:
                return None
            slot = part.others.index(node)
            total_q += signed(said.given[slot] - said.taken[slot])
        return total_q

    def document(
        self, action: str, node: int, now_s: float, amount: int = 0
    ) -> tuple[bytes, list[str]]:
        """Return the body of the next document and what it means; UserError where none fits.

        amount: of action `floor` in q, of `limit` in percent; this one is of no node.
        """
        places = {place.node: place for place in self.places(now_s)}
        floors_q = {number: self.floor_q(number) for number in places}
        percent = amount if action == "limit" else self.percent
        if action != "limit" and node not in places:
            raise self._no_place(node)
        if action == "floor":
            floors_q[node] = amount
        lines = self._lines(action, node, places, floors_q, percent)
        rows = []
        for number, one in sorted(places.items()):
            mark, member = one.mark, not one.gone
            known = self.named.get(number, (0, True))
            if known[0] > mark or (known[0] == mark and one.gone):
                mark, member = known
            if number == node and action in ("leave", "reclaim", "join"):
                mark, member = (mark, True) if action == "join" else (one.mark + 1, False)
            rows.append((number, mark, member, floors_q[number]))
        return documents.pack(self.group.digest, self.number + 1, rows, percent), lines

    def _lines(
        self, action: str, node: int, places: dict[int, Place], floors_q: dict[int, int],
        percent: int,
    ) -> list[str]:  # fmt: skip
        """Return what the document means; UserError where it is not to be."""
        if action == "join":
            return self._join(places[node], places)
        if action in ("leave", "reclaim"):
            return self._leave(places[node], places, action)
        split, unit = self.group.splits[self.limit], self.group.unit
        check_floors(split, floors_q, percent, unit)
        total_q = sum(floors_q.values())
        there_q = split.budget_q * percent // 100
        name = self.group.names[self.limit]
        line = f"limit {name}: {there_q} {unit} are there, {total_q} of them in floors"
        if action == "limit":
            return [line]
        load = self.group.load_of(node)
        idle = load.value_q(floors_q[node]) <= 0 < floors_q[node]
        least = f" (its load draws at least {load.least_q})" if idle else ""
        return [
            f"node {node} is sure of {floors_q[node]} {unit} while it has a lease{least}, of "
            f"{load.floor_q} without one",
            line,
        ]

    def _no_place(self, node: int) -> UserError:
        split = self.group.splits[self.limit]
        left_q = split.budget_q - worst_q(split.members, split.line_q, split.faults_max)
        return UserError(
            f"node {node} has no place in limit {self.group.names[self.limit]}",
            "NODE",
            f"places: {', '.join(str(one.node) for one in split.members)}; {left_q} "
            f"{self.group.unit} of the limit are in nobody's floor or headroom",
            f"a configuration with a place for it (vacant = true), its floor at most {left_q}",
        )

    def _leave(self, place: Place, places: dict[int, Place], action: str) -> list[str]:
        group, split = self.group, self.group.splits[self.limit]
        if place.gone:
            raise UserError(
                f"the account of node {place.node} is closed already", "NODE",
                f"still to be taken over: {place.open_q}", "look with `quelea members show`",
            )  # fmt: skip
        if action == "reclaim" and place.heard:
            raise UserError(
                f"node {place.node} is heard", "NODE", "only what is silent is reclaimed",
                f"`quelea members leave {place.node}`, if it is to go",
            )  # fmt: skip
        if place.mark + 1 > members_doc.MARK_MAX:
            raise UserError(
                f"node {place.node} has gone {place.mark} times", "NODE",
                f"at most {members_doc.MARK_MAX}", "configure the group anew",
            )  # fmt: skip
        voters = [one for one in places.values() if not one.vacant]
        stay = [one.node for one in voters if not one.gone and one.node != place.node]
        needed = quorum(len(voters), split.faults_max)
        if len(stay) < needed and not place.vacant:
            raise UserError(
                f"{len(stay)} of {len(voters)} members would be left", "NODE",
                f"at least {needed}, so that who is gone cannot hold leases among themselves",
                "let one in first, or configure the group anew with all loads off",
            )  # fmt: skip
        absent = [n for n in stay if not places[n].heard]
        if absent:
            raise UserError(
                f"nodes {', '.join(map(str, absent))} are not heard either", "NODE",
                "every member that stays closes the account, and says what it knows of it",
                "wait for them, or name them too, one after the other",
            )  # fmt: skip
        assert group.terms is not None
        wait_ms = group.terms.wait_ms(group.period_ms, split.settle_rounds)
        held_q = self.held_q(place.node)
        return [
            f"node {place.node} is gone; its floor of {group.load_of(place.node).floor_q} "
            f"{group.unit} stays its own",
            f"its {'?' if held_q is None else held_q} {group.unit} of headroom go to node "
            f"{min(stay)}, who hands them on, {wait_ms / 1000:.1f} s after it was last answered",
        ]

    def _join(self, place: Place, places: dict[int, Place]) -> list[str]:
        if not place.gone:
            raise UserError(f"node {place.node} is a member", "NODE", "", "nothing is to be done")
        waiting = [one.node for one in places.values() if one.awaited and one is not place]
        if waiting:
            raise UserError(
                f"node {waiting[0]} was let in and is not back yet", "NODE", "one at a time",
                f"wait for it, or `quelea members leave {waiting[0]}`",
            )  # fmt: skip
        still = [one for one in places.values() if one.gone and one.open_q != 0]
        if still:
            amount = "not closed everywhere" if still[0].open_q is None else still[0].open_q
            raise UserError(
                f"the account of node {still[0].node} is open: {amount}", "NODE",
                "nobody is let in before all accounts are closed", "wait some rounds",
            )  # fmt: skip
        return [
            f"node {place.node} is let in as its incarnation {place.mark}: floor "
            f"{self.group.load_of(place.node).floor_q} {self.group.unit}, no headroom; it asks "
            "the others for some"
        ]
