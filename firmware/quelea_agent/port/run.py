"""The main loop: sensor, agent, link and transport, and one wait a turn.

    turn: sense -> agent.step -> frames out -> link.tick -> messages out -> poll until something
          is due or a byte comes

A lost broker changes nothing but where the frames go: the agent's rounds go on.
"""

import sys

from quelea_proto import rules
from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import const

from quelea_agent import __version__, report
from quelea_agent.agent import Agent
from quelea_agent.counters import ROUNDS
from quelea_agent.link import Link
from quelea_agent.port import mqtt
from quelea_agent.port.console import say
from quelea_agent.port.heap import Heap
from quelea_agent.port.which import port_module

_EXIT_CONFIG = const(2)  # the exit status of a node that was given a faulty configuration
_LAST_WORDS_MS = const(1000)  # for the broker to acknowledge `disconnected`


class Node:
    """One node with all its edges. Settings come from `config.read`."""

    Link = Link

    def __init__(self, module, port, cfg: dict, settings, sensor) -> None:
        self.ticks = port.ticks
        self.port = port
        self.sensor = sensor
        session, self.stored = begin_session(port, cfg.get("auth"))
        self.agent = Agent(settings, session)
        self.wait_ms_max = module.WAIT_MS_MAX
        facts = (
            ("fw", report.text(__version__)),
            ("board", report.text(module.BOARD)),
            ("signal", _signal(cfg.get("signal"))),
        ) + port.facts()
        status_ms = cfg.get("status_ms", 5000)
        self.link = self.Link(settings, session, status_ms, facts, module.EMULATED)
        self.update = None
        if cfg.get("update") is not None:
            from quelea_agent.port import update  # a heap that has no use for it does not pay

            self.update = update.make(settings, cfg)
        self.transport = mqtt.Transport(
            port.ticks,
            cfg["broker"],
            settings.id,
            settings.node,
            self.link.will,
            self.link.receive if self.update is None else self._receive,
            port.wake,
            port.ready,
        )
        self.qos_max = cfg["broker"].get("qos_max", 1)
        self.link.qos_max = self.qos_max
        self.attack = None
        if cfg.get("attack") is not None:
            from attack import Attack  # staged beside cfg.json of an emulated liar, nowhere else

            self.attack = Attack(settings, cfg["attack"])
        self.parts = []  # that look after messages: turn(now_ms), busy, figures()
        self._up = False
        self._cause = 0
        self._rounds = 0
        self.heap = None  # measured once everything is loaded

    def run(self) -> None:
        """Run until a command, Ctrl-C or the wake stream says stop; then leave in order."""
        self.heap = Heap()
        self.transport.connect()
        self._sense(self.ticks.ticks_ms())
        try:
            while not self.link.stopping and not self.transport.woken:
                self._turn()
        except KeyboardInterrupt:
            pass
        if not self.link.stopping:
            self.link.stop()
        self._send_messages()
        self.transport.close(_LAST_WORDS_MS)

    def _turn(self) -> None:
        agent = self.agent
        link = self.link
        now_ms = self.ticks.ticks_ms()
        self.port.tick(now_ms)
        if ticks_diff(now_ms, agent.next_wake_ms) >= 0:
            self._sense(now_ms)
        frames_out = agent.step(now_ms, link.frames)
        link.frames.clear()
        rounds = agent.counters.counts[ROUNDS]
        if rounds != self._rounds:
            self._rounds = rounds
            self._round(now_ms, frames_out)
        try:
            link.tick(now_ms, agent, self._figures)
        except MemoryError:  # no room for a status: what is written already goes all the same
            self.heap.relieve()
        if self.update is not None:
            self._update(now_ms)
        try:
            self._send_messages()
            for part in self.parts:
                part.turn(now_ms)
        except MemoryError:
            self.heap.relieve()
        self.transport.poll(self._deadline_ms(now_ms))
        try:
            self._follow()
        except MemoryError:
            self._up = False  # said again at the next turn
            link.outgoing.clear()
            self.heap.relieve()

    def _receive(self, topic: bytes, payload: bytes) -> None:
        if not self.update.receive(topic, payload):
            self.link.receive(topic, payload)

    def _update(self, now_ms: int) -> None:
        """Let the update do its slice; say what it has to say."""
        update = self.update
        try:
            update.tick(now_ms, self.transport.state() == mqtt.UP)
        except MemoryError:  # at the next turn again
            self.heap.relieve()
        while update.events:
            name, pairs = update.events.pop(0)
            self.link.note(name, now_ms, pairs)
        if update.asking is not None:
            self.transport.publish(update.need_topic, update.asking)
            update.asking = None
        if update.restarting:
            self.link.stop()

    def _round(self, now_ms: int, frames_out) -> None:
        """Do what is due once a round; frames_out: empty in one that is silent."""
        if frames_out:
            self._speak(now_ms, frames_out)
        self.heap.sample()

    def _speak(self, now_ms: int, frames_out) -> None:
        if self.attack is not None:
            frames_out = self.attack.forge(now_ms, self.agent, frames_out)
        for dest, buffer in frames_out:
            self.transport.publish(self.link.topic_to(dest), buffer)

    def _sense(self, now_ms: int) -> None:
        demand_q = self.link.demand_q
        self.agent.sense(now_ms, self.sensor.read_q(now_ms) if demand_q is None else demand_q)

    def _send_messages(self) -> None:
        outgoing = self.link.outgoing
        while outgoing:
            topic, payload, qos, retain = outgoing.pop(0)
            self.transport.publish(topic, payload, qos, retain)

    def _deadline_ms(self, now_ms: int) -> int:
        """Return when the next turn is due at the latest."""
        for part in self.parts:
            if part.busy:
                return now_ms
        deadline_ms = self.agent.next_wake_ms
        if ticks_diff(self.link.next_wake_ms, deadline_ms) < 0:
            deadline_ms = self.link.next_wake_ms
        if self.update is not None and ticks_diff(self.update.next_wake_ms, deadline_ms) < 0:
            deadline_ms = self.update.next_wake_ms
        latest_ms = ticks_add(now_ms, self.wait_ms_max)
        return latest_ms if ticks_diff(latest_ms, deadline_ms) < 0 else deadline_ms

    def _follow(self) -> None:
        """Tell the link when the broker has come or gone; tell the console why it is away."""
        cause = self.transport.cause
        if cause != self._cause:
            self._cause = cause
            if cause:  # each new cause once: a wrong password must not flood a log
                say("quelea: no broker:", mqtt.NAMES[cause])
        up = self.transport.state() == mqtt.UP
        if up == self._up:
            return
        self._up = up
        now_ms = self.ticks.ticks_ms()
        if up:
            for topic, qos in self.link.subscriptions():
                self.transport.subscribe(topic, min(qos, self.qos_max))
            if self.update is not None:
                for topic, qos in self.update.subscriptions():
                    self.transport.subscribe(topic, min(qos, self.qos_max))
            self.link.connected(now_ms)
        else:
            self.link.lost(now_ms, mqtt.NAMES[self.transport.cause])

    def _figures(self) -> list:
        """Return the edges' part of a status."""
        heap = self.heap
        pairs = []
        for part in self.parts:
            pairs += part.figures()
        figures = (
            ("bytes", str(heap.bytes)),
            ("live", str(heap.live_bytes)),
            ("high", str(heap.high_bytes)),
            ("collections", str(heap.collections)),
            ("shortages", str(heap.shortages)),
        )
        if self.update is not None:
            pairs += self.update.figures()
        return pairs + [
            ("mqtt", report.counted(mqtt.NAMES, self.transport.counts)),
            ("heap", report.rows(figures)),
            ("session_stored", report.text(self.stored)),
        ]


