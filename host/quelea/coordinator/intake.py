"""Intake: every message of the fleet's topics into the journal and the live view.

No connection and no thread of its own: `take` gets topic, payload and time, `tick` the time.
Nothing that arrives raises; what is not understood is counted, and told a few times as an event.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from quelea_proto import topics
from quelea_proto.frames import NODE
from quelea_proto.limits import NODE_MAX

from quelea.coordinator.view import FleetView, Member, NodeView, spread
from quelea.journal import Decoder, NodeRow, Recorder
from quelea.journal.rows import CLUSTER, HEADROOM, RETAINED, STRANGER, object_of, refusal

LEASE_PERIODS = 4  # periods without a word after which a node counts as absent ...
LEASE_MS_MIN = 1_000  # ... but never sooner: a busy machine is late by as much
WILL_PERIODS = 2  # ... or this after its last will
DOCUMENT_BYTES_MAX = 16_384  # JSON from a node beyond it is not read
STRANGERS_MAX = 64  # ids on our topics that no node has, told apart by negative numbers
ROUTES_MAX = 200_000  # topics remembered: 1,000 nodes with 126 neighbours each
TOLD_MAX = 8  # events about one node's contradictions, or about one kind of trouble
SEALED = ("frame", "direct", "headroom")
SIGNED, SIGNED_BYTES = b"Q1", 66  # head of a signed document, see quelea.secure.signing
RATE_US = 2_000_000  # frames a second are counted over this time

# by a topic's name: the channel and the cause that its rows are kept with
CHANNELS = {
    "headroom": ("hr", HEADROOM),
    "cluster": ("cl", CLUSTER),
    "table": ("ct", CLUSTER),
}

Route = tuple[str, Member, int, str]  # name of the topic, who owns it, dest, second id
Listener = Callable[[str, str, dict[str, Any], int], None]
NOBODY = NodeRow(0, "")  # owns our own topics, and those of strangers beyond STRANGERS_MAX


class Intake:
    """nodes: the members, or None to learn them from what they say (a mere observer).

    period_ms: the nodes' period, which scales the leases. on_event(source, name, detail, t_us)
    is told of what becomes an event, in the thread that called; it must be short.
    """

    def __init__(
        self,
        fleet: str,
        recorder: Recorder,
        nodes: Iterable[NodeRow] | None,
        period_ms: int,
        lease_periods: int = LEASE_PERIODS,
        on_event: Listener | None = None,
    ) -> None:
        self.fleet = fleet
        self.recorder = recorder
        self.open = nodes is None
        self.on_event = on_event
        self.length_us = 1000 * max(LEASE_MS_MIN, lease_periods * period_ms)
        self.will_us = min(self.length_us, 1000 * WILL_PERIODS * period_ms)
        self.on_reply: Callable[[str, dict[str, Any]], None] = lambda node_id, document: None
        self.config: dict[str, Any] = {}  # the newest retained configuration heard
        self.opened: Callable[[bytes], bytes] | None = None  # takes tags off frames and rows
        self._lock = threading.RLock()
        self._decoder = Decoder()
        self._routes: dict[str, Route | None] = {}
        self._members: dict[str, Member] = {}
        self._strangers = 0
        self._frames = 0
        self._foreign = 0
        self._refused: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._events: list[tuple[str, str, dict[str, Any], int]] = []  # for on_event
        self._deaf_since_us: int | None = 0  # while the host has no broker it hears nobody
        self._mark_us = 0
        self._mark_frames = 0
        self._frames_per_s = 0.0
        for row in nodes or ():
            self._add(row)

    # -- messages -----------------------------------------------------------------------------
    def take(self, topic: str, payload: bytes, retained: bool, t_us: int) -> None:
        """Take one message. retained: it was stored by the broker, so it says nothing of now."""
        with self._lock:
            try:
                route = self._routes[topic]
            except KeyError:
                route = self._find(topic)
            if self.opened is not None and route is not None and route[0] in SEALED:
                payload = self.opened(payload)
            if route is None:
                self._foreign += 1
                self._tell_few("foreign-topic", {"topic": topic[:200]}, t_us)
            elif route[0] == "frame" or route[0] == "direct":
                self._frame(route, payload, retained, t_us)
            elif route[0] in CHANNELS:
                self._row(route, payload, retained, t_us)
            else:
                self._other(route, payload, retained, t_us)
        if self._events:
            self._deliver()

    def _frame(self, route: Route, payload: bytes, retained: bool, t_us: int) -> None:
        name, member, dest, _ = route
        decoded = self._decoder.decode(payload, member.row.number)
        if retained:
            decoded = refusal(RETAINED)
        elif member.row.number <= 0 and decoded[0] is None:
            if self.open:
                self._learn(member, self._decoder.frame.head[NODE])
            if member.row.number <= 0:
                decoded = refusal(STRANGER)
        channel = "x" if name == "frame" else "d"
        self.recorder.frame(t_us, channel, member.row.number, dest, payload, decoded)
        cause, _, flags, session, epoch, seq, input_q, value_q = decoded
        account = member.account
        if cause is not None:
            account.refuse(len(payload))
            self._refused[cause] = self._refused.get(cause, 0) + 1
            if not retained:
                self._hear(member, t_us)
            return
        assert flags is not None and session is not None and epoch is not None and seq is not None
        self._hear(member, t_us)
        self._frames += 1
        contradictions = account.contradictions
        if account.take(session, seq, payload):
            member.heard = True
            member.flags = flags
            member.epoch = epoch
            member.input_q = input_q or 0
            member.value_q = value_q or 0
        elif account.contradictions != contradictions and member.told < TOLD_MAX:
            member.told += 1
            detail = {"session": session, "seq": seq, "payload": payload.hex(), "dest": dest}
            self._event(member.row.id, "equivocation", detail, t_us)

    def _row(self, route: Route, payload: bytes, retained: bool, t_us: int) -> None:
        """Keep a row of a limit or a delegate as it is: it is judged from the journal."""
        member = route[1]
        channel, row = CHANNELS[route[0]]
        cause = refusal(RETAINED if retained else row)
        self.recorder.frame(t_us, channel, member.row.number, 0, payload, cause)
        member.account.bytes += len(payload)
        if not retained:
            self._hear(member, t_us)

    def _other(self, route: Route, payload: bytes, retained: bool, t_us: int) -> None:
        name, member, _, _ = route
        if name in ("command", "host", "update"):
            return  # our own words
        if len(payload) > DOCUMENT_BYTES_MAX:
            detail = {"node": member.row.id, "topic": name, "bytes": len(payload)}
            self._tell_few("document-too-long", detail, t_us)
            return
        if name == "config" and payload.startswith(SIGNED):
            payload = payload[SIGNED_BYTES:]
        text = payload.decode("utf-8", "replace")
        if name == "config":
            self.config = object_of(text)
        elif name == "state":
            self._state(member, text, retained, t_us)
        elif not retained or name != "birth" or member.birth != object_of(text):
            self._document(name, member, text, t_us)
            if not retained:
                self._hear(member, t_us)

    def _document(self, name: str, member: Member, text: str, t_us: int) -> None:
        number, document = member.row.number, object_of(text)
        if name == "birth":
            member.birth = document
            self._born(member, document)
            self.recorder.state(member.row.number, "$birth", text, t_us)
        elif name == "status":
            member.status = document
            self.recorder.status(number, text, t_us)
        elif name == "event":
            self._event(member.row.id, str(document.get("event", "unnamed"))[:64], document, t_us)
        elif name == "reply":
            self._event(member.row.id, "reply", document, t_us)
            self.on_reply(member.row.id, document)

    def _state(self, member: Member, text: str, retained: bool, t_us: int) -> None:
        if retained and text == member.state:
            return  # said again at each of our connections
        member.state = text[:64]
        self.recorder.state(member.row.number, "$state", text[:64], t_us)
        if retained or text == "":
            return
        if text == "lost":
            member.lease.will(t_us)
        elif text in ("disconnected", "sleeping"):
            member.lease.farewell(t_us, text)
            self._expire(member, t_us)
        else:
            self._hear(member, t_us)

    # -- members ------------------------------------------------------------------------------
    def _add(self, row: NodeRow) -> Member:
        member = Member(row, self.length_us, self.will_us)
        self._members[row.id] = member
        self.recorder.nodes([row])
        return member

    def recast(self, row: NodeRow) -> None:
        """Take a member's new roles, such as those of a node that is made to lie from now on."""
        with self._lock:
            member = self._members.get(row.id)
            if member is not None:
                member.row = row
                self.recorder.nodes([row])

    def _find(self, topic: str) -> Route | None:
        """Return whose topic it is, and remember it."""
        parsed = topics.parse(topic)
        route: Route | None = None
        if parsed is not None and parsed[1] == self.fleet:
            name, _, node_id, to = parsed
            if name in ("config", "update", "host", "command"):
                route = (name, Member(NOBODY, 0, 0), 0, to)
            else:
                other = self._members.get(to) if name == "direct" else None
                route = (name, self._of(node_id), other.row.number if other else 0, to)
        if len(self._routes) >= ROUTES_MAX:
            self._routes.clear()
        self._routes[topic] = route
        return route

    def _of(self, node_id: str) -> Member:
        """Return the member with this id; one unknown gets a number below 0, or shares 0."""
        member = self._members.get(node_id)
        if member is None:
            if self._strangers >= STRANGERS_MAX:
                return self._members.get("") or self._add(NOBODY)
            self._strangers += 1
            member = self._add(NodeRow(-self._strangers, node_id))
        return member

    def _learn(
        self, member: Member, number: int, neighbours: tuple[int, ...] | None = None
    ) -> None:
        """Give an id that has none the number that it names, unless another has it."""
        if any(other.row.number == number for other in self._members.values()):
            return
        near = member.row.neighbours if neighbours is None else neighbours
        member.row = NodeRow(number, member.row.id, near, member.row.roles)
        self.recorder.nodes([member.row])
        self._routes.clear()  # routes hold numbers of destinations

    def _born(self, member: Member, document: Mapping[str, Any]) -> None:
        number, near = document.get("node"), document.get("neighbours")
        if self.open and member.row.number < 0 and isinstance(number, int):
            known = isinstance(near, list) and all(isinstance(n, int) for n in near)
            if 1 <= number <= NODE_MAX:
                self._learn(member, number, tuple(near) if near and known else None)

    # -- presence -----------------------------------------------------------------------------
    def _hear(self, member: Member, t_us: int) -> None:
        if member.lease.hear(t_us):
            self.recorder.state(member.row.number, "lease", "present", t_us)
            self._event("coordinator", "present", {"node": member.row.id}, t_us)

    def _expire(self, member: Member, t_us: int) -> None:
        reason = member.lease.expire(t_us)
        if reason:
            silent_ms = (t_us - member.lease.heard_us) // 1000
            self.recorder.state(member.row.number, "lease", f"absent: {reason}", t_us)
            detail = {"node": member.row.id, "reason": reason, "silent_ms": silent_ms}
            self._event("coordinator", "absent", detail, t_us)

    def tick(self, t_us: int, late_us: int = 0) -> None:
        """End the leases that are over. late_us: by how much this call itself is late."""
        with self._lock:
            if t_us - self._mark_us >= RATE_US:
                self._count_rates(t_us)
            if self._deaf_since_us is not None:
                return
            for member in self._members.values():
                if late_us:
                    member.lease.extend(t_us + late_us)
                self._expire(member, t_us)
        self._deliver()

    def deaf(self, t_us: int) -> None:
        """The host lost its broker: whoever is silent now may be well."""
        with self._lock:
            self._deaf_since_us = t_us

    def hearing(self, t_us: int) -> None:
        """The host has its broker: leases run on, each with at least its whole length to go."""
        with self._lock:
            self._deaf_since_us = None
            for member in self._members.values():
                member.lease.extend(t_us + self.length_us)

    # -- events and figures -------------------------------------------------------------------
    def tell(self, name: str, detail: dict[str, Any], t_us: int) -> None:
        """Record an event of the coordinator itself."""
        with self._lock:
            self._event("coordinator", name, detail, t_us)
        self._deliver()

    def tell_few(self, name: str, detail: dict[str, Any], t_us: int) -> None:
        """Record it the first TOLD_MAX times; afterwards it is only counted."""
        with self._lock:
            self._tell_few(name, detail, t_us)
        self._deliver()

    def _tell_few(self, name: str, detail: dict[str, Any], t_us: int) -> None:
        told = self._told[name] = self._told.get(name, 0) + 1
        if told <= TOLD_MAX:
            self._event("coordinator", name, detail, t_us)

    def _event(self, source: str, name: str, detail: dict[str, Any], t_us: int) -> None:
        self.recorder.event(source, name, detail, t_us)
        if self.on_event is not None:
            self._events.append((source, name, detail, t_us))

    def _deliver(self) -> None:
        """Tell the listener, without our lock: it may hold its own and ask for a view."""
        while self._events and self.on_event is not None:
            try:
                event = self._events.pop(0)
            except IndexError:
                return  # another thread was faster
            self.on_event(*event)

    def _count_rates(self, t_us: int) -> None:
        span_s = (t_us - self._mark_us) / 1e6
        self._mark_us = t_us
        self._frames_per_s = (self._frames - self._mark_frames) / span_s
        self._mark_frames = self._frames
        for member in self._members.values():
            frames = member.account.frames
            member.frames_per_s = (frames - member.frames_at_mark) / span_s
            member.frames_at_mark = frames

    def view(self, t_us: int, problem: str = "") -> FleetView:
        """Return what is known at this moment."""
        with self._lock:
            nodes: list[NodeView] = [member.view(t_us) for member in self._members.values()]
            nodes.sort(key=lambda node: (node.number < 0, abs(node.number)))
            epoch, spread_q = spread(nodes)
            return FleetView(
                t_us=t_us,
                connected=self._deaf_since_us is None,
                problem=problem,
                nodes=tuple(nodes),
                frames=self._frames,
                frames_per_s=self._frames_per_s,
                bytes=sum(node.bytes for node in nodes),
                lost=sum(node.lost for node in nodes),
                refused=dict(self._refused),
                foreign=self._foreign,
                epoch=epoch,
                spread_q=spread_q,
            )
