"""A group that shares limits, in virtual time: boards' own code, bad network, power cuts, liars.

What is owned and under way is read from the stored bytes by the parser here, and the caps are what
was enforced last, also of nodes that are down: nothing of it is asked from the code under test.
"""

import heapq
import random
import struct
from collections import Counter, deque
from types import SimpleNamespace

from quelea_agent.sharing import Share, Sharing
from quelea_agent.sharing import load as make_sharing
from quelea_proto.headroom_row import pack_head, pack_slot, row_bytes, seal
from quelea_proto.topics import build

from quelea.headroom.audit import signed
from quelea.headroom.group import Group
from quelea.headroom.plan import Split

RING = 1 << 30
DRIFT = 0.01
EPOCH_ROUNDS = 20
BAND_SHARE = 100  # the dead band of a cadence is this part of what a load draws at most


class Cut(Exception):
    """Power went."""


class BrokenLimit(AssertionError):
    """More was allowed than there is."""


def stored_of(slots: tuple[bytes, bytes], count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return (given, taken) by the newer slot whose two entries agree."""
    best = max(
        (struct.unpack_from("<I", data, 4)[0], data)
        for data in slots
        if len(data) == 16 + 12 * count and data[4:8] == data[-4:] != b"\xff" * 4
    )[1]
    words = struct.unpack_from(f"<{3 * count}I", best, 10)
    return words[0::3], words[1::3]


def partition(rng: random.Random, nodes: list[int]) -> set[tuple[int, int]]:
    """Return the (source, dest) that do not hear each other: a drawn side, both ways or one."""
    side = set(rng.sample(nodes, rng.randrange(1, len(nodes))))
    one_way = rng.random() < 0.5
    return {
        (a, b)
        for a in nodes
        for b in nodes
        if (a in side) != (b in side) and (a in side or not one_way)
    }


class Node:
    """A board: its files, its load. recent_q: by limit, what may still be drawn of it.

    cadence: its longest silence in rounds, 0 for none.
    """

    cadence = 0

    def __init__(
        self, group: Group, node: int, ids: dict[int, str], period_us: int, cadence: int = 0
    ) -> None:
        self.cadence = cadence
        self.node = node
        self.id = ids[node]
        self.group = group
        self.ids = ids
        self.period_us = period_us
        self.files: dict[str, bytes] = group.records(node)
        self.demand_q = 0
        self.rounds = 0
        self.up = True
        self.writes = 0
        load = group.load_of(node)
        self.recent_q = {
            limit: deque([load.floor_q], group.splits[limit].settle_rounds + 1)
            for limit in load.limits
        }
        self.sharing = self.boot()

    def settings(self) -> SimpleNamespace:
        """Return what of a cfg.json the code under test looks at."""
        return SimpleNamespace(
            fleet="sim",
            id=self.id,
            period_ms=self.group.period_ms,
            quiet_rounds_max=self.cadence,
            dead_band_q=max(1, self.group.load_of(self.node).most_q // BAND_SHARE),
        )

    def hear(self, topic: bytes, source: int, payload: bytes) -> None:
        """Take in what another has published."""
        self.sharing.receive(topic, payload)

    def divide(self, now_ms: int, epoch: int) -> None:
        """Do the round up to the load's set point."""
        self.sharing.round(now_ms, self.demand_q, 0, epoch)

    def boot(self) -> Sharing:
        """Begin with what is stored."""
        config = self.group.node_config(self.node, self.ids)
        self.sharing, problem = make_sharing(self.settings(), config)
        assert problem is None, problem
        for share in self.sharing.shares:
            slots = [self.files.get(share.name(slot), b"") for slot in (0, 1)]
            assert share.headroom.load(*slots), "neither slot is whole"
        self.up = True
        return self.sharing


class World:
    """A group in virtual time.

    trouble: share 0 .. 1 that scales every fault. loss: share of rows lost, and no other fault
    but drift. liars: node numbers. seed: of everything. cadence: the longest silence in rounds, 0:
    everybody speaks in every round.
    """

    kind = Node

    def __init__(
        self,
        group: Group,
        seed: int,
        trouble: float = 1.0,
        loss: float = 0.0,
        liars: tuple[int, ...] = (),
        period_ms: int = 1000,
        cadence: int = 0,
    ) -> None:
        self.group, self.trouble, self.loss, self.liars = group, trouble, loss, liars
        self.period_us = period_ms * 1000
        self.cadence = cadence
        self.rng = random.Random(f"sharing {seed}")
        self.fired: Counter[str] = Counter()
        self.t_us = 0
        self.rows: list[tuple[int, int, bytes]] = []
        self._queue: list[tuple[int, int, str, int, int, bytes]] = []
        self._order = 0
        self._cut: set[tuple[int, int]] = set()
        ids = {load.node: f"n{load.node:02}" for load in group.loads}
        self._topics = {
            node: build("headroom", "sim", name).encode() for node, name in ids.items()
        }
        self.nodes: dict[int, Node] = {}
        for load in group.loads:
            period_us = int(self.period_us * self.rng.uniform(1 - DRIFT, 1 + DRIFT))
            self.nodes[load.node] = self.kind(group, load.node, ids, period_us, cadence)
            self._at(self.rng.randrange(self.period_us), "round", load.node)
        self.honest = [number for number in self.nodes if number not in liars]
        for number in self.honest if cadence else ():  # then demands change seldom, see _trouble
            most_q = group.load_of(number).most_q
            self.nodes[number].demand_q = self.rng.choice((most_q, self.rng.randrange(most_q + 1)))
        self.most_q = [0] * len(group.splits)
        self._under_way_q: dict[int, int] = {}  # by limit, as long as nobody writes
        if trouble:
            self._at(self.period_us, "trouble", 0)

    def _at(
        self, delay_us: int, what: str, node: int, source: int = 0, payload: bytes = b""
    ) -> None:
        self._order += 1
        entry = (self.t_us + delay_us, self._order, what, node, source, payload)
        heapq.heappush(self._queue, entry)

    def run(self, seconds: float) -> None:
        """Go on for so long; BrokenLimit at the first event after which a limit is exceeded."""
        until_us = self.t_us + int(seconds * 1e6)
        while self._queue[0][0] <= until_us:
            self.t_us, _, what, number, source, payload = heapq.heappop(self._queue)
            if what == "hear":
                node = self.nodes[number]
                if node.up and number not in self.liars:
                    node.hear(self._topics[source], source, payload)
                continue  # what is heard changes neither a cap nor what is stored
            if what == "again":
                if self.nodes[number].up:
                    self._publish(number, payload)
                continue
            if what == "trouble":
                self._trouble()
            elif what == "boot":
                self.nodes[number].boot()
                self._at(0, "round", number)
            elif number in self.liars:
                self._lie(number)
                self._at(self.period_us // 2, "round", number)
            else:
                self._round(self.nodes[number])
            self.check()
        self.t_us = until_us

    # -- what nodes do ----------------------------------------------------------------------------
    def _round(self, node: Node) -> None:
        if not node.up:
            return
        node.rounds += 1
        now_ms = self.t_us // 1000 % RING
        try:
            epoch = self.t_us // (EPOCH_ROUNDS * self.period_us)
            node.divide(now_ms, epoch)
            for share in node.sharing.shares:
                limit = share.headroom.plan.limit
                node.recent_q[limit].append(share.headroom.cap_q)
            self.check()
            self._maybe_cut("before", 0.005)
            for share in node.sharing.shares:
                if share.slot >= 0:
                    share.stored(self._write(node, share.name(), bytes(share.headroom.record)))
                recent_q = node.recent_q[share.headroom.plan.limit]
                recent_q[-1] = max(recent_q[-1], share.headroom.cap_q)
            node.sharing.set(now_ms)
            for share in node.sharing.shares:
                row = share.row()
                if row is not None:
                    self._speak(node, share, bytes(row))
            self._maybe_cut("spoken", 0.005)
        except Cut:
            node.up = False
            self._at(self.rng.randrange(5 * self.period_us), "boot", node.node)
        else:
            self._at(node.period_us, "round", node.node)

    def _write(self, node: Node, name: str, data: bytes) -> bool:
        node.writes += 1
        old = node.files.get(name, b"")
        if self.rng.random() < 0.05 * self.trouble:
            at = self.rng.randrange(len(data) + 1)
            node.files[name] = data[:at] + old[at:].ljust(len(data) - at, b"\xff")
            self._under_way_q.clear()
            self.fired["torn"] += 1
            raise Cut
        if self.rng.random() < 0.03 * self.trouble:
            self.fired["refused"] += 1
            return False
        node.files[name] = data
        self._under_way_q.clear()
        self.check()
        self._maybe_cut("written", 0.05)
        return True

    def _maybe_cut(self, where: str, share: float) -> None:
        if self.rng.random() < share * self.trouble:
            self.fired[where] += 1
            raise Cut

    # -- what happens between them ----------------------------------------------------------------
    def _speak(self, node: Node, share: Share, row: bytes) -> None:
        """Publish a row, and once more half a round later if it is to be said twice."""
        self._publish(node.node, row)
        if share.hush is not None and share.hush.again is not None:
            self._at(node.period_us // 2, "again", node.node, 0, row)

    def _publish(self, source: int, payload: bytes) -> None:
        self.rows.append((self.t_us, source, payload))
        for dest in self.nodes:
            if dest != source:
                self._send(source, dest, payload)

    def _send(self, source: int, dest: int, payload: bytes) -> None:
        rng, much = self.rng, self.trouble
        if (source, dest) in self._cut or rng.random() < max(0.3 * much, self.loss):
            self.fired["lost"] += 1
            return
        for _ in range(2 if rng.random() < 0.2 * much else 1):
            late = rng.random() < 0.1 * much
            delay_us = 3 * self.period_us if late else int(rng.expovariate(1 / 20_000))
            self._at(delay_us, "hear", dest, source, payload)
        if self.rows and rng.random() < 0.1 * much:
            _, there, old = rng.choice(self.rows)
            self.fired["replay"] += 1
            self._at(rng.randrange(self.period_us), "hear", dest, there, old)

    def _trouble(self) -> None:
        rng = self.rng
        if self._cut and rng.random() < 0.3:
            self._cut.clear()
        elif rng.random() < 0.1 * self.trouble:
            self._cut = partition(rng, list(self.nodes))
            self.fired["partition"] += 1
        if rng.random() < (0.02 if self.cadence else 0.3):  # where nothing rests nobody is silent
            node = self.nodes[rng.choice(self.honest)]
            most_q = self.group.load_of(node.node).most_q
            node.demand_q = rng.choice((0, most_q, rng.randrange(most_q + 1)))
        if rng.random() < 0.02 * self.trouble:
            percent = rng.choice((100, 100, 50, 0))
            for number in self.honest:
                self.nodes[number].sharing.percent = percent
            self.fired["percent"] += 1
        if self.trouble:
            self._at(self.period_us, "trouble", 0)

    def calm(self) -> None:
        """End every fault but loss and drift; nodes that are down come back by themselves."""
        self.trouble = 0.0
        self._cut.clear()
        for number in self.honest:
            self.nodes[number].sharing.percent = 100

    def _lie(self, number: int) -> None:
        """Tell each receiver something else: minted units, false claims, another's counters."""
        rng = self.rng
        self.fired["lies"] += 1
        for limit in self.group.load_of(number).limits:
            numbers = [load.node for load in self.group.members(limit)]
            others = [one for one in numbers if one != number]
            budget_q, line_q = self.group.splits[limit].budget_q, self.group.splits[limit].line_q
            for dest in others:
                row = bytearray(row_bytes(len(others)))
                entry = rng.choice((1, 2, 1000, self.t_us // 1000 + 2))
                claim_q = rng.choice((0, budget_q, budget_q))
                pack_head(
                    row, limit, number, entry, 0, rng.choice((0, budget_q)), claim_q, len(others)
                )
                for slot in range(len(others)):
                    given = rng.choice(
                        (0, 1, line_q, line_q + 1, RING // 2 - 1, rng.randrange(RING))
                    )
                    taken = rng.choice((0, 100, RING // 2))
                    pack_slot(row, slot, given, taken, rng.choice((0, budget_q)))
                seal(row)
                self._send(number, dest, bytes(row))

    # -- what must hold ---------------------------------------------------------------------------
    def check(self) -> None:
        """What loads may still draw, units under way and the liars' reserve fit every limit."""
        for split in self.group.splits:
            limit = split.limit
            if limit not in self._under_way_q:
                self._under_way_q[limit] = self._read(split)
            total_q = self._under_way_q[limit]
            for one in split.members:
                if one.node in self.liars:
                    total_q += one.reserve_q
                else:
                    total_q += max(self.nodes[one.node].recent_q[limit])
            self.most_q[limit] = max(self.most_q[limit], total_q)
            if total_q > split.budget_q:
                raise BrokenLimit(f"{self.t_us} us: {total_q} of {split.budget_q}")

    def _read(self, split: Split) -> int:
        """Return what is under way by what is stored; BrokenLimit where the books are wrong."""
        numbers = [one.node for one in split.members]
        count = len(numbers) - 1
        total_q = 0
        kept = {}
        for one in split.members:
            if one.node in self.liars:
                continue
            files = self.nodes[one.node].files
            names = [f"headroom.{split.limit}.{slot}" for slot in (0, 1)]
            slots = files.get(names[0], b""), files.get(names[1], b"")
            given, taken = kept[one.node] = stored_of(slots, count)
            owned_q = one.initial_q + sum(signed(t - g) for g, t in zip(given, taken, strict=True))
            if owned_q < 0:
                raise BrokenLimit(f"{self.t_us} us: {one.node} owns {owned_q}")
        for node, (given, _) in kept.items():
            own = numbers.index(node)
            for slot in range(count):
                other = numbers[slot if slot < own else slot + 1]
                if other in kept:
                    there = kept[other][1][own if node < other else own - 1]
                    under_way_q = signed(given[slot] - there)
                    if under_way_q < 0:
                        text = f"{other} took {-under_way_q} from {node} that were not given"
                        raise BrokenLimit(f"{self.t_us} us: {text}")
                    total_q += under_way_q
        return total_q
