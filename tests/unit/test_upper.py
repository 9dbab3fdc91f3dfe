"""Delegates in columns are the boards' machines, bit for bit: values, ages, seats, all of it."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
from quelea.hierarchy.plan import Hierarchy, ring_of
from quelea.hierarchy.upper import Upper
from quelea_agent.cluster import Cluster, load
from quelea_proto.cluster_row import NEVER, pack_entry, pack_head, row_bytes, seal

LO_Q, HI_Q = -500_000, 1_000_000


def some(rng: random.Random) -> Hierarchy:
    """Return clusters of different sizes on a ring with chords."""
    faults_max = rng.choice((0, 1, 1, 2))
    sizes = [rng.randint(2 * faults_max + 1, 4 * faults_max + 6) for _ in range(rng.randint(2, 7))]
    ring = ring_of(sizes, faults_max)
    near = [set(row) for row in ring.near]
    a, b = rng.sample(range(len(sizes)), 2)
    near[a].add(b)
    near[b].add(a)
    return Hierarchy(
        ring.clusters,
        tuple(tuple(sorted(row)) for row in near),
        faults_max,
        candidates=3 * faults_max + 3,
    )


def high(rows, who):
    """Lie: everything is as high as it can be."""
    rows.value_q[who] = HI_Q
    rows.size[who] = 60_000
    rows.age[who] = 0
    rows.fleet_q[who] = HI_Q


def nothing(rows, who):
    """Lie: nobody has said anything."""
    rows.value_q[who] = rows.size[who] = 0
    rows.age[who] = NEVER


class Boards:
    """The same fleet of boards' machines: the candidates, and a plain member of each cluster."""

    def __init__(self, hierarchy: Hierarchy, upper: Upper) -> None:
        self.hierarchy, self.upper = hierarchy, upper
        ids = {n: f"n{n}" for members in hierarchy.clusters for n in members}
        self.machines = {}
        for number in ids:
            settings = SimpleNamespace(node=number, period_ms=100, lo_q=LO_Q, hi_q=HI_Q)
            machine, problem = load(settings, hierarchy.node_config(number, ids), 1)
            assert problem is None
            self.machines[number] = machine

    def place(self, number: int) -> tuple[int, int]:
        cluster = self.hierarchy.cluster_of(number)
        return cluster, self.hierarchy.clusters[cluster].index(number)

    def tick(self, now_ms: int, value_q: np.ndarray) -> None:
        said = []
        for number, machine in self.machines.items():
            cluster, at = self.place(number)
            speaks = at < value_q.shape[1] and number in self.hierarchy.speakers(cluster)
            if speaks and not self.upper.up[cluster, at]:
                continue
            own_q = int(value_q[cluster, at if speaks else 0])
            row = machine.round(now_ms, own_q, self.hierarchy.sizes[cluster])
            if row is not None:
                head = self.forged(machine, cluster, at, bytes(machine.head() or b""))
                row = self.forged(machine, cluster, at, bytes(row))
                said.append((cluster, number, row, head))
        for cluster, number, row, head in said:
            for other, machine in self.machines.items():
                if other != number and cluster in {one.cluster for one in machine.heard}:
                    machine.hear(now_ms, number, row if machine.own_at >= 0 else head)

    def forged(self, machine: Cluster, cluster: int, at: int, row: bytes) -> bytes:
        if not self.upper.liars[cluster, at]:
            return row
        rows, count = self.upper.rows, row[16] if row else 0
        out = bytearray(row_bytes(count))
        fleet_q = int(rows.fleet_q[cluster, at])
        pack_head(out, machine.plan.node, 1, machine.seq, 0, cluster, fleet_q, count)
        for entry in range(count):
            parts = (part[cluster, at, entry] for part in (rows.value_q, rows.size, rows.age))
            pack_entry(out, entry, *map(int, parts))
        seal(out)
        return bytes(out)

    def check(self, turn: int) -> None:
        upper = self.upper
        for number, machine in self.machines.items():
            cluster, at = self.place(number)
            if number not in self.hierarchy.speakers(cluster):
                assert machine.fleet_q == upper.followed_q[cluster], (turn, number)
                assert machine.held == upper.held[cluster, -1]
                continue
            if not upper.up[cluster, at]:
                continue
            where = (turn, number)
            assert machine.age == upper.age[cluster, at].tolist(), where
            assert machine.value_q == upper.value_q[cluster, at].tolist(), where
            assert machine.size == upper.size[cluster, at].tolist(), where
            assert machine.said_q == upper.said_q[cluster, at], where
            assert machine.seated == upper.seated[cluster, at], where
            assert machine.fleet_q == upper.candidate_q[cluster, at], where
            assert machine.held == upper.held[cluster, at], where


@pytest.mark.parametrize("lie", [None, high, nothing])
def test_columns_are_machines(seed: int, lie) -> None:
    rng = random.Random(seed)
    for _ in range(4):
        hierarchy = some(rng)
        wide = max(len(hierarchy.speakers(at)) for at in range(len(hierarchy.clusters)))
        liars = np.zeros((len(hierarchy.clusters), wide), dtype=bool)
        if lie is not None:
            for cluster in range(len(liars)):
                for at in rng.sample(range(hierarchy.seats), hierarchy.faults_max):
                    liars[cluster, at] = True
        upper = Upper(hierarchy, LO_Q, HI_Q, liars, lie)
        boards = Boards(hierarchy, upper)
        value_q = np.array(
            [[rng.randrange(LO_Q, HI_Q) for _ in range(wide)] for _ in hierarchy.clusters]
        )
        for turn in range(26):
            if turn == 9:
                for cluster in range(len(liars)):
                    upper.up[cluster, rng.randrange(hierarchy.seats)] = False
            if turn == 15:
                value_q += rng.randrange(-1000, 1000)
            upper.tick(value_q)
            boards.tick(100 * turn, value_q)
            boards.check(turn)


def test_a_change_walks_a_hop_an_interval() -> None:
    """And a plain member acts on it one interval later."""
    hierarchy = ring_of((5,) * 9, 1, candidates=4)
    upper = Upper(hierarchy, LO_Q, HI_Q)
    value_q = np.full((9, 4), 9000)
    for _ in range(12):
        upper.tick(value_q)
    assert (upper.followed_q == 9000).all()
    value_q[0] = 0
    known, acted = {}, {}
    for turn in range(8):
        upper.tick(value_q)
        for cluster in range(9):
            if (upper.value_q[cluster, :, 0] == 0).all():
                known.setdefault(cluster, turn)
            if upper.followed_q[cluster] == 8000:
                acted.setdefault(cluster, turn)
    hops = [min(at, 9 - at) for at in range(9)]
    assert [acted[at] for at in range(9)] == [hop + 1 for hop in hops]
    assert all(known[at] in (hop, hop + 1) for at, hop in enumerate(hops))
