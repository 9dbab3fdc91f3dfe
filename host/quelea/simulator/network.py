"""The simulated network: from one frame sent to the deliveries it causes, by seeded faults."""

import random
from collections import Counter
from typing import NamedTuple

from quelea.simulator.faults import Faults

REPLAY_KEPT = 8  # old frames of a link that may come back


class Delivery(NamedTuple):
    """payload reaches node `dest` at t_us, on the topic of node `source`."""

    t_us: int
    dest: int
    source: int
    payload: bytes


class Network:
    """fired: how often each fault took effect. cut: pairs (source, dest) that pass nothing."""

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self.faults = faults
        self.rng = rng
        self.fired: Counter[str] = Counter()
        self.cut: set[tuple[int, int]] = set()
        self.clogged: set[tuple[int, int]] = set()
        self.generation = 0  # of the broker; a restart loses what is under way
        self._old: dict[tuple[int, int], list[bytes]] = {}

    def send(self, t_us: int, source: int, dest: int, payload: bytes) -> list[Delivery]:
        """Return what a frame sent at t_us leads to; [] when it is lost."""
        faults, rng, link = self.faults, self.rng, (source, dest)
        if link in self.cut:
            self.fired["partition"] += 1
            return []
        if rng.random() < faults.loss:
            self.fired["loss"] += 1
            return []
        out = [self._delivery(t_us, link, self._damaged(payload))]
        if rng.random() < faults.duplicate:
            self.fired["duplicate"] += 1
            out.append(self._delivery(t_us, link, payload))
        old = self._old.setdefault(link, [])
        if old and rng.random() < faults.replay:
            self.fired["replay"] += 1
            out.append(self._delivery(t_us, link, rng.choice(old)))
        if faults.replay:
            old.append(payload)
            del old[:-REPLAY_KEPT]
        return out

    def _delivery(self, t_us: int, link: tuple[int, int], payload: bytes) -> Delivery:
        delay_ms = self.rng.expovariate(1 / self.faults.delay_ms)
        if self.rng.random() < self.faults.tail:
            self.fired["tail"] += 1
            delay_ms *= 10
        if link in self.clogged:
            self.fired["clog"] += 1
            delay_ms += 2000
        return Delivery(t_us + 1 + int(delay_ms * 1000), link[1], link[0], payload)

    def _damaged(self, payload: bytes) -> bytes:
        if self.rng.random() >= self.faults.damage:
            return payload
        self.fired["damage"] += 1
        if self.rng.random() < 0.3:
            return payload[: self.rng.randrange(len(payload))]
        broken = bytearray(payload)
        for _ in range(1 + self.rng.randrange(4)):
            broken[self.rng.randrange(len(broken))] ^= 1 << self.rng.randrange(8)
        return bytes(broken)

    def partition(self, nodes: list[int]) -> None:
        """Cut the fleet in two, in both directions or in one."""
        size = self.rng.randrange(1, len(nodes))
        side = set(self.rng.sample(nodes, size))
        one_way = self.rng.random() < self.faults.one_way
        for a in nodes:
            for b in nodes:
                if (a in side) != (b in side) and (a in side or not one_way):
                    self.cut.add((a, b))
        self.fired["partition-begun"] += 1

    def clog(self, nodes: list[int]) -> None:
        """Delay everything from one node by two seconds more."""
        slow = self.rng.choice(nodes)
        self.clogged |= {(slow, other) for other in nodes}

    def heal(self) -> None:
        """End all partitions and clogs."""
        self.cut.clear()
        self.clogged.clear()

    def calm(self) -> None:
        """From now on nothing goes wrong: the second phase of a run."""
        self.faults = Faults(delay_ms=min(self.faults.delay_ms, 20.0))
        self.heal()
