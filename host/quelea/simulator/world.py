"""The simulated world: virtual time, one queue of events, one seed; the same seed, the same bits."""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from quelea_proto.limits import TICKS_MASK

from quelea.journal import MemoryRecorder
from quelea.simulator.faults import Faults
from quelea.simulator.network import Network
from quelea.simulator.node import SimNode

SECOND_US = 1_000_000
TROUBLE_US = 100_000  # how often the fleet-wide faults are drawn


class World:
    """nodes by number; run(until_us) moves time; every frame sent is recorded in the journal.

    settings: a quelea_agent Settings for each node. attacks: adversary name by node number.
    watch: called after every event with (world, t_us), for properties of every instant.
    """

    def __init__(
        self,
        settings: Sequence[Any],
        faults: Faults,
        seed: int,
        attacks: dict[int, str] | None = None,
        watch: Callable[["World", int], None] | None = None,
    ) -> None:
        self.seed = seed
        self.rng = random.Random(f"world {seed}")
        self.faults = faults
        self.network = Network(faults, random.Random(f"network {seed}"))
        self.fired: Counter[str] = self.network.fired
        self.t_us = 0
        self.journal = MemoryRecorder(lambda: self.t_us)
        self.watch = watch
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self.nodes: dict[int, SimNode] = {}
        for row in settings:
            start_ms = self.rng.randrange(TICKS_MASK)
            if faults.wrap:
                start_ms = TICKS_MASK - self.rng.randrange(30_000)
            ppm = self.rng.randint(-faults.drift_ppm, faults.drift_ppm)
            attack = (attacks or {}).get(row.node)
            self.nodes[row.node] = SimNode(row, start_ms, ppm, attack)
        self.numbers = sorted(self.nodes)
        for number in self.numbers:
            self._at(self.rng.randrange(SECOND_US // 2), lambda n=number: self._boot(n))
        self._at(TROUBLE_US, self._trouble)

    def _at(self, delay_us: int, call: Callable[..., None]) -> None:
        self._order += 1
        heapq.heappush(self._queue, (self.t_us + delay_us, self._order, call))

    def sense(self, number: int, demand_q: int) -> None:
        """Give a node a new reading; it survives reboots, as a sensor's does."""
        node = self.nodes[number]
        node.demand_q = demand_q
        node.agent.sense(node.ticks_ms(self.t_us), demand_q)

    def run(self, until_us: int) -> None:
        """Process events up to virtual time until_us."""
        queue = self._queue
        while queue and queue[0][0] <= until_us:
            self.t_us, _, call = heapq.heappop(queue)
            call()
            if self.watch is not None:
                self.watch(self, self.t_us)
        self.t_us = until_us

    def calm(self) -> None:
        """Begin the second phase: heal everything, wake everybody, inject nothing more."""
        self.faults = Faults()
        self.network.calm()
        for number in self.numbers:
            node = self.nodes[number]
            if not node.alive:
                self._boot(number)
            elif node.paused:
                self._resume(number, node.life)

    def _boot(self, number: int) -> None:
        node = self.nodes[number]
        if node.alive:
            return
        if self.rng.random() < self.faults.torn:
            self.fired["torn"] += 1  # power went while the session was being written
            self._at(self._down_us(), lambda: self._boot(number))
            return
        node.boot()
        self._wake(number, node.life)

    def _down_us(self) -> int:
        return int(self.rng.expovariate(1 / self.faults.down_ms) * 1000)

    def _wake(self, number: int, life: int) -> None:
        node = self.nodes[number]
        if node.life != life or node.paused:
            return
        self._step(node)
        self._at(node.wake_us(self.t_us) - self.t_us, lambda: self._wake(number, life))

    def _step(self, node: SimNode) -> None:
        for dest, payload in node.step(self.t_us):
            self.journal.frame(self.t_us, "d" if dest else "x", node.number, dest, payload)
            for other in (dest,) if dest else node.settings.numbers:
                for delivery in self.network.send(self.t_us, node.number, other, payload):
                    generation = self.network.generation
                    self._at(
                        delivery.t_us - self.t_us,
                        lambda d=delivery, g=generation: self._deliver(d, g),
                    )

    def _deliver(self, delivery: Any, generation: int) -> None:
        node = self.nodes[delivery.dest]
        if generation != self.network.generation:
            self.fired["broker-lost"] += 1
            return
        if not node.alive:
            return
        node.inbox.append((delivery.source, delivery.payload))
        if not node.paused:
            self._step(node)

    def _trouble(self) -> None:
        """Draw the faults that befall nodes, the network or the broker; then again."""
        faults, rng, share = self.faults, self.rng, TROUBLE_US / SECOND_US
        if rng.random() < faults.partition * share:
            self.network.partition(self.numbers)
        if rng.random() < faults.clog * share:
            self.network.clog(self.numbers)
        if (self.network.cut or self.network.clogged) and rng.random() < faults.heal * share:
            self.network.heal()
            self.fired["heal"] += 1
        if rng.random() < faults.broker * share:
            self.network.generation += 1
            self.fired["broker"] += 1
        for number in self.numbers:
            node = self.nodes[number]
            if rng.random() < faults.crash * share and node.alive:
                self.fired["crash"] += 1
                node.crash()
                self._at(self._down_us(), lambda n=number: self._boot(n))
            if rng.random() < faults.pause * share and node.alive and not node.paused:
                self.fired["pause"] += 1
                node.paused = True
                delay_us = int(rng.expovariate(1 / faults.pause_ms) * 1000)
                self._at(delay_us, lambda n=number, k=node.life: self._resume(n, k))
            if rng.random() < faults.jump * share:
                self.fired["jump"] += 1
                node.start_ms += rng.randint(-5000, 60_000)
        self._at(TROUBLE_US, self._trouble)

    def _resume(self, number: int, life: int) -> None:
        node = self.nodes[number]
        if node.life == life and node.paused:
            node.paused = False
            node.life += 1  # a wake planned before the pause must not start a second chain
            self._wake(number, node.life)
