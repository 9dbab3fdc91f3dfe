"""Clusters in virtual time: the boards' own machine, a bad network, crashes, lying delegates.

Agreement inside a cluster is given here: each honest member holds its cluster's value, but for a
few q. After every round of an honest node the promises of docs/protocol.md are looked at.
"""

import heapq
import random
from collections import Counter
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from quelea_agent.cluster import Cluster, load
from quelea_proto import cluster_row

from quelea.hierarchy.plan import Hierarchy

RING = 1 << 30
LO_Q, HI_Q = 0, 1_000_000
INSIDE_Q = 3  # members of a cluster differ by up to so much
DRIFT = 0.01
LIES = ("high", "low", "two-faced", "never", "silent", "terms", "inflate", "old")


class BrokenPromise(AssertionError):
    """An honest node believes what no honest one has said."""


class Member:
    """A node: its machine while it is up. lie: a word of LIES, or empty."""

    def __init__(self, number: int, cluster: int, period_us: int, lie: str) -> None:
        self.number, self.cluster, self.period_us, self.lie = number, cluster, period_us, lie
        self.session = 0
        self.up = False
        self.machine: Cluster | None = None
        self.offset_q = 0


class World:
    """trouble: share 0 .. 1 that scales every fault. liars: {number: word of LIES}."""

    def __init__(
        self,
        hierarchy: Hierarchy,
        seed: int,
        trouble: float = 1.0,
        liars: dict[int, str] | None = None,
        period_ms: int = 1000,
    ) -> None:
        self.hierarchy, self.trouble = hierarchy, trouble
        self.rng = random.Random(f"clusters {seed}")
        self.fired: Counter[str] = Counter()
        self.period_us = period_ms * 1000
        self.t_us = 0
        self.rows: list[tuple[int, int, bytes]] = []  # (t_us, source, payload), all that was said
        self._queue: list[tuple[int, int, str, int, int, bytes]] = []
        self._order = 0
        count = len(hierarchy.clusters)
        self.values_q = [self.rng.randrange(LO_Q, HI_Q) for _ in range(count)]
        self.hull = [[value, value] for value in self.values_q]  # of what honest members held
        self.ids = {n: f"n{n:03}" for members in hierarchy.clusters for n in members}
        self.members: dict[int, Member] = {}
        for cluster, numbers in enumerate(hierarchy.clusters):
            for number in numbers:
                period_us = int(self.period_us * self.rng.uniform(1 - DRIFT, 1 + DRIFT))
                member = Member(number, cluster, period_us, (liars or {}).get(number, ""))
                member.offset_q = self.rng.randrange(-INSIDE_Q, INSIDE_Q + 1)
                self.members[number] = member
                self._at(self.rng.randrange(self.period_us), "boot", number)
        self.ears = self._ears()
        self._widen()
        self._at(self.period_us, "trouble", 0)

    def _ears(self) -> dict[int, list[int]]:
        """Return by speaker who listens: its own cluster, and candidates of the near ones."""
        found: dict[int, list[int]] = {}
        hierarchy = self.hierarchy
        for cluster, numbers in enumerate(hierarchy.clusters):
            for speaker in hierarchy.speakers(cluster):
                near = [n for at in hierarchy.near[cluster] for n in hierarchy.speakers(at)]
                found[speaker] = [n for n in (*numbers, *near) if n != speaker]
        return found

    def _at(
        self, delay_us: int, what: str, number: int, source: int = 0, payload: bytes = b""
    ) -> None:
        self._order += 1
        heapq.heappush(
            self._queue, (self.t_us + delay_us, self._order, what, number, source, payload)
        )

    def run(self, rounds: float) -> None:
        """Go on for so many periods; BrokenPromise at the first event that breaks one."""
        until_us = self.t_us + int(rounds * self.period_us)
        while self._queue[0][0] <= until_us:
            self.t_us, _, what, number, source, payload = heapq.heappop(self._queue)
            if what == "trouble":
                self._trouble()
                continue
            member = self.members[number]
            if what == "boot":
                self._boot(member)
            elif member.up and member.machine is not None:
                if what == "hear":
                    member.machine.hear(self.now_ms, source, payload)
                elif source == member.session:
                    self._round(member, member.machine)
        self.t_us = until_us

    @property
    def now_ms(self) -> int:
        return (self.t_us // 1000 + RING - 20_000) % RING  # the ring of ticks ends soon

    def _boot(self, member: Member) -> None:
        config = self.hierarchy.node_config(member.number, self.ids)
        settings = SimpleNamespace(
            node=member.number, period_ms=self.period_us // 1000, lo_q=LO_Q, hi_q=HI_Q
        )
        member.session += 1
        member.machine, problem = load(settings, config, member.session)
        assert problem is None, problem
        member.up = True
        self._at(0, "round", member.number, member.session)

    def held_q(self, member: Member) -> int:
        """Return the in-cluster value of a member."""
        return self.values_q[member.cluster] + member.offset_q

    def _widen(self) -> None:
        for member in self.members.values():
            if not member.lie:
                held_q = min(max(self.held_q(member), LO_Q), HI_Q)
                hull = self.hull[member.cluster]
                hull[0], hull[1] = min(hull[0], held_q), max(hull[1], held_q)

    def _round(self, member: Member, machine: Cluster) -> None:
        size = len(self.hierarchy.clusters[member.cluster])
        row = machine.round(self.now_ms, self.held_q(member), size)
        self._at(member.period_us, "round", member.number, member.session)
        if member.lie:
            self._lie(member, machine, row)
            return
        self._check(member, machine)
        if row is not None:
            self._publish(member.number, bytes(row), bytes(machine.head() or b""))

    def _publish(self, source: int, payload: bytes, head: bytes) -> None:
        self.rows.append((self.t_us, source, payload))
        for dest in self.ears[source]:
            plain = dest not in self.hierarchy.speakers(self.members[dest].cluster)
            self._send(source, dest, head if plain else payload)

    def _send(self, source: int, dest: int, payload: bytes) -> None:
        rng, much = self.rng, self.trouble
        if rng.random() < 0.15 * much:
            self.fired["lost"] += 1
            return
        for _ in range(2 if rng.random() < 0.1 * much else 1):
            late = rng.random() < 0.05 * much
            delay_us = self.period_us if late else int(rng.expovariate(1 / 20_000))
            self._at(delay_us, "hear", dest, source, payload)
        if self.rows and rng.random() < 0.05 * much:
            _, there, old = rng.choice(self.rows[-200:])
            if dest in self.ears[there]:
                self.fired["replay"] += 1
                self._at(rng.randrange(self.period_us), "hear", dest, there, old)

    def _trouble(self) -> None:
        rng = self.rng
        if rng.random() < 0.2 * self.trouble:
            self.crash(rng.choice(list(self.members)), rng.randrange(8 * self.period_us))
        if rng.random() < 0.1 * self.trouble:
            self.values_q[rng.randrange(len(self.values_q))] = rng.randrange(LO_Q, HI_Q)
            self.fired["step"] += 1
            self._widen()
        self._at(self.period_us, "trouble", 0)

    def crash(self, number: int, down_us: int = -1) -> None:
        """Cut the power of a node; down_us: until it boots again, below 0: never."""
        member = self.members[number]
        if member.up:
            member.up = False
            self.fired["crash"] += 1
            if down_us >= 0:
                self._at(down_us, "boot", number)

    # -- lies -------------------------------------------------------------------------------------
    def _lie(self, member: Member, machine: Cluster, row: Any) -> None:
        """Speak every round, with a seat or without: whoever listens must bear it."""
        if row is None:
            machine.seq += 1
        if member.lie == "silent":
            return
        self.fired["lie"] += 1
        for at, dest in enumerate(self.ears[member.number]):
            plain = dest not in self.hierarchy.speakers(self.members[dest].cluster)
            count = 0 if plain else len(self.hierarchy.clusters)
            self._send(member.number, dest, lying_row(machine, member.lie, at, count))

    # -- promises ---------------------------------------------------------------------------------
    def _check(self, member: Member, machine: Cluster) -> None:
        low = min(hull[0] for hull in self.hull)
        high = max(hull[1] for hull in self.hull)
        for name, value_q in (("fleet_q", machine.fleet_q), ("said_q", machine.said_q)):
            speaks = name == "fleet_q" or machine.own_at >= 0
            if speaks and not low <= value_q <= high:
                raise BrokenPromise(f"{member.number}: {name} {value_q} outside {low}..{high}")
        for cluster, hull in enumerate(self.hull):
            if machine.age[cluster] == cluster_row.NEVER:
                continue
            if not hull[0] <= machine.value_q[cluster] <= hull[1]:
                raise BrokenPromise(
                    f"{member.number}: cluster {cluster} at {machine.value_q[cluster]}, "
                    f"its honest members held {hull[0]} to {hull[1]}"
                )
            if machine.size[cluster] > self.hierarchy.sizes[cluster]:
                raise BrokenPromise(f"{member.number}: cluster {cluster} is inflated")

    @property
    def honest(self) -> list[Cluster]:
        """The machines of honest nodes that are up."""
        return [
            one.machine
            for one in self.members.values()
            if one.up and not one.lie and one.machine is not None
        ]

    @property
    def mean_q(self) -> Fraction:
        """What the fleet's value is, but for INSIDE_Q and the rounding."""
        return self.hierarchy.mean_of(self.values_q)


def lying_row(machine: Cluster, lie: str, listener: int, count: int) -> bytes:
    """Return what a liar says to its listener-th listener; count: entries, 0 to a plain member."""
    plan = machine.plan
    most = HI_Q if lie in ("high", "inflate") else LO_Q
    if lie == "two-faced":
        most = HI_Q if listener & 1 else LO_Q
    term = machine.term + 1000 * listener & 0xFFFF if lie == "terms" else machine.term
    out = bytearray(cluster_row.row_bytes(count))
    cluster_row.pack_head(
        out, plan.node, machine.session, max(1, machine.seq), term, plan.own, most, count
    )
    for cluster in range(count):
        size = 65535 if lie == "inflate" else 0
        age = {"never": cluster_row.NEVER, "old": 250}.get(lie, 0)
        cluster_row.pack_entry(out, cluster, most, size, age)
    cluster_row.seal(out)
    return bytes(out)
