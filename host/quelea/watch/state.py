"""The live model of a fleet: what each node says now, from the rows of a journal or of a bus.

Pure: no clock, no file, no thread. Rows of all tables are put in by the `take_*` methods, each
table in its order; `tick` says how late it is. `rev` rises with every change, and each node keeps
the `rev` of its own newest change, so that a reader can ask for what is new to it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from quelea_proto.fixed import ring16_diff
from quelea_proto.frames import HELD, RESTART, Frame, unpack

from quelea.coordinator.account import Account
from quelea.journal import EventRow, FaultRow, FrameRow, NodeRow, StateRow, StatusRow
from quelea.journal.rows import object_of
from quelea.watch.budget import Budget
from quelea.watch.facts import Facts

EVENTS_MAX = 500  # kept; a page that comes later sees only these
EPOCHS_MAX = 200  # beginnings kept
QUIET_PERIODS = 6  # after which an input that nobody names any more counts as cut off
QUIET_MS_MIN = 1_500  # ... but never sooner: a busy machine is late by as much
NEVER_US = -1
HEADROOM = 3  # kind of a headroom row: the low bits of its first byte
PULSE = 12  # of a pulse, beside it


class Event(NamedTuple):
    """number: 1, 2, ... in the order taken."""

    number: int
    t_us: int
    source: str
    name: str
    detail: dict[str, Any]


class Epoch(NamedTuple):
    """The beginning of an epoch. spread_q: when most nodes had reached it."""

    t_us: int
    epoch: int
    spread_q: int


class Accusation(NamedTuple):
    """What the audit has against a node. findings: how many; what: the first, in words."""

    findings: int
    t_us: int
    what: str


class Node:
    """One id. number < 0: no member. Head fields are claims where the node lies.

    state: as published, "" before. present: by lease, None where the journal has no leases.
    why: why it is absent. heard_us: of its newest good frame, NEVER_US before.
    used_us: by slot, when it last named a frame of that neighbour as an input.
    """

    def __init__(self, row: NodeRow) -> None:
        self.number = row.number
        self.id = row.id
        self.neighbours: tuple[int, ...] = row.neighbours
        self.liar = row.liar
        self.attack = _attack(row)
        self.account = Account()
        self.state = ""
        self.present: bool | None = None
        self.why = ""
        self.heard_us = NEVER_US
        self.session = 0
        self.epoch = 0
        self.seq = 0
        self.begun_seq = 0  # seq of the first frame of the epoch
        self.input_q = 0
        self.value_q = 0
        self.held = False
        self.frame_bytes = 0  # of the newest frame
        self.used_us = [NEVER_US] * len(row.neighbours)
        self.status: dict[str, Any] = {}
        self.birth: dict[str, Any] = {}
        self.rev = 0

    @property
    def heard(self) -> bool:
        """Whether a good frame was heard, so that the head fields mean something."""
        return self.heard_us != NEVER_US

    @property
    def round(self) -> int:
        """Rounds since the epoch began, as far as it was heard."""
        return self.seq - self.begun_seq

    @property
    def resets(self) -> int:
        """Times it began a new session while it was watched."""
        return max(0, self.account.sessions - 1)

    def heap(self) -> tuple[int | None, int | None]:
        """Return (high-water, size) of its heap in bytes as its status says."""
        heap = self.status.get("heap")
        if not isinstance(heap, dict):
            return None, None
        return _integer(heap.get("high")), _integer(heap.get("bytes"))

    def shared(self, name: str) -> int | None:
        """Return an integer of what its status says of the limits it shares, such as wish_q."""
        sharing = self.status.get("sharing")
        return _integer(sharing.get(name)) if isinstance(sharing, dict) else None

    def reclaimed_q(self) -> int:
        """Return what it says it took over from members that are gone, -1 without a word of it."""
        sharing = self.status.get("sharing")
        rows = sharing.get("members") if isinstance(sharing, dict) else None
        first = rows[0] if isinstance(rows, list) and rows else None
        value = _integer(first.get("reclaimed_q")) if isinstance(first, dict) else None
        return -1 if value is None else value

    def figure(self, name: str) -> int | None:
        """Return an integer of its newest status, such as demand_q; None when it says none."""
        return _integer(self.status.get(name))


class Model:
    """blind: forget whom the run made lie, as a fleet of strangers would."""

    def __init__(
        self, facts: Facts | None = None, nodes: Iterable[NodeRow] = (), blind: bool = False
    ) -> None:
        self.facts = facts or Facts()
        self.blind = blind
        self.nodes: dict[int, Node] = {}
        self.t_us = 0
        self.rev = 1
        self.events: deque[Event] = deque(maxlen=EVENTS_MAX)
        self.events_taken = 0
        self.faults: dict[int, FaultRow] = {}
        self.epochs: deque[Epoch] = deque(maxlen=EPOCHS_MAX)
        self.accused: dict[int, Accusation] = {}
        self.broker_lost_us: int | None = None  # since when the host has no broker
        self.broker_back_us = NEVER_US
        self.frames = 0
        self.bytes = 0
        self.refused: dict[str, int] = {}
        self.budget = Budget()
        self._frame = Frame()
        self.take_nodes(nodes)

    # -- rows ---------------------------------------------------------------------------------
    def take_nodes(self, rows: Iterable[NodeRow]) -> None:
        """Take members, new or changed."""
        for row in rows:
            liar = row.liar and not self.blind
            node = self.nodes.get(row.number)
            if node is None:
                node = self.nodes[row.number] = Node(row)
            elif (node.neighbours, node.liar, node.id) == (row.neighbours, liar, row.id):
                continue
            elif node.neighbours != row.neighbours:
                node.neighbours = row.neighbours
                node.used_us = [NEVER_US] * len(row.neighbours)
            node.id, node.liar = row.id, liar
            node.attack = _attack(row) if liar else ""
            if liar:
                self.budget.leave_out(row.number)
            self._changed(node)
        self.budget.set_up(self.facts.headroom)

    def take_frame(self, row: FrameRow) -> None:
        """Take a payload as heard, good or bad; a headroom row goes into the budget."""
        self.t_us = max(self.t_us, row.t_us)
        node = self.nodes.get(row.source)
        if node is None:
            return
        self.bytes += len(row.payload)
        if row.payload and row.payload[0] & 31 == HEADROOM:
            node.account.bytes += len(row.payload)
            self.budget.take(row.t_us, row.source, row.payload)
            self._changed(node)
            return
        if row.payload and row.payload[0] & 31 == PULSE:
            node.account.bytes += len(row.payload)
            self._take_pulse(row)
            self._changed(node)
            return
        if row.cause is not None:
            node.account.refuse(len(row.payload))
            self.refused[row.cause] = self.refused.get(row.cause, 0) + 1
            self._changed(node)
            return
        self.frames += 1
        self._changed(node)
        if not node.account.take(row.session, row.seq, row.payload):
            return
        if not node.heard or row.epoch != node.epoch or row.session != node.session:
            node.begun_seq = row.seq
        if row.flags & RESTART:
            node.begun_seq = row.seq
        node.session, node.epoch, node.seq = row.session, row.epoch, row.seq
        node.input_q, node.value_q = row.input_q, row.value_q
        node.held = bool(row.flags & HELD)
        node.frame_bytes = len(row.payload)
        node.heard_us = row.t_us
        frame = unpack(row.payload, self._frame)
        if frame is not None:
            for slot in range(min(frame.count, len(node.used_us))):
                if frame.used_at(slot):
                    node.used_us[slot] = row.t_us
        self._note_epoch(node, row.t_us)

    def take_state(self, row: StateRow) -> None:
        """Take a published state or birth, or a change of a lease."""
        self.t_us = max(self.t_us, row.t_us)
        node = self.nodes.get(row.node)
        if node is None:
            return
        if row.name == "lease":
            node.present = row.value == "present"
            node.why = "" if node.present else row.value.partition(": ")[2]
        elif row.name == "$state":
            node.state = row.value
        elif row.name == "$birth":
            node.birth = object_of(row.value)
        self._changed(node)

    def take_status(self, row: StatusRow) -> None:
        """Take a node's status document."""
        self.t_us = max(self.t_us, row.t_us)
        node = self.nodes.get(row.node)
        if node is not None:
            before_q = node.reclaimed_q()
            node.status = row.document
            if node.reclaimed_q() > before_q >= 0:
                detail = {"units_q": node.reclaimed_q() - before_q}
                self.take_event(EventRow(0, row.t_us, node.id, "reclaimed", detail))
            self._changed(node)

    def take_event(self, row: EventRow) -> None:
        """Take an event; those about the host's broker are kept as a state too."""
        self.t_us = max(self.t_us, row.t_us)
        self.events_taken += 1
        self.events.append(Event(self.events_taken, row.t_us, row.source, row.name, row.detail))
        if row.source == "coordinator" and row.name == "broker-lost":
            self.broker_lost_us = row.t_us
        elif row.source == "coordinator" and row.name in ("broker-back", "connected"):
            self.broker_lost_us, self.broker_back_us = None, row.t_us
        self.rev += 1

    def take_fault(self, row: FaultRow) -> None:
        """Take an injected fault, new or brought up to date."""
        if self.faults.get(row.id) != row:
            self.faults[row.id] = row
            self.rev += 1

    def accuse(self, number: int, accusation: Accusation) -> None:
        """Take what the audit has against a node; replaces what it had before."""
        node = self.nodes.get(number)
        if node is not None and self.accused.get(number) != accusation:
            self.accused[number] = accusation
            self.budget.leave_out(number)
            self._changed(node)

    def tick(self, t_us: int) -> None:
        """Say how late it is; never goes back."""
        self.t_us = max(self.t_us, t_us)

    # -- questions ----------------------------------------------------------------------------
    @property
    def quiet_us(self) -> int:
        """Silence after which a sender or an input counts as cut off."""
        periods = QUIET_PERIODS + self.facts.quiet_rounds_max
        return 1000 * max(QUIET_MS_MIN, periods * self.facts.period_ms)

    def members(self) -> list[Node]:
        """Return the nodes that have a number, by number."""
        return [self.nodes[number] for number in sorted(self.nodes) if number > 0]

    def present(self, node: Node) -> bool:
        """Return whether a node is there: by its lease, without one by being heard."""
        if node.present is not None:
            return node.present
        return node.heard and self.t_us - node.heard_us <= self.quiet_us

    def trusted(self) -> list[Node]:
        """Return the members that are there and neither lie by the run's word nor are accused."""
        return [
            node
            for node in self.members()
            if node.heard
            and not node.liar
            and node.number not in self.accused
            and self.present(node)
        ]

    def epoch(self) -> int | None:
        """Return the newest epoch that at least half of the trusted nodes are in."""
        found: int | None = None
        trusted = self.trusted()
        counts: dict[int, int] = {}
        for node in trusted:
            counts[node.epoch] = counts.get(node.epoch, 0) + 1
        for epoch, count in counts.items():
            if 2 * count >= len(trusted) and (found is None or ring16_diff(epoch, found) > 0):
                found = epoch
        return found

    def agreeing(self) -> list[Node]:
        """Return the trusted nodes of the newest epoch."""
        epoch = self.epoch()
        return [node for node in self.trusted() if node.epoch == epoch]

    def spread_q(self) -> int | None:
        """Return the largest distance of two trusted values of the newest epoch; None for < 2."""
        values = [node.value_q for node in self.agreeing()]
        return max(values) - min(values) if len(values) > 1 else None

    def hears(self, node: Node, slot: int) -> bool:
        """Return whether a node has lately named a frame of the neighbour in this slot."""
        used_us = node.used_us[slot]
        return used_us != NEVER_US and self.t_us - used_us <= self.quiet_us

    def links(self) -> Iterator[tuple[Node, Node, bool, bool]]:
        """Yield (a, b, whether a hears b, whether b hears a) for each edge, a below b."""
        for node in self.members():
            for slot, number in enumerate(node.neighbours):
                other = self.nodes.get(number)
                if other is None or number < node.number:
                    continue
                back = (
                    other.neighbours.index(node.number) if node.number in other.neighbours else -1
                )
                yield node, other, self.hears(node, slot), back >= 0 and self.hears(other, back)

    def parts(self) -> list[list[int]]:
        """Return the groups of present nodes that hear each other, the largest first.

        A link counts when either end hears the other.
        """
        near: dict[int, list[int]] = {n.number: [] for n in self.members() if self.present(n)}
        for a, b, ab, ba in self.links():
            if (ab or ba) and a.number in near and b.number in near:
                near[a.number].append(b.number)
                near[b.number].append(a.number)
        groups, seen = [], set[int]()
        for number in near:
            if number in seen:
                continue
            group, waiting = [], [number]
            seen.add(number)
            while waiting:
                one = waiting.pop()
                group.append(one)
                fresh = [other for other in near[one] if other not in seen]
                seen.update(fresh)
                waiting += fresh
            groups.append(sorted(group))
        return sorted(groups, key=len, reverse=True)

    def _take_pulse(self, row: FrameRow) -> None:
        for number, what in self.budget.take_pulse(row.source, row.payload):
            member = self.nodes.get(number)
            if member is not None and number in self.budget.said:  # not a vacant place
                detail = {"by": self.nodes[row.source].id}
                self.take_event(EventRow(0, row.t_us, member.id, f"member-{what}", detail))
                self._changed(member)

    # -- inside -------------------------------------------------------------------------------
    def _changed(self, node: Node) -> None:
        self.rev += 1
        node.rev = self.rev

    def _note_epoch(self, node: Node, t_us: int) -> None:
        newest = self.epochs[-1].epoch if self.epochs else None
        if newest is not None and ring16_diff(node.epoch, newest) <= 0:
            return
        epoch, spread_q = self.epoch(), self.spread_q()
        if epoch is not None and spread_q is not None and epoch != newest:
            self.epochs.append(Epoch(t_us, epoch, spread_q))


def _attack(row: NodeRow) -> str:
    return next((role[7:] for role in row.roles if role.startswith("attack:")), "")


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
