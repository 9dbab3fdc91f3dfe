"""The main loop of a node that serves models: agent, desk, transport, and one wait a turn.

cfg.json is that of any node, with one more object `serving`: members ([number, id, [[index, kb],
...]], oneself first), models ([bytes, work_ms, kb, sha-256 in hex]), memory (bytes), time_ms,
worth_percent, want_ms (expected at first), margin, think_rounds, seed.

    states      n/<id>/x              SERVING rows, kind 24
    leases      d/<id>/<neighbour>    SERVING rows, kind 25
    requests    cmd/<id>/srv          REQUEST rows from the host: requests, parts of files
                d/<id>/<neighbour>    requests handed on, and their answers
                d/<id>/host           answers, and parts of files that are asked for
    status      n/<id>/status         JSON: held, loads, answered, refused, forwarded ...
    end         cmd/all/stop
"""

import binascii
import gc
import json

from quelea_proto import request_row, serving_row
from quelea_proto.fixed import ticks_add, ticks_diff
from quelea_proto.limits import const
from quelea_proto.request_row import ANSWER, BYTES, REQUEST
from quelea_proto.topics import build

from quelea_agent.placing import Member
from quelea_agent.port.desk import HOST, Desk
from quelea_agent.port.loop import Loop, start
from quelea_agent.serving import Plan, Serving

_SMOOTH = const(16)  # a part of what a round counted becomes the demand
_Q = const(16)  # the smoothed demand is kept in sixteenths of a ms
_EARLY_ROUNDS = const(8)  # at first, while nothing is answered yet, a move costs little
STORE = "host"


