"""A group whose members go, come back and join, in virtual time: what world.py does, and more.

Nodes stay away for long, partitions last, and a host signs documents without asking whether they
are wise: that a living node is gone, that one may come back whose account nobody has closed, or
again an older one. Liars answer for those who cannot be heard and lie about every account. What
is owned is read from the stored bytes, by the parser here.
"""

import heapq
import random
import struct
from collections import deque
from typing import Any

from quelea_agent.floors import load as make_membership
from quelea_agent.membership import Membership
from quelea_proto import pulse_row

from quelea.headroom import documents
from quelea.headroom.audit import signed
from quelea.headroom.group import Group
from quelea.headroom.plan import Split
from quelea.headroom.world import EPOCH_ROUNDS, RING, BrokenLimit, Cut, World
from quelea.headroom.world import Node as PlainNode

AWAY_S = (0, 2, 5, 20, 40, 80)
CUT_S = (2, 5, 20, 40, 60)


class Books:
    """entry, given, taken, heard as stored; entry 0 where no slot is whole."""

    def __init__(self, slots: tuple[bytes, bytes], count: int) -> None:
        whole = [
            (struct.unpack_from("<I", data, 4)[0], data)
            for data in slots
            if len(data) == 16 + 12 * count and data[4:8] == data[-4:] != b"\xff" * 4
        ]
        entry, data = max(whole, default=(0, bytes(16 + 12 * count)))
        self.entry: int = entry
        words = struct.unpack_from(f"<{3 * count}I", data, 10)
        self.given, self.taken, self.heard = words[0::3], words[1::3], words[2::3]

    @property
    def mark(self) -> int:
        """The incarnation; -1 without a record."""
        return self.entry >> 24 if self.entry else -1


class Node(PlainNode):
    """A board with leases. boots: sessions begun."""

    sharing: Membership

    def __init__(
        self, group: Group, node: int, ids: dict[int, str], period_us: int, cadence: int = 0
    ) -> None:
        self.boots = 0
        self.enrolled = not group.load_of(node).vacant
        super().__init__(group, node, ids, period_us, cadence)

    def boot(self) -> Membership:
        """Begin with what is stored; a joiner has nothing yet."""
        config = self.group.node_config(self.node, self.ids)
        made, problem = make_membership(self.settings(), config)
        assert problem is None, problem
        self.boots += 1
        made.begin(self.boots)
        for share in made.shares:
            slots = [self.files.get(share.name(slot), b"") for slot in (0, 1)]
            whole = share.headroom.load(*slots)
            assert whole or not self.enrolled, "neither slot is whole"
        self.sharing = made
        self.up = True
        return made


