"""The simulated network: from one frame sent to the deliveries it causes, by seeded faults."""

import random
from binascii import crc_hqx
from collections import Counter
from typing import NamedTuple

from quelea.simulator.cuts import Cuts
from quelea.simulator.faults import (
    CLOG_MS,
    DELAY_MAX_MS,
    RECONNECT_MS,
    REPLAY_KEPT,
    REPLAY_MAX_MS,
    Faults,
)

KEPT_SHARE = 0.1  # of a node's frames that a broker might still hold as retained
KEPT_MAX = 16
DAMAGE_TRIES = 8

# how a frame fared, for pictures
SENT, LOST, DAMAGED, COPY, OLD, STALE = "sent", "lost", "damaged", "copy", "old", "retained"


class Delivery(NamedTuple):
    """payload reaches node `dest` at t_us, on the topic of node `source`; fate: how it fared."""

    t_us: int
    dest: int
    source: int
    payload: bytes
    fate: str = SENT


class Network:
    """fired: how often each fault took effect. away: nodes without a broker, until when.

    way_us: the longest time from when a frame was first sent until it was handed over.
    """

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self.faults = faults
        self.rng = rng
        self.fired: Counter[str] = Counter()
        self.cuts = Cuts(rng, self.fired)
        self.generation = 0  # of the broker; a restart loses what is under way
        self.away: dict[int, int] = {}
        self._old: dict[tuple[int, int], list[tuple[int, bytes]]] = {}
        self._kept: dict[int, list[tuple[int, bytes]]] = {}
        self.way_us = 0

    def send(self, t_us: int, source: int, dest: int, payload: bytes) -> list[Delivery]:
        """Return what a frame sent at t_us leads to; [] when it is lost."""
        faults, rng, link = self.faults, self.rng, (source, dest)
        if link in self.cuts.cut:
            self.fired["partition"] += 1
            return []
        if faults.loss and rng.random() < faults.loss:
            self.fired["loss"] += 1
            return []
        fate, sent = SENT, payload
        if faults.damage and payload and rng.random() < faults.damage:
            self.fired["damage"] += 1
            fate, sent = DAMAGED, self._damaged(payload)
        out = [self._delivery(t_us, link, sent, fate)]
        if faults.duplicate and rng.random() < faults.duplicate:
            self.fired["duplicate"] += 1
            out.append(self._delivery(t_us, link, payload, COPY))
        if faults.replay:
            self._replay(t_us, link, payload, out)
        return out

    def _replay(
        self, t_us: int, link: tuple[int, int], payload: bytes, out: list[Delivery]
    ) -> None:
        old = self._old.setdefault(link, [])
        while old and old[0][0] < t_us - REPLAY_MAX_MS * 1000:
            del old[0]
        if old and self.rng.random() < self.faults.replay:
            self.fired["replay"] += 1
            sent_us, again = self.rng.choice(old)
            out.append(self._delivery(t_us, link, again, OLD, sent_us))
        old.append((t_us, payload))
        del old[:-REPLAY_KEPT]

    def _delivery(
        self, t_us: int, link: tuple[int, int], payload: bytes, fate: str, sent_us: int = -1
    ) -> Delivery:
        """sent_us: when it was first sent, if that is not now."""
        delay_ms = self.rng.expovariate(1 / self.faults.delay_ms)
        if self.faults.tail and self.rng.random() < self.faults.tail:
            self.fired["tail"] += 1
            delay_ms *= 10
        delay_ms = min(delay_ms, DELAY_MAX_MS)
        if link[0] in self.cuts.clogged:
            self.fired["clog"] += 1
            delay_ms += CLOG_MS
        there_us = t_us + 1 + int(delay_ms * 1000)
        self.way_us = max(self.way_us, there_us - (t_us if sent_us < 0 else sent_us))
        return Delivery(there_us, link[1], link[0], payload, fate)

    def _damaged(self, payload: bytes) -> bytes:
        """Return the payload cut short or with bits flipped, in a way that its checksum sees.

        One change in 65,536 it would not see; no promise holds for those, and a run of thousands
        of seeds would meet them.
        """
        if self.rng.random() < 0.3:
            return payload[: self.rng.randrange(len(payload))]
        for _ in range(DAMAGE_TRIES):
            broken = bytearray(payload)
            for _ in range(1 + self.rng.randrange(4)):
                broken[self.rng.randrange(len(broken))] ^= 1 << self.rng.randrange(8)
            if not sealed(broken):
                return bytes(broken)
        return payload[:-1]

    # -- the broker -----------------------------------------------------------------------------
    def keep(self, t_us: int, source: int, payload: bytes) -> None:
        """Perhaps keep a frame, as a broker does with a message published as retained."""
        if self.faults.retained and self.rng.random() < KEPT_SHARE:
            kept = self._kept.setdefault(source, [])
            kept.append((t_us, payload))
            del kept[:-KEPT_MAX]

    def subscribed(self, t_us: int, dest: int, topics: tuple[int, ...]) -> list[Delivery]:
        """Return the stale frames that a node is handed when it subscribes to its neighbours."""
        if not self.faults.retained or self.rng.random() >= self.faults.retained:
            return []
        out = []
        for source in topics:
            if self._kept.get(source):
                sent_us, payload = self.rng.choice(self._kept[source])
                self.fired["retained"] += 1
                out.append(self._delivery(t_us, (source, dest), payload, STALE, sent_us))
        return out

    def restart(self, t_us: int, nodes: list[int]) -> dict[int, int]:
        """Restart the broker; return when (t_us) each node is connected again."""
        self.generation += 1
        self.fired["broker"] += 1
        low_ms, high_ms = RECONNECT_MS
        for node in nodes:
            self.away[node] = t_us + self.rng.randrange(low_ms, high_ms) * 1000
        return dict(self.away)

    def calm(self) -> None:
        """From now on nothing goes wrong: the second phase of a run."""
        self.faults = Faults(delay_ms=min(self.faults.delay_ms, 20.0))
        self.cuts.clear()
        self.away.clear()


def sealed(payload: bytes | bytearray) -> bool:
    """Return whether the last two bytes are the checksum of those before."""
    return crc_hqx(bytes(payload[:-2]), 0xFFFF) == int.from_bytes(payload[-2:], "little")


def seal(body: bytes | bytearray) -> bytes:
    """Return the body of a frame with its checksum behind it."""
    return bytes(body) + crc_hqx(bytes(body), 0xFFFF).to_bytes(2, "little")
