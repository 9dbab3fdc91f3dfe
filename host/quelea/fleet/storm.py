"""The faults of a scenario on a real fleet: the simulator's network and draws, in real time.

Frames pass through the proxy one by one, and the simulator's Network says what becomes of each, so
that loss, replay, delay, partitions and the rest mean here what they mean there. Nodes are killed,
stopped and given other boot counters; the broker is restarted. Scenario time runs `speed` times as
fast as the clock: a round is a round in both.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from quelea_proto.limits import SESSION_MAX, TICKS_MASK
from quelea_proto.topics import build

from quelea.fleet import packets
from quelea.fleet.broker import Broker
from quelea.fleet.packets import Published
from quelea.fleet.plan import Plan
from quelea.fleet.proxy import FaultyProxy
from quelea.fleet.proxy_link import UP
from quelea.fleet.scenario import Staged
from quelea.fleet.supervisor import Supervisor
from quelea.journal import Recorder
from quelea.simulator import forgery
from quelea.simulator.faults import PAUSE_MAX_MS
from quelea.simulator.network import Delivery, Network
from quelea.simulator.storage import Storage
from quelea.simulator.trouble import PER_S, TROUBLE_US

DOWN_MIN_S = 0.3  # a process needs time to end and to begin
BACK_S = 20.0  # for all nodes to be heard again; they try for a broker every 8 s at least
SECOND_US = 1_000_000


class Storm:
    """host, port: where the nodes connect. act() is to be called often; stop() ends it."""

    def __init__(self, staged: Staged, plan: Plan, broker: Broker, recorder: Recorder) -> None:
        self.staged = staged
        self.plan = plan
        self.recorder = recorder
        self.faults = staged.drawn.faults
        seed = staged.drawn.seed
        self.rng = random.Random(f"storm {seed}")
        self._heads = random.Random(f"heads {seed}")
        self.network = Network(self.faults, random.Random(f"network {seed}"))
        self.fired: Counter[str] = self.network.fired
        topology = plan.topology
        self.numbers = {topology.id_of(number): number for number in topology.nodes}
        self.ids = {number: node_id for node_id, number in self.numbers.items()}
        self.storage = {node_id: self._storage() for node_id in self.numbers}
        self.healed_s = self.calm_s = -1.0  # on the clock of the run
        self._lock = threading.Lock()  # frames pass in the proxy's thread
        self._started_s = 0.0
        self._from_us = recorder.now_us()
        self._ticks = 0
        self._returned: set[str] = set()  # nodes that were handed what the broker kept
        self._resume_s: dict[str, float] = {}
        self._supervisor: Supervisor | None = None
        self._folder = Path()
        self._restart_broker: Callable[[], None] = lambda: None
        self.proxy = FaultyProxy(broker.host, broker.port, seed, filter_=self._pass)
        self.proxy.start()
        self.host, self.port = self.proxy.host, self.proxy.port

    def _storage(self) -> Storage:
        used = SESSION_MAX - self.rng.randrange(4) if self.faults.wrap else 0
        storage = Storage(used)
        storage.begin()
        return storage

    def files(self, node_id: str) -> dict[str, bytes]:
        """Return what a node's folder holds before its first boot."""
        if not self.faults.wrap:
            return {}
        return {"session": str(self.storage[node_id].backups[0]).encode()}

    def offset_ms(self) -> int:
        """Return what is added to a node's ticks, so that they go round in the storm; 0: nothing.

        Processes count from the machine's start, as the clock that is read here does.
        """
        if not self.faults.wrap:
            return 0
        ahead_ms = self.rng.randrange(2000, 2000 + max(1, int(self.staged.faults_s * 1000)))
        self.fired["wrap"] += 1
        return (TICKS_MASK - ahead_ms - time.monotonic_ns() // 1_000_000) & TICKS_MASK

    def attach(
        self, supervisor: Supervisor, nodes: Path, restart_broker: Callable[[], None]
    ) -> None:
        """Say who keeps the nodes, where their folders are, and what restarts the broker."""
        self._supervisor = supervisor
        self._folder = nodes
        self._restart_broker = restart_broker

    # -- the run's thread -----------------------------------------------------------------------
    def act(self, elapsed_s: float) -> None:
        """Draw what befalls the fleet up to this time of the run; once it is over, heal all."""
        if self._started_s == 0.0:
            self._started_s = time.monotonic() - elapsed_s
        for node_id in [one for one, at_s in self._resume_s.items() if elapsed_s >= at_s]:
            self._resume(node_id)
        if self.healed_s >= 0:
            return
        if elapsed_s >= self.staged.faults_s:
            self._heal(elapsed_s)
            return
        while self._ticks * TROUBLE_US < elapsed_s * self.staged.speed * SECOND_US:
            self._ticks += 1
            with self._lock:
                self._befall_links()
            for node_id in self.numbers:
                self._befall(node_id, elapsed_s)
            if self.rng.random() < self.faults.broker * PER_S:
                self.fired["broker"] += 1
                self._restart_broker()
                break  # it took its time

    def over(self, elapsed_s: float, heard: bool) -> bool:
        """Return whether the run has had its calm, which begins when all nodes are heard again."""
        if self.healed_s < 0:
            return False
        waited_s = elapsed_s - self.healed_s
        if self.calm_s < 0 and (waited_s >= BACK_S or (heard and waited_s >= DOWN_MIN_S)):
            self.calm_s = elapsed_s
            self.recorder.event("fleet", "calm")
        return 0 <= self.calm_s <= elapsed_s - self.staged.calm_s

    def _befall_links(self) -> None:
        faults, cuts, rng = self.faults, self.network.cuts, self.rng
        numbers = sorted(self.ids)
        if rng.random() < faults.partition * PER_S:
            cuts.partition(numbers, faults)
            self.recorder.event("network", "cut", {"links": len(cuts.cut)})
        if rng.random() < faults.clog * PER_S:
            cuts.clog(numbers, faults)
        if not cuts.quiet:
            cuts.tick(numbers)
            if rng.random() < faults.heal * PER_S:
                cuts.heal()
                self.fired["heal"] += 1
                self.recorder.event("network", "healed")

    def _befall(self, node_id: str, elapsed_s: float) -> None:
        faults, rng = self.faults, self.rng
        if rng.random() < faults.crash * PER_S:
            stale = rng.random() < faults.stale
            self._crash(node_id, elapsed_s, "stale" if stale else "")
        if rng.random() < faults.pause * PER_S:
            self._pause(node_id, elapsed_s)
        if rng.random() < faults.swap * PER_S:
            self._crash(node_id, elapsed_s, "swap")

    def _crash(self, node_id: str, elapsed_s: float, how: str) -> None:
        """Kill a node; before it is started again its boot counter may be set back."""
        down_s = self.rng.expovariate(1 / self.faults.down_ms) / 1000 / self.staged.speed
        down_s = min(max(DOWN_MIN_S, down_s), max(DOWN_MIN_S, self.staged.faults_s - elapsed_s))
        if self._supervisor is None or not self._supervisor.kill(node_id, down_s):
            return
        self.fired[how if how == "swap" else "crash"] += 1
        self._resume_s.pop(node_id, None)
        storage = self.storage[node_id]
        if how == "swap":
            storage.swap()
        elif how == "stale":
            self.fired["stale"] += 1
            storage.restore(self.rng)
        self._store(node_id, elapsed_s)

    def _store(self, node_id: str, elapsed_s: float) -> None:
        """Write what a node finds at its next boot: its counter, and the readings from now on."""
        storage, folder = self.storage[node_id], self._folder / node_id
        (folder / "session").write_text(str(storage.stored))
        storage.begin()  # as the node is about to do
        if storage.reused:
            self.recorder.event(node_id, "session-reused")
        trace = self.plan.traces[self.numbers[node_id] - 1]
        first = min(len(trace) - 1, int(elapsed_s / self.staged.step_s))
        (folder / "trace.json").write_text(json.dumps({"values_q": trace[first:]}))

    def _pause(self, node_id: str, elapsed_s: float) -> None:
        if node_id in self._resume_s or self._supervisor is None:
            return
        if self._supervisor.pause(node_id):
            self.fired["pause"] += 1
            wait_ms = min(self.rng.expovariate(1 / self.faults.pause_ms), PAUSE_MAX_MS)
            self._resume_s[node_id] = elapsed_s + wait_ms / 1000 / self.staged.speed

    def _resume(self, node_id: str) -> None:
        self._resume_s.pop(node_id, None)
        if self._supervisor is not None:
            self._supervisor.resume(node_id)

    def _heal(self, elapsed_s: float) -> None:
        """End everything, and enrol anew the nodes whose counter is behind: see Storage."""
        self.healed_s = elapsed_s
        with self._lock:
            self.network.calm()
        for node_id in list(self._resume_s):
            self._resume(node_id)
        for node_id, storage in self.storage.items():
            if storage.reused or storage.stored != storage.newest:
                storage.enrol()
                if self._supervisor is not None and self._supervisor.kill(node_id, DOWN_MIN_S):
                    self._store(node_id, elapsed_s)

    def stop(self) -> None:
        """Record how often each fault took effect, and end the proxy."""
        self.proxy.stop()
        now_us = self.recorder.now_us()
        for name in sorted(self.fired):
            self.recorder.fault(name, "fleet", self._from_us, now_us, self.fired[name])

    # -- the proxy's thread ---------------------------------------------------------------------
    def _pass(self, name: str, direction: str, packet: bytes) -> list[tuple[float, bytes]]:
        """Return what passes in place of a packet, and after how many seconds."""
        if self._started_s == 0.0 or self.healed_s >= 0 or name not in self.numbers:
            return [(0.0, packet)]
        t_us = int((time.monotonic() - self._started_s) * self.staged.speed * SECOND_US)
        with self._lock:
            if direction == UP:
                return [(0.0, one) for one in self._up(t_us, name, packet)]
            out = [(0.0, packet)]
            said = packets.frame(packet)
            if said is not None and said.source in self.numbers:
                number = self.numbers[said.source]
                found = self.network.send(t_us, number, self.numbers[name], said.payload)
                out = self._timed(t_us, found, said.topic)
            elif packets.kind(packet) == packets.SUBACK and name not in self._returned:
                self._returned.add(name)
                out += self._kept(t_us, name)
            return out

    def _timed(
        self, t_us: int, deliveries: list[Delivery], topic: bytes
    ) -> list[tuple[float, bytes]]:
        speed = self.staged.speed * SECOND_US
        return [
            ((one.t_us - t_us) / speed, packets.publish(topic, one.payload)) for one in deliveries
        ]

    def _kept(self, t_us: int, name: str) -> list[tuple[float, bytes]]:
        """Return stale frames, as if the broker had kept them, for a node that has come back."""
        out = []
        number = self.numbers[name]
        for one in self.network.subscribed(t_us, number, self.plan.topology.neighbours(number)):
            topic = build("frame", self.plan.options.name, self.ids[one.source]).encode()
            out += self._timed(t_us, [one], topic)
        return out

    def _up(self, t_us: int, name: str, packet: bytes) -> list[bytes]:
        """What a node sends: a liar's head may lie as well, and the broker may keep a frame."""
        if packets.kind(packet) == packets.CONNECT:
            self._returned.discard(name)
        said: Published | None = packets.frame(packet)
        if said is None:
            return [packet]
        number, payload = self.numbers[name], said.payload
        out = [packet]
        lies = number in self.plan.liars and len(payload) > 20
        if lies and self._heads.random() < self.faults.forge:
            kind, payload = forgery.forge(payload, tuple(self.ids), self._heads)
            self.fired[f"forged-{kind}"] += 1
            out = [packet] if kind == "sender" else []
            out.append(packets.publish(said.topic, payload))
        if not said.dest:
            self.network.keep(t_us, number, payload)
        return out
