"""What main loops of applications are alike in: transport, the state's topic, the inbox, the end.

A node of its own kind is a subclass of Loop and a main() that calls start(). It has a method
_turn(), which ends in transport.poll(), and calls _follow() and _take_all() in it. The node of
`quelea fleet` is run.py, which is none of these.
"""

import sys

from quelea_proto.limits import INBOX_FRAMES_MAX, const
from quelea_proto.topics import build

from quelea_agent.port import config, mqtt
from quelea_agent.port.which import port_module

_EXIT_CONFIG = const(2)
_LAST_WORDS_MS = const(1000)


class Loop:
    """One node with its edges. filters: (topic, QoS). problem: why it cannot begin."""

    def __init__(self, module, port, cfg: dict, settings) -> None:
        self.port = port
        self.ticks = port.ticks
        self.settings = settings
        self.session, _ = port.begin_session()
        self.filters = []
        self.problem = ""
        self.stopping = False
        self.wait_ms_max = module.WAIT_MS_MAX
        self._inbox = []
        self._up = False
        self._state = build("state", settings.fleet, settings.id).encode()
        self.transport = mqtt.Transport(
            port.ticks, cfg["broker"], settings.id, settings.node, (self._state, b"lost"),
            self._receive, port.wake, port.ready,
        )  # fmt: skip

    def run(self) -> None:
        """Run until the host, Ctrl-C or the wake stream says stop; then leave in order."""
        self.transport.connect()
        try:
            while not self.stopping and not self.transport.woken:
                self._turn()
        except KeyboardInterrupt:
            pass
        self._leave()
        self.transport.publish(self._state, b"disconnected", 1, True)
        self.transport.close(_LAST_WORDS_MS)

    def _follow(self) -> None:
        """Look after the board; subscribe and say `ready` whenever the broker has come."""
        self.port.tick(self.ticks.ticks_ms())
        up = self.transport.state() == mqtt.UP
        if up and not self._up:
            for topic, qos in self.filters:
                self.transport.subscribe(topic, qos)
            self.transport.publish(self._state, b"ready", 1, True)
        self._up = up

    def _receive(self, topic: bytes, payload: bytes) -> None:
        """Keep a message for the turn; the oldest goes when there are too many."""
        if len(self._inbox) >= INBOX_FRAMES_MAX:
            self._inbox.pop(0)
        self._inbox.append((topic, payload))

    def _take_all(self) -> None:
        while self._inbox:
            topic, payload = self._inbox.pop(0)
            self._take(topic, payload)

    # -- what a subclass has --------------------------------------------------------------------
    def _turn(self) -> None:
        """Do what is due, then wait."""
        raise NotImplementedError

    def _take(self, topic: bytes, payload: bytes) -> None:
        """Take a message."""
        raise NotImplementedError

    def _leave(self) -> None:
        """Do what is to be done before the last words."""


def start(name: str, node) -> None:
    """Read cfg.json and run; exit status 2 with one sentence for a faulty one.

    name: of the object in cfg.json that this kind of node needs. node: its class.
    """
    cfg, settings, problem = config.read()
    if not problem and not isinstance(cfg.get(name), dict):
        problem = "cfg.json: " + name + ": an object is needed"
    if not problem:
        module = port_module()
        made = node(module, module.Port(cfg), cfg, settings)
        problem = made.problem
    if problem:
        sys.stderr.write("quelea: " + problem + "\n")
        sys.exit(_EXIT_CONFIG)
    cfg = None  # what is needed of it is in the node
    made.run()
