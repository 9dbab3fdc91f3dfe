"""A world for headroom alone: clocks that drift, a network that fails, power cuts, liars.

What is owned and under way is read from the stored bytes by the parser here, and the caps are what
was enforced last, also of nodes that are down: so nothing is taken from the code under test.
"""

import heapq
import random
from collections import Counter, deque
from typing import Any

from quelea.headroom.audit import Part, signed
from quelea.headroom.plan import Split, node_plan, validate
from quelea.headroom.world import Cut, partition, stored_of
from quelea.journal import MemoryRecorder
from quelea_agent.headroom import Headroom, Plan
from quelea_proto.headroom_row import pack_head, pack_slot, row_bytes, seal

PERIOD_US = 1_000_000
RING = 1 << 30


def split(nodes: int, faults_max: int = 0, line_q: int | None = None, **more: Any) -> Split:
    """Return a group with floors of 600 q and at first 1000 q of headroom a node."""
    members = [
        {"node": 3 * i + 1, "floor_q": 600, "initial_q": 1000, "reserve_q": 600}
        for i in range(nodes)
    ]
    given: dict[str, Any] = {"members": members, "faults_max": faults_max, **more}
    if line_q is not None:
        given["line_q"] = line_q
    given.setdefault("safety_percent", 100)
    given.setdefault("limit_q", 1600 * nodes)
    return validate(given)


class Node:
    """A board: two slots of storage, a load that is held at cap_q also while the board is down."""

    def __init__(self, plan: Plan, kind: Any, period_us: int) -> None:
        self.plan, self.kind, self.period_us = plan, kind, period_us
        self.slots = [b"", b""]
        self.cap_q = plan.floor_q
        self.recent_q = deque([plan.floor_q], plan.settle_rounds + 1)  # what may still be drawn
        self.wish_q = plan.floor_q
        self.up = True
        self.writes = 0
        self.agent: Any = kind(plan)