class MembersWorld(World):
    """documents: whether a host signs any. See World for the rest."""

    kind = Node
    nodes: dict[int, Node]  # type: ignore[assignment]

    def __init__(self, group: Group, seed: int, *, documents: bool = True, **more: Any) -> None:
        self.documents: list[bytes] = []
        self.marks = {load.node: int(load.vacant) for load in group.loads}
        self.members = {load.node: not load.vacant for load in group.loads}
        self.books: dict[int, dict[int, Books]] = {}  # by limit and node, as long as none writes
        self.watchdog_us = (group.terms.watchdog_ms if group.terms else 0) * 1000
        self.held: set[int] = set()  # nodes that are kept away
        self.floors_q: dict[int, int] = {}  # of documents
        self.percent = 100
        self.changing = False  # whether the host changes floors and the limit, unwisely too
        self._amounts = random.Random(f"amounts {seed}")
        self.emptied: set[int] = set()  # empty boards in the place of others
        self.wise = False
        self._cut_until_us = 0
        self._owned_q: dict[int, dict[int, int]] = {}
        self._host = random.Random(f"host {seed}")
        super().__init__(group, seed, **more)
        if documents:
            self._at(5 * self.period_us, "host", 0)

    # -- what nodes do ----------------------------------------------------------------------------
    def run(self, seconds: float) -> None:
        """See World; with what only happens here."""
        until_us = self.t_us + int(seconds * 1e6)
        while self._queue[0][0] <= until_us:
            entry = self._queue[0]
            what, number, source, payload = entry[2:]
            if what not in ("document", "fell", "host"):
                super().run((entry[0] - self.t_us) / 1e6)
                continue
            self.t_us = heapq.heappop(self._queue)[0]
            node = self.nodes.get(number)
            if what == "host":
                self._document()
                self._at(self._host.randrange(2, 20) * self.period_us, "host", 0)
            elif node is not None and what == "document" and node.up:
                node.sharing.document(payload)
            elif node is not None and what == "fell" and not node.up and node.boots == source:
                self._fall(node)
            self.check()
        self.t_us = until_us

    def _fall(self, node: Node) -> None:
        """The watchdog of a board that does nothing any more."""
        for limit, recent_q in node.recent_q.items():
            floor_q = self.group.load_of(node.node).floor_q
            node.recent_q[limit] = deque([floor_q], recent_q.maxlen)

    def _round(self, node: PlainNode) -> None:
        assert isinstance(node, Node)
        if not node.up:
            return
        node.rounds += 1
        now_ms = self.t_us // 1000 % RING
        try:
            epoch = self.t_us // (EPOCH_ROUNDS * self.period_us)
            node.sharing.round(now_ms, node.demand_q, 0, epoch)
            for share in node.sharing.shares:
                node.recent_q[share.headroom.plan.limit].append(share.headroom.cap_q)
            self.check()
            self._maybe_cut("before", 0.005)
            for share in node.sharing.shares:
                if share.slot >= 0:
                    data = bytes(share.headroom.record)
                    share.stored(self._write(node, share.name(), data))
                recent_q = node.recent_q[share.headroom.plan.limit]
                recent_q[-1] = max(recent_q[-1], share.headroom.cap_q)
            node.sharing.set(now_ms)
            for share in node.sharing.shares:
                row = share.row()
                if row is not None:
                    self._speak(node, share, bytes(row))
                pulse = share.pulse()
                if pulse is not None:
                    self._publish(node.node, bytes(pulse))
            self._maybe_cut("spoken", 0.005)
        except Cut:
            self._down(node, self.rng.choice(AWAY_S) * 1_000_000)
        else:
            self._at(node.period_us, "round", node.node)

    def _down(self, node: Node, away_us: int) -> None:
        node.up = False
        self._at(self.watchdog_us, "fell", node.node, node.boots)
        if self.rng.random() < 0.05 * self.trouble:  # an empty board is put in its place
            self.fired["wiped"] += 1
            node.files.clear()
            self.emptied.add(node.node)
            node.enrolled = False
            self.books.clear()
            self._under_way_q.clear()
        if node.node not in self.held:
            self._at(away_us + self.rng.randrange(2 * self.period_us), "boot", node.node)

    def _write(self, node: PlainNode, name: str, data: bytes) -> bool:
        self.books.clear()
        done = super()._write(node, name, data)
        assert isinstance(node, Node)
        node.enrolled |= done
        return done

    def send_away(self, number: int) -> None:
        """Take a node's power for good, until bring_back()."""
        self.held.add(number)
        self.nodes[number].up = False
        self._at(self.watchdog_us, "fell", number, self.nodes[number].boots)

    def bring_back(self, number: int) -> None:
        """Give it power again."""
        self.held.discard(number)
        self._at(0, "boot", number)

    # -- what happens between them ----------------------------------------------------------------
    def _trouble(self) -> None:
        """See World; but a partition lasts, up to CUT_S."""
        before = set(self._cut)
        super()._trouble()
        if before and self.t_us < self._cut_until_us:
            self._cut = before
        elif self._cut and self._cut != before:
            self._cut_until_us = self.t_us + self.rng.choice(CUT_S) * 1_000_000
        else:
            self._cut.clear()

    def say(self, node: int, mark: int, member: bool) -> None:
        """Sign and publish a document that says this of a place."""
        self.marks[node], self.members[node] = mark, member
        places = [
            (n, self.marks[n], self.members[n], self.floors_q.get(n, 0))
            for n in sorted(self.marks)
        ]
        body = documents.pack(self.group.digest, len(self.documents) + 1, places, self.percent)
        self.documents.append(body)
        self.spread(body)

    def _change(self) -> None:
        """Change a floor, and sometimes how much of the limit there is; with the next document."""
        rng = self._amounts
        number = rng.choice(sorted(self.marks))
        most_q = max(split.budget_q for split in self.group.splits)
        self.floors_q[number] = rng.choice((0, 0, rng.randrange(most_q), most_q))
        self.fired["floor"] += 1
        if rng.random() < 0.3:
            self.percent = rng.choice((100, 100, rng.randrange(101)))
            self.fired["percent"] += 1

    def spread(self, body: bytes) -> None:
        """Deliver a document to whoever hears it now."""
        for number in self.honest:
            if self.rng.random() < 0.8:
                self._at(self.rng.randrange(3 * self.period_us), "document", number, 0, body)

    def known_mark(self, number: int) -> int:
        """Return the highest mark of a place in anybody's books."""
        marks = [self.marks[number]]
        for split in self.group.splits:
            members = [one.node for one in split.members]
            for node, books in self._all(split).items():
                if node != number and number in members:
                    own = members.index(number)
                    marks.append(books.heard[own if number < node else own - 1] >> 24)
        return max(marks)

    def calm(self) -> None:
        """See World; the host lets everybody back in, one at a time, and takes nobody for gone."""
        super().calm()
        self.wise = True

    def settled(self) -> bool:
        """Return whether every honest member is in, with a lease, and no account is open."""
        return all(self.nodes[number].up for number in self.honest) and all(
            share.members.leased and share.members.closed and not share.members.mirroring
            for number in self.honest
            for share in self.nodes[number].sharing.shares
        )

    def _document(self) -> None:
        rng = self._host
        if self.changing:
            self._change()
        if self.wise:
            if self.emptied:  # its incarnation is over: what it held is to be taken over first
                number = self.emptied.pop()
                self.say(number, self.known_mark(number) + 1, False)
                return
            behind = [n for n in self.honest if self.known_mark(n) > self.mark_of(n)]
            if behind and (self.marks[behind[0]], self.members[behind[0]]) != (
                self.known_mark(behind[0]), True
            ):  # fmt: skip
                self.say(behind[0], self.known_mark(behind[0]), True)
            elif self.documents:
                self.spread(self.documents[-1])
            return
        number = rng.choice(sorted(self.marks))
        mark = self.known_mark(number)
        if self.documents and rng.random() < 0.5:
            self.spread(self.documents[-1])
        if self.documents and rng.random() < 0.2:
            self.spread(rng.choice(self.documents))
            self.fired["old document"] += 1
        behind = [n for n in self.marks if self.known_mark(n) > self.mark_of(n)]
        if behind and rng.random() < 0.6:
            self.say(behind[0], self.known_mark(behind[0]), True)
            self.fired["let in"] += 1
        elif rng.random() < 0.3 and mark < 60:
            self.say(number, mark + 1, False)
            self.fired["said gone"] += 1

    def mark_of(self, number: int) -> int:
        """Return a node's own incarnation."""
        limit = self.group.load_of(number).limits[0]
        books = self._all(self.group.splits[limit]).get(number)
        return books.mark if books else 99

    def _lie(self, number: int) -> None:
        """Rows as elsewhere, and pulses: it answers whom nobody hears, and lies about accounts."""
        super()._lie(number)
        rng = self.rng
        for limit in self.group.load_of(number).limits:
            numbers = [load.node for load in self.group.members(limit)]
            others = [one for one in numbers if one != number]
            for dest in others:
                if dest in self.liars:
                    continue
                row = bytearray(pulse_row.row_bytes(len(others)))
                beat = self.t_us // 1000 + 1
                entry = rng.choice((0, 1, 1000, 1 << 24 | 9))
                pulse_row.pack_head(row, limit, number, entry, 7, beat, 0, len(others))
                there = self.nodes[dest].sharing.shares
                members = next(s.members for s in there if s.headroom.plan.limit == limit)
                truth = {n: members.books.mark_of(at) | 64 * members.books.is_gone(at)
                         for at, n in enumerate(members.books.plan.numbers)}  # fmt: skip
                for slot, other in enumerate(others):
                    state = truth.get(other, members.books.mark if members.books.entry else 0)
                    if rng.random() < 0.3:
                        state = rng.choice((0, 64 | 1, 128, 1, 64 | 2))
                    net = rng.choice((0, 5000, RING - 5000, rng.randrange(RING)))
                    answered = members._beat if other == dest else rng.randrange(1, 50)
                    session = self.nodes[dest].boots if other == dest else 1
                    pulse_row.pack_slot(row, slot, session, answered, state & 255, net)
                pulse_row.seal(row)
                self._send(number, dest, bytes(row))

    # -- what must hold ---------------------------------------------------------------------------
    def _all(self, split: Split) -> dict[int, Books]:
        if split.limit not in self.books:
            count = len(split.members) - 1
            names = [f"headroom.{split.limit}.{slot}" for slot in (0, 1)]
            self.books[split.limit] = {
                one.node: Books(
                    (self.nodes[one.node].files.get(names[0], b""),
                     self.nodes[one.node].files.get(names[1], b"")), count,
                )
                for one in split.members
                if one.node not in self.liars
            }  # fmt: skip
        return self.books[split.limit]

    def check(self) -> None:
        """All that may be drawn: by a node that nobody takes for gone, all that it owns."""
        for split in self.group.splits:
            limit = split.limit
            if limit not in self._under_way_q:
                self._under_way_q[limit] = self._read(split)
            total_q = self._under_way_q[limit]
            for one in split.members:
                if one.node in self.liars:
                    total_q += one.reserve_q
                    continue
                recent_q = max(self.nodes[one.node].recent_q[limit])
                total_q += max(recent_q, self._owned_q[limit].get(one.node, 0))
            self.most_q[limit] = max(self.most_q[limit], total_q)
            if total_q > split.budget_q:
                raise BrokenLimit(f"{self.t_us} us: {total_q} of {split.budget_q}")

    def _read(self, split: Split) -> int:
        """Note floor and units of all who are taken for gone by nobody; return what is under way
        between them."""
        books = self._all(split)
        numbers = [one.node for one in split.members]
        inside = []
        for one in split.members:
            if one.node not in books or books[one.node].entry == 0:
                continue
            own = numbers.index(one.node)
            marks = [
                there.heard[own if one.node < node else own - 1] >> 24
                for node, there in books.items()
                if node != one.node and there.entry
            ]
            if max(marks, default=0) <= books[one.node].mark:
                inside.append(one)
        owned: dict[int, int] = {}
        total_q = 0
        for one in inside:
            mine, own = books[one.node], numbers.index(one.node)
            owned_q = one.initial_q + sum(
                signed(t - g) for g, t in zip(mine.given, mine.taken, strict=True)
            )
            if owned_q < 0:
                raise BrokenLimit(f"{self.t_us} us: {one.node} owns {owned_q}")
            owned[one.node] = one.floor_q + owned_q
            for other in inside:
                if other is one:
                    continue
                at = numbers.index(other.node)
                there = books[other.node]
                given = mine.given[at if other.node < one.node else at - 1]
                taken = there.taken[own if one.node < other.node else own - 1]
                under_way_q = signed(given - taken)
                if under_way_q < 0:
                    text = f"{other.node} took {-under_way_q} from {one.node} that were not given"
                    raise BrokenLimit(f"{self.t_us} us: {text}")
                total_q += under_way_q
        self._owned_q[split.limit] = owned
        return total_q
