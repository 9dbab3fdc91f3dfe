"""The simulated world: virtual time, one queue of events, one seed; same seed, same bits."""

import heapq
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from quelea_agent.agent import Agent
from quelea_agent.counters import NAMES, ROUNDS
from quelea_proto.limits import SESSION_MAX, TICKS_MASK

from quelea.adversaries.knowledge import Knowledge
from quelea.journal import MemoryRecorder, NodeRow
from quelea.simulator import circulation, forgery, narrow
from quelea.simulator.faults import Faults
from quelea.simulator.network import LOST, Delivery, Network
from quelea.simulator.node import SimNode
from quelea.simulator.storage import Storage
from quelea.simulator.trouble import TROUBLE_US, Trouble

SECOND_US = 1_000_000
JOIN_MAX_US = 30 * SECOND_US
AGE_EXTRA_MS = 10  # what is lost by counting in whole ms, at each of the places
EVENTS_MAX = 5_000_000  # far above any run that is in order; a node gone wild ends here


class Flight(NamedTuple):
    """A frame under way, for pictures: arrives at to_us, or never (fate lost)."""

    from_us: int
    to_us: int
    source: int
    dest: int
    fate: str


class World:
    """nodes by number; run(until_us) moves time; every frame sent is recorded in the journal.

    settings: a quelea_agent Settings for each node. attacks: adversary name by node number.
    watch: called after every event with (world, t_us), for properties of every instant.
    agent_class: Agent, or another with its seam. circulation_q: in exact mode, what goes round a
    cycle of the graph from the first boots on. rounds_before: what nodes that are up at first have
    behind them, so that their seq is that high. flights: a list to be filled for a picture.
    """

    def __init__(
        self,
        settings: Sequence[Any],
        faults: Faults,
        seed: int,
        attacks: dict[int, str] | None = None,
        watch: Callable[["World", int], None] | None = None,
        agent_class: Any = Agent,
        circulation_q: int = 0,
        rounds_before: int = 0,
    ) -> None:
        self.seed = seed
        self.circulation_q = circulation_q
        self.rounds_before = rounds_before
        near = {row.node: row.numbers for row in settings} if circulation_q else {}
        self._around = circulation.cycle(near)
        self.drift_ppm = faults.drift_ppm
        self.rng = random.Random(f"world {seed}")
        self.faults = faults
        self.network = Network(faults, random.Random(f"network {seed}"))
        self.fired: Counter[str] = self.network.fired
        self.t_us = 0
        self.journal = MemoryRecorder(lambda: self.t_us)
        self.watch = watch
        self.flights: list[Flight] | None = None
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0
        self._lies = random.Random(f"lies {seed}")
        attacks = attacks or {}
        self.nodes = {
            row.node: self._node(row, attacks.get(row.node), agent_class) for row in settings
        }
        knowledge = Knowledge(self.nodes, tuple(attacks))
        for number in attacks:
            self.nodes[number].attack_options = {"liars": sorted(attacks)}
            self.nodes[number].knowledge = knowledge
        self.numbers = sorted(self.nodes)
        self.journal.nodes([self._row(node) for node in self.nodes.values()])
        self.trouble = Trouble(self)
        for number in self.numbers:
            self.at(self._first_boot_us(), lambda n=number: self.boot(n))
        self.at(TROUBLE_US, self.trouble.tick)

    def _node(self, row: Any, attack: str | None, agent_class: Any) -> SimNode:
        start_ms = self.rng.randrange(TICKS_MASK)
        if self.faults.wrap:
            start_ms = TICKS_MASK - self.rng.randrange(30_000)
        ppm = self.rng.randint(-self.faults.drift_ppm, self.faults.drift_ppm)
        node = SimNode(row, start_ms, ppm, attack, agent_class)
        if self.faults.wrap:
            node.storage = Storage(SESSION_MAX - self.rng.randrange(4))
        return node

    def _first_boot_us(self) -> int:
        if self.rng.random() < self.faults.join:
            self.fired["join"] += 1
            return self.rng.randrange(SECOND_US, JOIN_MAX_US)
        return self.rng.randrange(SECOND_US // 2)

    @staticmethod
    def _row(node: SimNode) -> NodeRow:
        roles = ("liar", f"attack:{node.attack_name}") if node.attack_name else ()
        return NodeRow(node.number, node.settings.id, node.settings.numbers, roles)

    # -- time -----------------------------------------------------------------------------------
    def at(self, delay_us: int, call: Callable[..., None]) -> None:
        """Plan a call delay_us from now; calls of one instant run in the order planned."""
        self._order += 1
        heapq.heappush(self._queue, (self.t_us + delay_us, self._order, call))

    def run(self, until_us: int) -> None:
        """Process events up to virtual time until_us."""
        queue = self._queue
        while queue and queue[0][0] <= until_us:
            if self._order > EVENTS_MAX:
                self.journal.event("fleet", "runaway", {"events": self._order})
                queue.clear()
                break
            self.t_us, _, call = heapq.heappop(queue)
            call()
            if self.watch is not None:
                self.watch(self, self.t_us)
        self.t_us = until_us

    def calm(self) -> None:
        """Begin the second phase: heal everything, bring everybody back, inject nothing more.

        Nodes with a boot counter behind what their id has used, or level with it (a new board that
        speaks in the very session of the old one), are enrolled anew: see Storage.
        """
        self.faults = Faults(echo=self.faults.echo)
        self.network.calm()
        self.journal.event("fleet", "calm")
        for number in self.numbers:
            node = self.nodes[number]
            node.present = True
            storage = node.storage
            if storage.reused or storage.stored != storage.newest or node.version > 1:
                storage.enrol()
                self.end_life(node)
            if not node.alive:
                self.boot(number)
            elif node.paused:
                self.resume(number, node.life)

    def finish(self) -> None:
        """End the run: record what every node counted, and which faults took effect."""
        for node in self.nodes.values():
            if node.alive:
                self._status(node)
        for where, value in narrow.drain():
            self.journal.event("fleet", "wide-integer", {"where": where, "value": value})
        for name in sorted(self.fired):
            self.journal.fault(name, "fleet", 0, self.t_us, self.fired[name])

    def age_max_ms(self, fresh_ms: int) -> int:
        """Return how old a frame can have been when a node used it, in ms since it was first sent.

        On its way, held while its receiver stood still, fresh in a table, and that stretched by a
        clock that was set back and runs late: as they really were in this run.
        """
        held_ms = max((node.held_us for node in self.nodes.values()), default=0) // 1000
        back_ms = max((node.back_ms for node in self.nodes.values()), default=0)
        late_ms = fresh_ms * self.drift_ppm // 500_000
        return self.network.way_us // 1000 + held_ms + back_ms + fresh_ms + late_ms + AGE_EXTRA_MS

    # -- what befalls a node --------------------------------------------------------------------
    def sense(self, number: int, demand_q: int) -> None:
        """Give a node a new reading; it survives reboots, as a sensor's does."""
        node = self.nodes[number]
        self.journal.event(node.settings.id, "reading", {"q": demand_q})
        node.demand_q = demand_q
        node.agent.sense(node.ticks_ms(self.t_us), demand_q)

    def boot(self, number: int) -> None:
        """Power a node up, unless it is up, away for good, or power fails again."""
        node = self.nodes[number]
        if node.alive or not node.present:
            return
        if self.faults.torn and self.rng.random() < self.faults.torn:
            self.fired["torn"] += 1  # power went while the session was being written
            self.at(self.trouble.down_us(), lambda: self.boot(number))
            return
        if node.life and self.faults.stale and self.rng.random() < self.faults.stale:
            self.fired["stale"] += 1
            node.storage.restore(self.rng)
        first = node.life == 0 and self.t_us < SECOND_US
        node.boot()
        self.journal.event(node.settings.id, "booted", {"session": node.agent.session})
        if node.storage.reused:
            self.trouble.fell_behind(node)
        if first and self.faults.epoch and node.agent.flows is None:
            self.fired["epoch"] += 1
            node.agent.mode.epoch = self.faults.epoch  # up for long: the fleet's epoch, not 0
        if first and self.rounds_before:
            self.fired["rounds-before"] += 1
            node.agent.seq = node.agent.counters.counts[ROUNDS] = self.rounds_before
        around = self._around if node.life == 1 and self.circulation_q else ()
        if circulation.begin(node.agent, number, around, self.circulation_q):
            self.fired["circulation"] += 1
        self._subscribed(node)
        self._wake(number, node.life)

    def end_life(self, node: SimNode) -> None:
        """Cut a node's power; what it counted is recorded first."""
        if node.alive:
            self._status(node)
            self.journal.event(node.settings.id, "down")
            node.crash()
        node.version = 1

    def resume(self, number: int, life: int) -> None:
        """End a pause, unless the node has rebooted since."""
        node = self.nodes[number]
        if node.life == life and node.paused:
            node.paused = False
            node.held_us = max(node.held_us, self.t_us - node.paused_us)
            self.journal.event(node.settings.id, "resumed")
            node.life += 1  # a wake planned before the pause must not start a second chain
            self._wake(number, node.life)

    def _status(self, node: SimNode) -> None:
        counted = dict(zip(NAMES, node.agent.counters.counts, strict=True))
        document = {"session": node.agent.session, "seq": node.agent.seq, "counters": counted}
        self.journal.status(node.number, json.dumps(document))

    def _wake(self, number: int, life: int) -> None:
        node = self.nodes[number]
        if node.life != life or node.paused:
            return
        self._step(node)
        if node.life == life:
            self.at(node.wake_us(self.t_us) - self.t_us, lambda: self._wake(number, life))

    def _step(self, node: SimNode) -> None:
        try:
            frames = node.step(self.t_us)
        except Exception as error:  # our own code must never raise, whatever came in
            detail = {"error": f"{type(error).__name__}: {error}"}
            self.journal.event(node.settings.id, "raised", detail)
            self.end_life(node)
            self.at(SECOND_US, lambda: self.boot(node.number))
            return
        if frames and self.trouble.doomed(node):
            frames = frames[: self.rng.randrange(len(frames))] if len(frames) > 1 else []
            self.trouble.crash(node)
        for dest, payload in frames:
            self._publish(node, dest, payload)

    # -- frames ---------------------------------------------------------------------------------
    def _publish(self, node: SimNode, dest: int, payload: bytes) -> None:
        if self.network.away.get(node.number, 0) > self.t_us or not node.present:
            self.fired["unsent"] += 1
            return
        if node.version > 1:
            self.fired["future"] += 1
            payload = forgery.future(payload)
        if node.attack and len(payload) > 20 and self._lies.random() < self.faults.forge:
            kind, forged = forgery.forge(payload, tuple(self.numbers), self._lies)
            self.fired[f"forged-{kind}"] += 1
            if kind == "sender":
                self._send(node, dest, payload)
            payload = forged
        self._send(node, dest, payload)

    def _send(self, node: SimNode, dest: int, payload: bytes) -> None:
        self.journal.frame(self.t_us, "d" if dest else "x", node.number, dest, payload)
        if dest == 0:
            self.network.keep(self.t_us, node.number, payload)
        for other in (dest,) if dest else node.settings.numbers:
            deliveries = self.network.send(self.t_us, node.number, other, payload)
            self._plan(deliveries)
            if not deliveries and self.flights is not None:
                lost = Flight(self.t_us, self.t_us, node.number, other, LOST)
                self.flights.append(lost)

    def _plan(self, deliveries: list[Delivery]) -> None:
        generation = self.network.generation
        for delivery in deliveries:
            call = lambda d=delivery, s=self.t_us: self._deliver(d, generation, s)  # noqa: E731
            self.at(delivery.t_us - self.t_us, call)

    def _subscribed(self, node: SimNode) -> None:
        """Hand over what the broker kept, to a node that has just connected."""
        self._plan(self.network.subscribed(self.t_us, node.number, node.settings.numbers))

    def reconnect(self, number: int, t_us: int) -> None:
        """A node is back at the broker at t_us, unless the broker has gone again."""
        if self.network.away.get(number) == t_us and self.nodes[number].alive:
            self._subscribed(self.nodes[number])

    def _deliver(self, delivery: Delivery, generation: int, sent_us: int) -> None:
        node = self.nodes[delivery.dest]
        heard = node.alive and node.present
        if generation != self.network.generation:
            self.fired["broker-lost"] += 1
            heard = False
        elif self.network.away.get(delivery.dest, 0) > self.t_us:
            self.fired["unheard"] += 1
            heard = False
        if self.flights is not None:
            fate = delivery.fate if heard else LOST
            self.flights.append(Flight(sent_us, self.t_us, delivery.source, delivery.dest, fate))
        if not heard:
            return
        node.inbox.append((delivery.source, delivery.payload))
        if not node.paused:
            self._step(node)
            if self.faults.echo and node.alive and self.rng.random() < self.faults.echo:
                self._echo(node)

    def _echo(self, node: SimNode) -> None:
        """Hand a frame of this life over once more: nothing but counters may change."""
        if not node.taken or node.wait_ms(self.t_us) <= 0:
            return  # a step would also do a round
        again = self.rng.choice(node.taken)
        before = node.core()
        node.agent.step(node.ticks_ms(self.t_us), (again,))
        self.fired["echo"] += 1
        if node.core() != before:
            detail = {"source": again[0], "seq": int.from_bytes(again[1][8:12], "little")}
            self.journal.event(node.settings.id, "echo-changed", detail)