class Node(Loop):
    """One node with its edges; rounds are by this process's own clock."""

    def __init__(self, module, port, cfg: dict, settings) -> None:
        Loop.__init__(self, module, port, cfg, settings)
        serving = cfg["serving"]
        models = serving["models"]
        members = []
        for number, _, near in serving["members"]:
            members.append(Member(number, tuple([(place, kb) for place, kb in near])))
        plan = Plan(
            tuple(members), tuple([row[0] for row in models]), tuple([row[1] for row in models]),
            tuple([row[2] for row in models]), serving["memory"], serving["time_ms"],
            serving["worth_percent"], serving["seed"],
        )  # fmt: skip
        self.agent = Serving(plan, self.session)
        self.agent.instant = False
        self.margin = serving["margin"]
        self.think_rounds = serving["think_rounds"]
        self.desk = Desk(
            self.agent,
            [binascii.unhexlify(row[3]) for row in models],
            [row[0] for row in models],
        )
        self.demand = [ms * _Q for ms in serving["want_ms"]]
        self.rounds = 0
        self._row = request_row.Row()
        self._topics(settings, serving["members"])
        self.next_ms = ticks_add(self.ticks.ticks_ms(), self.agent.draws.below(settings.period_ms))

    def _topics(self, settings, members: list) -> None:
        fleet = settings.fleet
        own = settings.id
        self._status = build("status", fleet, own).encode()
        self._x = build("frame", fleet, own).encode()
        self._command = build("command", fleet, own, "srv").encode()
        self._stop = build("command", fleet, "all", "stop").encode()
        self.filters.append((build("direct", fleet, "+", own).encode(), 0))
        self.filters.append((self._command, 0))
        self.filters.append((self._stop, 1))
        self._sources = {}
        self._to = {HOST: build("direct", fleet, own, STORE).encode()}
        slots = {}
        for number, name, _ in members[1:]:
            topic = build("frame", fleet, name).encode()
            self.filters.append((topic, 0))
            self._sources[topic] = number
            self._sources[build("direct", fleet, name, own).encode()] = number
            slots[number] = name
        for slot in range(self.agent.slots):
            name = slots[self.agent.numbers[slot]]
            self._to[slot] = build("direct", fleet, own, name).encode()

    # -- a turn ---------------------------------------------------------------------------------
    def _turn(self) -> None:
        self._follow()
        self._take_all()
        now_ms = self.ticks.ticks_ms()
        self._send(self.desk.tick(now_ms))
        if ticks_diff(now_ms, self.next_ms) >= 0:
            self._round(now_ms)
        latest_ms = ticks_add(now_ms, self.wait_ms_max)
        if ticks_diff(self.next_ms, latest_ms) < 0:
            latest_ms = self.next_ms
        self.transport.poll(self.desk.next_ms(latest_ms))

    def _round(self, now_ms: int) -> None:
        """Begin a round; one that was lost entirely is left out."""
        period_ms = self.settings.period_ms
        self.next_ms = ticks_add(self.next_ms, period_ms)
        if ticks_diff(now_ms, self.next_ms) >= 0:
            self.next_ms = ticks_add(now_ms, period_ms)
        agent = self.agent
        counted_ms = self.desk.counted_ms
        for m in range(agent.models):
            if self.rounds:
                seen = counted_ms[m] * 1000 // period_ms * _Q
                self.demand[m] += (seen - self.demand[m]) // _SMOOTH
            agent.want_ms[m] = min(serving_row.MS_MAX, self.demand[m] // _Q)
            counted_ms[m] = 0
        if self.rounds == _EARLY_ROUNDS:
            agent.be_calm(self.margin)
        early = self.rounds < _EARLY_ROUNDS
        agent.turn(early or self.rounds % self.think_rounds == 0)
        self.rounds += 1
        self.transport.publish(self._x, bytes(agent.row[: agent.length]))
        for slot in range(agent.slots):
            length = agent.ask(slot)
            if length:
                self.transport.publish(self._to[slot], bytes(agent.lease_row[:length]))
        self._send(self.desk.files(now_ms))
        self.transport.publish(self._status, self._report(now_ms))

    def _report(self, now_ms: int) -> bytes:
        desk = self.desk
        used = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
        return json.dumps(
            {
                "round": self.rounds,
                "held": [m for m in range(self.agent.models) if self.agent.held[m]],
                "open": [m for m in range(self.agent.models) if self.agent.open[m]],
                "loads": self.agent.loads,
                "answered": desk.answered,
                "refused": desk.refused,
                "forwarded": desk.forwarded,
                "late": desk.late,
                "faulty": desk.faulty,
                "backlog_ms": desk.backlog_ms(now_ms),
                "heap_bytes": used,
            }
        ).encode()

    def _send(self, rows: list) -> None:
        for to, row in rows:
            self.transport.publish(self._to[to], row)

    # -- messages -------------------------------------------------------------------------------
    def _take(self, topic: bytes, payload: bytes) -> None:
        now_ms = self.ticks.ticks_ms()
        row = self._row
        if topic == self._stop:
            self.stopping = True
        elif topic == self._command:
            if request_row.unpack(payload, row):
                if row.kind == REQUEST:
                    self._send(self.desk.take(row, HOST, now_ms))
                elif row.kind == BYTES:
                    self._send(self.desk.received(row, now_ms))
        else:
            source = self._sources.get(topic)
            if source is not None:
                self._neighbour(source, payload, now_ms)

    def _neighbour(self, source: int, payload: bytes, now_ms: int) -> None:
        row = self._row
        slot = self._slot(source)
        if slot >= 0 and request_row.unpack(payload, row):
            if row.kind == REQUEST:
                self._send(self.desk.take(row, slot, now_ms))
            elif row.kind == ANSWER:
                self._send(self.desk.answered_by(row, slot, now_ms))
            return
        length = self.agent.hear(source, payload)
        if length and slot >= 0:
            self.transport.publish(self._to[slot], bytes(self.agent.lease_row[:length]))

    def _slot(self, source: int) -> int:
        for slot in range(self.agent.slots):
            if self.agent.numbers[slot] == source:
                return slot
        return -1


def main() -> None:
    """Run a node by cfg.json."""
    start("serving", Node)