class World:
    """liars: node numbers. trouble: share 0..1 that scales every fault. kind: a Headroom class."""

    def __init__(
        self, group: Split, seed: int, trouble: float = 1.0, liars: tuple[int, ...] = (),
        kind: Any = Headroom, near_wrap: bool = True,
    ) -> None:  # fmt: skip
        self.greedy = False  # liars offer what the line takes, and then one unit more
        self.group, self.trouble, self.liars = group, trouble, liars
        self.rng = random.Random(f"headroom {seed}")
        self.fired: Counter[str] = Counter()
        self.t_us = 0
        self.most_q = 0  # caps, under way and reserve at their most
        self.journal = MemoryRecorder(lambda: self.t_us)
        self.queue: list[tuple[int, int, str, int, int, bytes]] = []
        self.order = 0
        self.cut: set[tuple[int, int]] = set()
        self.old: list[tuple[int, bytes]] = []
        self.nodes: dict[int, Node] = {}
        drift = self.rng.uniform
        for one in group.members:
            plan = Plan(**node_plan(group, one.node))
            period_us = int(PERIOD_US * drift(0.99, 1.01))
            self.nodes[one.node] = Node(plan, kind, period_us)
            self.at(self.rng.randrange(PERIOD_US), "round", one.node)
        self.honest = [number for number in self.nodes if number not in liars]
        self.base = {}
        for i in self.nodes:
            for j in self.nodes:  # both ways alike: nobody owes anybody
                at = RING - self.rng.randrange(1, 3000) if near_wrap else 0
                self.base[i, j] = self.base.get((j, i), at)
        for node in self.nodes.values():
            self._enrol(node)
        if trouble:
            self.at(PERIOD_US, "trouble", 0)

    def parts(self) -> dict[int, Part]:
        """Return what the audit may know."""
        return {
            one.node: Part(self.nodes[one.node].plan.numbers, one.floor_q, one.initial_q)
            for one in self.group.members
        }

    def _enrol(self, node: Node) -> None:
        me = node.plan.node
        for slot, other in enumerate(node.plan.numbers):
            node.agent._next.given[slot] = self.base[me, other]
            node.agent._next.taken[slot] = self.base[other, me]
        slot = node.agent.enrol()
        node.slots[slot] = bytes(node.agent.record)
        assert node.agent.load(*node.slots)

    def at(
        self, delay_us: int, what: str, node: int, source: int = 0, payload: bytes = b""
    ) -> None:
        self.order += 1
        entry = (self.t_us + delay_us, self.order, what, node, source, payload)
        heapq.heappush(self.queue, entry)

    def run(self, events: int) -> None:
        """Process events, checking after each."""
        for _ in range(events):
            self.t_us, _, what, number, source, payload = heapq.heappop(self.queue)
            if what == "trouble":
                self._trouble()
            elif what == "boot":
                self._boot(self.nodes[number])
            elif what == "round" and number in self.liars:
                self._lie(number)
                self.at(PERIOD_US // 2, "round", number)
            elif what == "round":
                self._round(self.nodes[number])
            elif number not in self.liars and self.nodes[number].up:
                self.nodes[number].agent.hear(source, payload)
            self.check()

    # -- what nodes do --------------------------------------------------------------------------
    def _round(self, node: Node) -> None:
        if not node.up:
            return
        try:
            slot = node.agent.step(node.wish_q)
            node.cap_q = node.agent.cap_q
            node.recent_q.append(node.cap_q)
            self.check()
            self._maybe_cut("before", 0.01)
            if slot >= 0:
                self._write(node, slot)
            node.cap_q = node.agent.cap_q
            node.recent_q[-1] = node.cap_q
            row = node.agent.row()
            if row is not None:
                self.publish(node.plan.node, bytes(row))
            self._maybe_cut("spoken", 0.01)
        except Cut:
            node.up = False
            self.at(self.rng.randrange(5 * PERIOD_US), "boot", node.plan.node)
        else:
            self.at(node.period_us, "round", node.plan.node)

    def _write(self, node: Node, slot: int) -> None:
        data = bytes(node.agent.record)
        node.writes += 1
        if self.rng.random() < 0.1 * self.trouble:
            at = self.rng.randrange(len(data) + 1)
            node.slots[slot] = data[:at] + node.slots[slot][at:].ljust(len(data) - at, b"\xff")
            self.fired["torn"] += 1
            raise Cut
        if self.rng.random() < 0.05 * self.trouble:
            self.fired["refused"] += 1
            node.agent.stored(False)
            return
        node.slots[slot] = data
        self.check()
        self._maybe_cut("written", 0.1)
        node.agent.stored(True)

    def _maybe_cut(self, where: str, share: float) -> None:
        if self.rng.random() < share * self.trouble:
            self.fired[where] += 1
            raise Cut

    def _boot(self, node: Node) -> None:
        node.agent = node.kind(node.plan)
        assert node.agent.load(*node.slots), "neither slot is whole"
        node.cap_q = node.agent.cap_q
        assert node.cap_q == node.plan.floor_q
        node.up = True
        self.at(0, "round", node.plan.node)

    def publish(self, source: int, payload: bytes) -> None:
        """Hand a row to the network and the journal."""
        self.journal.frame(self.t_us, "x", source, 0, payload)
        self.old.append((source, payload))
        for dest in self.nodes:
            if dest != source:
                self._send(source, dest, payload)

    def _send(self, source: int, dest: int, payload: bytes) -> None:
        rng, much = self.rng, self.trouble
        if (source, dest) in self.cut or rng.random() < 0.3 * much:
            self.fired["lost"] += 1
            return
        for _ in range(2 if rng.random() < 0.2 * much else 1):
            delay_us = int(rng.expovariate(1 / 50_000) if rng.random() < 0.9 else 3 * PERIOD_US)
            self.at(delay_us, "hear", dest, source, payload)
        if self.old and rng.random() < 0.2 * much:
            there, old = rng.choice(self.old)
            self.fired["replay"] += 1
            self.at(rng.randrange(PERIOD_US), "hear", dest, there, old)

    def _trouble(self) -> None:
        rng = self.rng
        if self.cut and rng.random() < 0.3:
            self.cut.clear()
        elif rng.random() < 0.1 * self.trouble:
            self.cut = partition(rng, list(self.nodes))
            self.fired["partition"] += 1
        if rng.random() < 0.6:
            node = self.nodes[rng.choice(self.honest)]
            node.wish_q = rng.choice((0, 600, 800, 1600, 3000, 10_000))
        self.at(PERIOD_US, "trouble", 0)

    def _lie(self, number: int) -> None:
        """Mint, alone or for an accomplice: to each receiver another row."""
        rng = self.rng
        others = self.nodes[number].plan.numbers
        self.fired["lies"] += 1
        for dest in self.nodes:
            row = bytearray(row_bytes(len(others)))
            entry = rng.choice((1, 2, 1000, int(self.t_us / 1000) + 2))
            sender = rng.choice((number, number, number, dest))
            pack_head(row, 0, sender, entry, 0, 5000, 0, len(others))
            for slot, other in enumerate(others):
                more = rng.choice((0, 1, 50, 200, 1000, RING // 2 - 1, rng.randrange(RING)))
                given = (self.base[number, other] + more) % RING
                taken = (self.base[other, number] + rng.choice((0, 100, RING // 2))) % RING
                pack_slot(row, slot, given, taken, rng.choice((0, 3000)))
            if self.greedy and dest not in self.liars:
                pack_head(row, 0, number, int(self.t_us / 1000) + 2, 0, 5000, 0, len(others))
                kept = self.nodes[dest].agent._kept
                slot = self.nodes[dest].plan.numbers.index(number)
                room_q = self.group.line_q - signed(kept.taken[slot] - kept.given[slot])
                given = (kept.taken[slot] + (room_q or 1)) % RING
                pack_slot(row, others.index(dest), given, kept.given[slot], 0)
            seal(row)
            if dest != number:
                self._send(number, dest, bytes(row))

    # -- what must hold -------------------------------------------------------------------------
    def check(self) -> None:
        """What loads may still draw, units under way and the liars' reserve fit the budget."""
        count = len(self.nodes) - 1
        kept = {n: stored_of(self.nodes[n].slots, count) for n in self.honest}
        total_q = 600 * len(self.liars)
        for number in self.honest:
            node = self.nodes[number]
            given, taken = kept[number]
            owned_q = 1000 + sum(signed(t - g) for g, t in zip(given, taken, strict=True))
            assert owned_q >= 0, f"{number} owns {owned_q}"
            assert node.cap_q >= 600
            total_q += max(node.cap_q, *node.recent_q)  # a load needs settle_rounds to follow
            for slot, other in enumerate(node.plan.numbers):
                if other in kept:
                    there = kept[other][1][self.nodes[other].plan.numbers.index(number)]
                    under_way_q = signed(given[slot] - there)
                    assert under_way_q >= 0, f"{other} took {-under_way_q} from {number}"
                    total_q += under_way_q
        self.most_q = max(self.most_q, total_q)
        assert total_q <= self.group.budget_q, f"{total_q} > {self.group.budget_q}"