def _signal(signal) -> str:
    """Return what is measured and its unit as JSON."""
    if not isinstance(signal, dict):
        return "null"
    return report.rows([(key, report.text(signal.get(key))) for key in ("name", "unit")])


def forget_rules(kept: str) -> None:
    """Let go of every rule but one: on a small heap what they take is needed elsewhere."""
    rows = rules.RULES
    rules.RULES = (rules.find(kept),)
    for row in rows:
        name = row[0].replace("-", "_")
        sys.modules.pop("quelea_proto.rules." + name, None)
        delattr(rules, name)


def read_config() -> tuple:
    """Return what config.read() does, and let go of its code, which is needed once."""
    from quelea_agent import port as edges
    from quelea_agent.port import config

    found = config.read()
    for name in ("config", "enrolled"):
        if sys.modules.pop("quelea_agent.port." + name, None) is not None:
            delattr(edges, name)
    return found


def begin_session(port, config: object) -> tuple:
    """Return (session, whether it was stored); config: `auth`, which may say where to begin."""
    if config is None:
        return port.begin_session()
    from quelea_agent.port import auth

    return port.begin_session(auth.least(config))


def attach(node, cfg: dict) -> str:
    """Put between node and transport what the configuration asks for; return why not, or ""."""
    problem = ""
    if cfg.get("trust") is not None:
        from quelea_agent.port import trust  # parts: a heap without them does not pay

        problem = trust.attach(node, cfg["trust"])
    if not problem and cfg.get("auth") is not None:
        from quelea_agent.port import auth

        problem = auth.attach(node, cfg["auth"])
    if not problem and cfg.get("cluster") is not None:
        from quelea_agent.port import cluster

        problem = cluster.attach(node, cfg["cluster"])
    if not problem and cfg.get("surge") is not None:
        from quelea_agent.port import lookout

        problem = lookout.attach(node, cfg["surge"])
    return problem


def main() -> None:
    """Read cfg.json and run; exit status 2 with one sentence for a faulty one."""
    cfg, settings, problem = read_config()
    sensor = maker = None
    if not problem and cfg.get("headroom") is not None:
        from quelea_agent.port import share  # a heap that has no use for it does not pay for it

        if isinstance(cfg["headroom"], dict) and cfg["headroom"].get("leases"):
            from quelea_agent.port import members as share

        maker, problem = share.maker(settings, cfg["headroom"])
    if not problem and cfg.get("update") is not None:
        from quelea_agent.port import update

        problem = update.problem_of(cfg["update"], cfg.get("trust"))
    if not problem:
        module = port_module()
        port = module.Port(cfg)
        sensor, problem = port.sensor(cfg.get("sensor"), port.ticks.ticks_ms())
    if not problem:
        node = (maker or Node)(module, port, cfg, settings, sensor)
        problem = attach(node, cfg)
    if problem:
        sys.stderr.write("quelea: " + problem + "\n")
        sys.exit(_EXIT_CONFIG)
    cfg = None  # what is needed of it is in the node; on a small heap the rest counts
    forget_rules(settings.rule)
    node.run()
    if node.update is not None and node.update.restarting:
        update.restart()
