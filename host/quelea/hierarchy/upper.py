"""Delegates of all clusters at once, in columns: what quelea_agent.cluster does, in lock-step.

An interval: every candidate does its round with the rows of the intervals before, then everybody
hears. One term, no loss. tests/unit/test_upper.py holds it to the boards' machine, bit for bit.

Axes: C clusters, A candidates of each (padded with ones that never lived), K = C entries.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quelea_agent.cluster import KNOWN_INTERVALS, LIVE_INTERVALS
from quelea_proto.cluster_row import AGE_MAX, NEVER

from quelea.hierarchy.plan import Hierarchy

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
BIG = 1 << 40


@dataclass
class Rows:
    """What candidates said last. value_q, size, age: (C, A, K); fleet_q, heard: (C, A).

    heard: the interval in which it was said, far in the past for never.
    """

    value_q: Ints
    size: Ints
    age: Ints
    fleet_q: Ints
    heard: Ints


Lie = Callable[[Rows, Bools], None]  # changes in place the rows of those that are marked


def middle(values: Ints, there: Bools, axis: int) -> tuple[Ints, Ints]:
    """Return (median half up, how many) of those that are there; the axis goes."""
    count = there.sum(axis=axis)
    ranked = _ranked(np.where(there, values, BIG), axis)
    last = np.maximum(count - 1, 0)
    low = np.take_along_axis(ranked, np.expand_dims(last // 2, axis), axis)
    high = np.take_along_axis(ranked, np.expand_dims(np.maximum(count, 1) // 2, axis), axis)
    high = np.where(np.expand_dims(count, axis) > 1, high, low)
    return np.squeeze((low + high + 1) // 2, axis), count


def _ranked(values: Ints, axis: int) -> Ints:
    """Return values sorted along a short axis: whole planes change places, as in a network."""
    planes = list(np.moveaxis(values, axis, 0))
    for last in range(len(planes) - 1, 0, -1):
        for at in range(last):
            low = np.minimum(planes[at], planes[at + 1])
            planes[at + 1] = np.maximum(planes[at], planes[at + 1])
            planes[at] = low
    return np.stack(planes, axis=axis)


class Upper:
    """up: candidates that live. seated: delegates. followed_q: what a member acts on, by cluster.

    lo_q, hi_q: the signal's range. liars: (C, A); lie: what they say instead.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        lo_q: int,
        hi_q: int,
        liars: Bools | None = None,
        lie: Lie | None = None,
    ) -> None:
        self.hierarchy, self.lo_q, self.hi_q, self.lie = hierarchy, lo_q, hi_q, lie
        count = len(hierarchy.clusters)
        speakers = [len(hierarchy.speakers(at)) for at in range(count)]
        wide = max(speakers)
        self.sizes = np.array(hierarchy.sizes, dtype=np.int64)
        self.near = np.full((count, max(map(len, hierarchy.near))), -1, dtype=np.int64)
        for at, row in enumerate(hierarchy.near):
            self.near[at, : len(row)] = row
        self.exists = np.arange(wide)[None, :] < np.array(speakers)[:, None]
        self.up = self.exists.copy()
        self.liars = np.zeros_like(self.up) if liars is None else liars
        self.turn = 0
        self.value_q = np.zeros((count, wide, count), dtype=np.int64)
        self.size = np.zeros_like(self.value_q)
        self.age = np.full_like(self.value_q, NEVER)
        self.known = np.zeros_like(self.value_q)
        self.said_q = np.zeros((count, wide), dtype=np.int64)
        self.seated = np.zeros((count, wide), dtype=bool)
        self.due = np.zeros((count, wide, wide), dtype=bool)  # (C, who thinks, of whom)
        self.fallen = np.zeros_like(self.due)
        self.since = np.zeros((count, wide, wide), dtype=np.int64)
        self.rows = Rows(
            self.value_q.copy(), self.size.copy(), self.age.copy(), self.said_q.copy(),
            np.full((count, wide), -1000),
        )  # fmt: skip
        self.candidate_q = np.zeros((count, wide), dtype=np.int64)
        self.followed_q = np.zeros(count, dtype=np.int64)
        self.follows = np.zeros((count, wide + 1), dtype=bool)  # the last: a plain member
        self.held = np.ones((count, wide + 1), dtype=bool)
        self.published = 0

    def tick(self, value_q: Ints, plain_q: Ints | None = None) -> None:
        """Do an interval. value_q: (C, A), the candidates' in-cluster values; plain_q: (C,)."""
        live = self.turn - self.rows.heard <= LIVE_INTERVALS
        self._elect()
        self._grow_old()
        own = np.arange(len(self.sizes))
        self.value_q[own, :, own] = np.clip(value_q, self.lo_q, self.hi_q)
        self.size[own, :, own] = self.sizes[:, None]
        self.age[own, :, own] = 0
        self._learn(live)
        self._weigh()
        plain_q = value_q[:, 0] if plain_q is None else plain_q
        self._follow(live, np.column_stack([value_q, plain_q]))
        self._speak()
        self.turn += 1

    def _elect(self) -> None:
        seats = np.full(self.due.shape[:2], self.hierarchy.seats)
        for i in range(self.due.shape[2]):
            full = seats == 0
            own = np.zeros_like(full)
            own[:, i] = True
            self.due[:, :, i] &= ~full
            open_ = ~full & ~own & ~self.fallen[:, :, i] & self.exists[:, i, None]
            begins = open_ & ~self.due[:, :, i]
            self.due[:, :, i] |= begins
            self.since[:, :, i][begins] = self.turn
            lost = open_ & (self.turn - self.since[:, :, i] > LIVE_INTERVALS)
            self.fallen[:, :, i] |= lost
            self.due[:, :, i] &= ~lost
            self.seated[:, i] = ~full[:, i] & self.exists[:, i]
            seats -= (open_ & ~lost) | (own & ~full)
        self.seated &= self.up

    def _grow_old(self) -> None:
        there = self.age != NEVER
        self.age += there
        self.known = np.minimum(self.known + there, KNOWN_INTERVALS)
        gone = there & (self.age > self.hierarchy.age_max)
        self.age[gone] = NEVER
        self.value_q[gone] = self.size[gone] = self.known[gone] = 0

    def _learn(self, live: Bools) -> None:
        """Take over what is known more newly: of the own cluster's delegates, then of others'."""
        rows, seats = self.rows, self.hierarchy.seats
        speaks = live[:, :, None] & (rows.age <= AGE_MAX)
        wide = live.shape[1]
        parts = (rows.value_q, rows.size, rows.age)
        for i in range(wide):  # nobody hears itself
            others = speaks.copy()
            others[:, i] = False
            at = np.flatnonzero((live.sum(axis=1) - live[:, i] >= seats) & self.up[:, i])
            if len(at):
                said = self._ask(others[at], 1, tuple(part[at] for part in parts))
                self._take((at, np.full(len(at), i)), *said)
        value_q, size, age, known = self._ask(speaks, 1, parts)
        known &= (live.sum(axis=1) >= seats)[:, None]
        for column in range(self.near.shape[1]):
            near = self.near[:, column]
            ok = known[near] & (near >= 0)[:, None]
            for i in range(wide):
                at = np.arange(len(near))
                self._take((at, np.full(len(at), i)), value_q[near], size[near], age[near], ok)

    def _ask(
        self, there: Bools, axis: int, parts: tuple[Ints, ...]
    ) -> tuple[Ints, Ints, Ints, Bools]:
        value_q, count = middle(parts[0], there, axis)
        size, _ = middle(parts[1], there, axis)
        age, _ = middle(parts[2], there, axis)
        return value_q, size, age, count >= self.hierarchy.seats

    def _take(
        self, who: tuple[Ints, Ints], value_q: Ints, size: Ints, age: Ints, ok: Bools
    ) -> None:
        """Let some candidates, who: (clusters, places), take what is younger; the rest: (m, K)."""
        newer = ok & (age + 1 < self.age[who]) & (age + 1 <= self.hierarchy.age_max)
        at, entry = np.nonzero(newer)
        theirs = who[0][at] != entry  # of the own cluster one knows best
        at, entry = at[theirs], entry[theirs]
        into, kept = (who[0][at], who[1][at], entry), (at, entry)
        self.value_q[into] = np.clip(value_q[kept], self.lo_q, self.hi_q)
        self.size[into] = np.clip(size[kept], 1, self.sizes[kept[1]])
        self.age[into] = age[kept] + 1

    def _weigh(self) -> None:
        weight = np.where(self.age != NEVER, self.size, 0)
        total = np.maximum(weight.sum(axis=2), 1)
        self.said_q = (2 * (weight * self.value_q).sum(axis=2) + total) // (2 * total)

    def _follow(self, live: Bools, own_q: Ints) -> None:
        """Let candidates, and in the last column a plain member, follow their delegates."""
        count, wide = live.shape
        there = np.broadcast_to(live[:, None], (count, wide + 1, wide)).copy()
        voice = np.broadcast_to(self.rows.fleet_q[:, None], there.shape).copy()
        at = np.arange(wide)
        there[:, at, at] = self.seated
        voice[:, at, at] = self.said_q
        median, found = middle(voice, there, 2)
        self.held = found < self.hierarchy.seats
        self.follows |= ~self.held
        old = np.column_stack([self.candidate_q, self.followed_q])
        kept = np.where(self.follows, old, np.clip(own_q, self.lo_q, self.hi_q))
        new = np.where(self.held, kept, np.clip(median, self.lo_q, self.hi_q))
        self.candidate_q, self.followed_q = new[:, :-1], new[:, -1]

    def _speak(self) -> None:
        """Let the delegates say their tables, liars something else, and everybody hear."""
        rows, seated = self.rows, self.seated
        self.published += int(seated.sum())
        rows.value_q[seated] = self.value_q[seated]
        rows.size[seated] = self.size[seated]
        rows.age[seated] = self.age[seated]
        rows.fleet_q[seated] = self.said_q[seated]
        rows.heard[seated] = self.turn
        if self.lie is not None:
            self.lie(rows, self.liars & seated)
        lasting = (self.known >= KNOWN_INTERVALS) & (self.age < self.hierarchy.age_max >> 1)
        lacks = (lasting[:, :, None] & (rows.age == NEVER)[:, None]).any(axis=3)
        alive = seated[:, None] & ~lacks
        self.since[alive] = self.turn
        self.fallen[alive] = False
