"""Safe mode: what came by cable, after what ran has crashed start.BOOTS_MAX times in a row.

No agent and no rounds: the load stays at its floor, the node says that it is safe, and takes an
update. After RETRY_MS what it was is tried again.
"""

import sys

from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import const
from quelea_proto.topics import build

from quelea_agent import report
from quelea_agent.port import config, mqtt, update
from quelea_agent.port.console import say
from quelea_agent.port.run import port_module

RETRY_MS = const(600000)
_STATUS_MS = const(5000)
_TURN_MS = const(500)
_LAST_WORDS_MS = const(1000)


def floor_q(cfg: dict) -> int:
    """Return what the load may always draw: the least floor of all limits, 0 without any."""
    try:
        rows = cfg["headroom"]["limits"]
        return min([row["rows"][row["own"]][0] for row in rows])
    except (KeyError, IndexError, TypeError, ValueError):
        return 0


class SafeNode:
    """Transport and update, and nothing else."""

    def __init__(self, port, cfg: dict, settings) -> None:
        self.port = port
        self.ticks = port.ticks
        self.session = port.begin_session()[0]
        self.update = update.make(settings, cfg, safe=True)
        self._topics = [
            build(name, settings.fleet, settings.id).encode()
            for name in ("state", "status", "event")
        ]
        self.transport = mqtt.Transport(
            port.ticks,
            cfg["broker"],
            settings.id,
            settings.node,
            (self._topics[0], b"lost"),
            self.update.receive,
            port.wake,
            port.ready,
        )
        self._floor_q = floor_q(cfg)
        self._status_ms = 0
        self._up = False

    def run(self) -> None:
        """Run until there is an update, until RETRY_MS are over or until it is stopped."""
        began_ms = self.ticks.ticks_ms()
        self.transport.connect()
        try:
            while not self.transport.woken and not self.update.restarting:
                now_ms = self.ticks.ticks_ms()
                if ticks_diff(now_ms, began_ms) >= RETRY_MS and self.update.idle:
                    self.update.retry()
                    continue
                self._turn(now_ms)
        except KeyboardInterrupt:
            pass
        self.transport.close(_LAST_WORDS_MS)

    def _turn(self, now_ms: int) -> None:
        drive = getattr(self.port, "drive", None)
        if drive is not None:
            drive(self._floor_q)
        self.port.tick(now_ms)
        up = self.transport.state() == mqtt.UP
        transport = self.transport
        if up and not self._up:
            for topic, qos in self.update.subscriptions():
                transport.subscribe(topic, qos)
            transport.publish(self._topics[0], b"init", 1, True)
            transport.publish(self._topics[2], self._event("safe-mode", now_ms, ()), 1)
            self._status_ms = now_ms
        self._up = up
        self.update.tick(now_ms, up)
        for name, pairs in self.update.events:
            transport.publish(self._topics[2], self._event(name, now_ms, pairs), 1)
        self.update.events.clear()
        if self.update.asking is not None:
            transport.publish(self.update.need_topic, self.update.asking)
            self.update.asking = None
        if up and ticks_diff(now_ms, self._status_ms) >= 0:
            self._status_ms = ticks_add(now_ms, _STATUS_MS)
            pairs = [("v", "1"), ("safe", "true"), ("session", str(self.session))]
            transport.publish(self._topics[1], report.rows(pairs + self.update.figures()).encode())
        deadline_ms = ticks_add(now_ms, _TURN_MS)
        if ticks_diff(self.update.next_wake_ms, deadline_ms) < 0:
            deadline_ms = self.update.next_wake_ms
        transport.poll(deadline_ms)

    def _event(self, name: str, now_ms: int, pairs) -> bytes:
        return report.event(name, self.session, now_ms, pairs)


def main() -> None:
    """Read cfg.json and run at the floor; exit status 2 with one sentence for a faulty one."""
    cfg, settings, problem = config.read()
    if not problem:
        problem = update.problem_of(cfg.get("update"), cfg.get("trust"))
    if problem:
        sys.stderr.write("quelea: " + problem + "\n")
        sys.exit(2)
    say("quelea: safe mode, at the floor")
    node = SafeNode(port_module().Port(cfg), cfg, settings)
    node.run()
    if node.update.restarting:
        update.restart()
