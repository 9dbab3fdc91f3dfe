"""The load on the live fleet: requests with deadlines, their answers, and what became of them.

A client sends to the node it is near, by number of the request; hears nothing for RETRY_PART of
the deadline, and sends to the next. Who did not answer is not asked first for AVOID_S.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from quelea_proto import request_row
from quelea_proto.request_row import ANSWER, REFUSED, REQUEST

from quelea.serving.models import Model, digits, reference

RETRY_PART = 0.3  # of the deadline
ENTRIES_MAX = 3  # nodes that a client tries
AVOID_S = 8.0
IMAGES = 400
GRACE_S = 0.25  # for an answer that was sent in time to come through a busy machine


@dataclass
class Sent:
    """One request. entry: node numbers tried, the newest last."""

    number: int
    model: int
    image: int
    begun_s: float
    phase: int
    entries: list[int]


@dataclass
class Tally:
    """What became of the requests of a phase. waits_ms: of the answered, in the client's eyes."""

    sent: int = 0
    answered: int = 0
    refused: int = 0
    lost: int = 0
    wrong: int = 0
    retried: int = 0
    handed_on: int = 0  # answered by another node than was asked
    waits_ms: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return a percentile of the waits in ms; 0 when there are none."""
        return float(np.percentile(self.waits_ms, share)) if self.waits_ms else 0.0


class Load:
    """Clients of all nodes. publish(node number, row) sends; answered(): from any thread."""

    def __init__(
        self, models: list[Model], neighbours: tuple[tuple[int, ...], ...], deadline_ms: int,
        publish: Callable[[int, bytes], None], seed: int,
    ) -> None:  # fmt: skip
        self.models = models
        self.neighbours = neighbours
        self.deadline_ms = deadline_ms
        self.publish = publish
        self.tallies: list[Tally] = []
        self._open: dict[int, Sent] = {}
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._number = 0
        self._avoid: dict[int, float] = {}
        images, _ = digits(IMAGES, seed + 5)
        self._images = images
        self._bodies = [bytes(row) for row in images.astype(np.uint8)]
        self._expected: dict[tuple[int, int], list[int]] = {}

    def run(self, seconds: float, demands_ms: list[list[float]]) -> Tally:
        """Send for so many seconds at rates that ask for demands_ms; return the phase's tally."""
        tally = Tally()
        self.tallies.append(tally)
        pairs = [(i, m) for i, row in enumerate(demands_ms) for m in range(len(row))]
        rates = [demands_ms[i][m] / self.models[m].work_ms for i, m in pairs]
        total = sum(rates)
        now_s = time.monotonic()
        until_s = now_s + seconds
        next_s = now_s + self._random.expovariate(total)
        while next_s < until_s:
            while (now_s := time.monotonic()) < next_s:
                self._expire(now_s)
                time.sleep(min(0.01, next_s - now_s))
            i, m = self._random.choices(pairs, rates)[0]
            self._send(i + 1, m)
            next_s = max(next_s + self._random.expovariate(total), now_s - 1.0)
        return tally

    def drain(self) -> None:
        """Wait until every request is answered, refused or past its deadline."""
        while self._open:
            self._expire(time.monotonic())
            time.sleep(0.01)

    def _send(self, node: int, model: int) -> None:
        with self._lock:
            self._number += 1
            image = self._random.randrange(IMAGES)
            entry = node
            if self._avoid.get(node, 0.0) > time.monotonic():
                entry = self._other([node])
            sent = Sent(
                self._number, model, image, time.monotonic(), len(self.tallies) - 1, [entry]
            )  # fmt: skip
            self._open[sent.number] = sent
            self.tallies[-1].sent += 1
        self.publish(entry, self._row(sent, self.deadline_ms))

    def _row(self, sent: Sent, budget_ms: int) -> bytes:
        return request_row.pack(
            REQUEST, 0, sent.number, sent.model, budget_ms, self._bodies[sent.image]
        )

    def _other(self, tried: list[int]) -> int:
        near = [j + 1 for j in self.neighbours[tried[-1] - 1]]
        now_s = time.monotonic()
        fresh = [n for n in near if n not in tried and self._avoid.get(n, 0.0) <= now_s]
        return self._random.choice(fresh or near)

    def avoid(self, node: int) -> None:
        """Take note that a node is gone: others are asked first for a while."""
        with self._lock:
            self._avoid[node] = time.monotonic() + AVOID_S

    def _expire(self, now_s: float) -> None:
        """Retry what waits too long; count as lost what is past its deadline."""
        again: list[tuple[int, bytes]] = []
        with self._lock:
            for sent in list(self._open.values()):
                age_ms = (now_s - sent.begun_s) * 1000
                if age_ms > self.deadline_ms + GRACE_S * 1000:
                    self.tallies[sent.phase].lost += 1
                    del self._open[sent.number]
                elif len(
                    sent.entries
                ) < ENTRIES_MAX and age_ms > RETRY_PART * self.deadline_ms * len(sent.entries):
                    self._avoid[sent.entries[-1]] = now_s + AVOID_S
                    sent.entries.append(self._other(sent.entries))
                    self.tallies[sent.phase].retried += 1
                    budget_ms = int(self.deadline_ms - age_ms)
                    again.append((sent.entries[-1], self._row(sent, budget_ms)))
        for node, row in again:
            self.publish(node, row)

    def answered(self, row: request_row.Row) -> None:
        """Take an answer: the first one counts."""
        if row.kind != ANSWER:
            return
        now_s = time.monotonic()
        with self._lock:
            sent = self._open.pop(row.number, None)
            if sent is None:
                return
            tally = self.tallies[sent.phase]
            if row.flag & REFUSED:
                tally.refused += 1
                return
            tally.answered += 1
            tally.handed_on += row.value != sent.entries[-1]
            tally.waits_ms.append((now_s - sent.begun_s) * 1000)
            key = (sent.model, sent.image)
            if key not in self._expected:
                self._expected[key] = reference(
                    self.models[sent.model].file, self._images[sent.image]
                )
            tally.wrong += request_row.scores_of(row.body) != self._expected[key]
