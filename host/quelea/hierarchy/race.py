"""A fleet of clusters against the same fleet flat: messages until every agent is near the answer.

Both average exactly, by the same kind of gossip, from the same inputs, on the same graph; clusters
use only its edges inside themselves, and delegates' rows between them. An interval is a sweep.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from quelea_proto.cluster_row import NEVER, row_bytes
from quelea_proto.frames import STATE, frame_bytes

from quelea.hierarchy.ground import Ground, Ints
from quelea.hierarchy.inside import KINDS, Inside
from quelea.hierarchy.lies import lies
from quelea.hierarchy.naive import Naive, measure
from quelea.hierarchy.upper import Lie, Upper

NEAR_SHARE = 0.01  # of the answer
INTERVALS_MAX = 3000
RISE = 4  # a rise of every demand by a quarter
MESSAGE_BYTES = frame_bytes(STATE, 0)  # one value, to one neighbour
SETTLE = 8  # intervals that are watched after the deaths
LO_Q, HI_Q = 0, 1 << 16


@dataclass
class Course:
    """worst: the largest distance of an agent from the answer, share of it, interval by interval.

    sent, heard, heard_bytes: messages so far, likewise. reached: the interval in which all were
    near, None for never.
    """

    worst: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    heard_bytes: list[int] = field(default_factory=list)

    @property
    def reached(self) -> int | None:
        near = [at for at, worst in enumerate(self.worst) if worst <= NEAR_SHARE]
        return near[0] if near else None


@dataclass
class Lied:
    """outside: of `looked` entries and values those outside the honest hull. gap_q: the largest
    distance of an agent from where it is without liars, at rest. lies: rows.
    """

    outside: int = 0
    looked: int = 0
    gap_q: int = 0
    lies: int = 0
    reached: int | None = None


@dataclass
class Result:
    """gap_max_q: what lies could move: by how much the candidates of a cluster differ, weighted by
    size, and 1 for rounding. deaths: delegates killed. cost: intervals until the last of them was
    replaced. moved_q: how far a value moved until then. risen: intervals after a rise of every
    demand until all were near the new answer, while those killed stay dead. rows: published.
    """

    answer_q: float = 0.0
    clusters: Course = field(default_factory=Course)
    flat: Course = field(default_factory=Course)
    lied: dict[str, Lied] = field(default_factory=dict)
    gap_max_q: int = 0
    naive: Naive | None = None
    deaths: int = 0
    cost: int = 0
    moved_q: int = 0
    risen: int | None = None
    row_bytes: int = 0
    rows: int = 0
    liars: int = 0


class Race:
    """ground: the fleet. kind: of KINDS."""

    def __init__(self, ground: Ground, kind: str, seed: int) -> None:
        self.ground, self.hierarchy, self.seed = ground, ground.hierarchy, seed
        self.kind = KINDS[kind]
        count = len(self.hierarchy.clusters)
        self.speakers = np.array(
            [np.array(self.hierarchy.speakers(at)) - 1 for at in range(count)]
        )
        self.plain = np.array([members[-1] - 1 for members in self.hierarchy.clusters])
        wide = self.speakers.shape[1]
        near = np.array([len(row) for row in self.hierarchy.near])
        self.row_ears = wide - 1 + wide * near  # of a delegate's row
        self.head_ears = np.array(self.hierarchy.sizes) - wide  # all others of its cluster
        self.rng = np.random.default_rng([seed, 77])
        self.result = Result(answer_q=float(ground.demand_q.mean()))
        self.result.row_bytes = row_bytes(count)
        self.result.naive = measure(ground, HI_Q, RISE)

    # -- clusters ---------------------------------------------------------------------------------
    def clusters(self) -> None:
        """Run the clusters, honest and lied to at once; then kill delegates, then raise demand."""
        result = self.result
        inside = self.kind(self.ground.inner, self.ground.demand_q, self.seed)
        upper = Upper(self.hierarchy, LO_Q, HI_Q)
        liars = self._liars(upper)
        lied = {
            name: Shadow(Upper(self.hierarchy, LO_Q, HI_Q, liars, lie), lie)
            for name, lie in lies(self.seed, LO_Q, HI_Q)
        }
        result.liars = int(liars.sum())
        for _ in range(INTERVALS_MAX):
            inside.sweep()
            values_q = inside.values_q
            self._tick(upper, values_q)
            self._note(result.clusters, upper, inside, values_q)
            for shadow in lied.values():
                self._tick(shadow.upper, values_q)
                shadow.look(values_q[self.speakers])
                worst = self._worst(shadow.upper, values_q, result.answer_q)
                if shadow.lied.reached is None and worst <= NEAR_SHARE:
                    shadow.lied.reached = upper.turn - 1
            if result.clusters.reached is not None and all(
                shadow.lied.reached is not None for shadow in lied.values()
            ):
                break
        result.rows = upper.published
        self._rest(upper, values_q)
        for name, shadow in lied.items():
            self._rest(shadow.upper, values_q)
            gap_q = int(np.abs(shadow.upper.followed_q - upper.followed_q).max())
            shadow.lied.gap_q = gap_q
            result.lied[name] = shadow.lied
        said_q = values_q[self.speakers]
        weighed = np.ptp(said_q, axis=1) * upper.sizes
        result.gap_max_q = int(-(-weighed.sum() // upper.sizes.sum())) + 1
        self._deaths(upper, inside)
        self._rise(upper, inside)

    def _liars(self, upper: Upper) -> np.ndarray:
        """Return F of the first delegates of every cluster."""
        liars = np.zeros_like(upper.up)
        for row in liars:
            row[self.rng.permutation(self.hierarchy.seats)[: self.hierarchy.faults_max]] = True
        return liars

    def _tick(self, upper: Upper, values_q: Ints) -> None:
        upper.tick(values_q[self.speakers], values_q[self.plain])

    def _rest(self, upper: Upper, values_q: Ints) -> None:
        """Let what is on its way arrive, while nothing changes inside the clusters."""
        for _ in range(self.hierarchy.hops + SETTLE):
            self._tick(upper, values_q)

    def _worst(self, upper: Upper, values_q: Ints, answer_q: float) -> float:
        """Return the largest distance of an honest agent that lives from the answer."""
        there = upper.up & ~upper.liars
        held_q = np.where(upper.follows[:, -1][self.ground.labels],
                          upper.followed_q[self.ground.labels], values_q)  # fmt: skip
        held_q[self.speakers] = np.where(there, upper.candidate_q, answer_q)
        return float(np.abs(held_q / answer_q - 1.0).max())

    def _note(self, course: Course, upper: Upper, inside: Inside, values_q: Ints) -> None:
        course.worst.append(self._worst(upper, values_q, self.result.answer_q))
        rows = upper.seated.sum(axis=1)
        before = (course.sent[-1], course.heard[-1]) if course.sent else (0, 0)
        both = int((rows * (1 + (self.head_ears > 0))).sum())
        course.sent.append(before[0] + inside.sent + both)
        whole, heads = (int((rows * ears).sum()) for ears in (self.row_ears, self.head_ears))
        course.heard.append(before[1] + inside.heard + whole + heads)
        here = inside.heard * MESSAGE_BYTES + whole * self.result.row_bytes
        here += heads * row_bytes(0)
        course.heard_bytes.append(sum(course.heard_bytes[-1:]) + here)

    def _deaths(self, upper: Upper, inside: Inside) -> None:
        """Kill a delegate of every third cluster while all else rests."""
        values_q = inside.values_q
        resting_q = upper.followed_q.copy()
        hit = np.arange(0, len(upper.up), 3)
        for cluster in hit.tolist():
            seated = np.flatnonzero(upper.seated[cluster])
            upper.up[cluster, self.rng.choice(seated)] = False
        self.result.deaths = len(hit)
        for turn in range(1, SETTLE + 1):
            self._tick(upper, values_q)
            if (upper.seated.sum(axis=1) < self.hierarchy.seats).any():
                self.result.cost = turn + 1  # the rows of this interval are lacking
                moved_q = int(np.abs(upper.followed_q - resting_q).max())
                self.result.moved_q = max(self.result.moved_q, moved_q)

    def _rise(self, upper: Upper, inside: Inside) -> None:
        inside.add(self.ground.demand_q // RISE)
        answer_q = self.result.answer_q + float((self.ground.demand_q // RISE).mean())
        for turn in range(1, INTERVALS_MAX):
            inside.sweep()
            values_q = inside.values_q
            self._tick(upper, values_q)
            if self._worst(upper, values_q, answer_q) <= NEAR_SHARE:
                self.result.risen = turn
                return

    # -- flat -------------------------------------------------------------------------------------
    def flat(self, times: float) -> Iterator[float]:
        """Run the flat fleet until it is near, or has sent and heard `times` as many messages."""
        edges = self.ground.topology.edge_array - 1
        inside = self.kind(edges, self.ground.demand_q, self.seed)
        course, clusters = self.result.flat, self.result.clusters
        at = clusters.reached if clusters.reached is not None else -1
        for sweeps in range(1, 1 << 30):
            inside.sweep()
            worst = float(np.abs(inside.values_q / self.result.answer_q - 1.0).max())
            course.worst.append(worst)
            course.sent.append(sweeps * inside.sent)
            course.heard.append(sweeps * inside.heard)
            course.heard_bytes.append(course.heard[-1] * MESSAGE_BYTES)
            more = min(course.sent[-1] / clusters.sent[at], course.heard[-1] / clusters.heard[at])
            yield more
            if worst <= NEAR_SHARE or more > times:
                return


class Shadow:
    """The same clusters with F lying delegates each, and the hull of what honest ones held."""

    def __init__(self, upper: Upper, lie: Lie) -> None:
        self.upper, self.lied = upper, Lied()
        count = len(upper.sizes)
        self.low_q = np.full(count, 1 << 40)
        self.high_q = np.full(count, -(1 << 40))

    def look(self, said_q: Ints) -> None:
        """Compare every entry and value of the honest with the hull. said_q: (C, A)."""
        upper, lied = self.upper, self.lied
        honest = upper.exists & ~upper.liars
        here_q = np.clip(said_q, LO_Q, HI_Q)
        self.low_q = np.minimum(self.low_q, np.where(honest, here_q, 1 << 40).min(axis=1))
        self.high_q = np.maximum(self.high_q, np.where(honest, here_q, -(1 << 40)).max(axis=1))
        there = (upper.age != NEVER) & honest[:, :, None]
        wrong = (upper.value_q < self.low_q) | (upper.value_q > self.high_q)
        low_q, high_q = self.low_q.min(), self.high_q.max()
        acted = honest & ((upper.candidate_q < low_q) | (upper.candidate_q > high_q))
        followed = (upper.followed_q < low_q) | (upper.followed_q > high_q)
        followed &= upper.follows[:, -1]
        lied.outside += int((there & wrong).sum()) + int(acted.sum()) + int(followed.sum())
        lied.looked += int(there.sum()) + int(honest.sum()) + len(followed)
        lied.lies += int((upper.liars & upper.seated).sum())
