"""The live view: what is known of each node now, as values that nobody changes any more."""

from typing import Any, NamedTuple

from quelea_proto.fixed import ring16_diff
from quelea_proto.frames import HELD

from quelea.coordinator.account import Account
from quelea.coordinator.lease import Lease
from quelea.journal import NodeRow

NEVER_US = -1


class NodeView(NamedTuple):
    """One node. number < 0: an id on our topics that no node has.

    present: by lease. state: as the node or its will published it, "" when unknown. head fields
    (session .. value_q) are None until a good frame was heard; of a liar they are its claims.
    age_s: since its newest message, None when never heard. frames_per_s: over the last seconds.
    status, birth: the newest documents; empty when there is none.
    """

    number: int
    id: str
    neighbours: tuple[int, ...]
    roles: tuple[str, ...]
    present: bool
    state: str
    session: int | None
    epoch: int | None
    seq: int | None
    input_q: int | None
    value_q: int | None
    held: bool
    age_s: float | None
    frames: int
    frames_per_s: float
    bytes: int
    lost: int
    late: int
    repeated: int
    refused: int
    contradictions: int
    sessions: int
    status: dict[str, Any]
    birth: dict[str, Any]

    @property
    def liar(self) -> bool:
        """Whether the run made this node lie."""
        return "liar" in self.roles

    @property
    def heap(self) -> dict[str, Any]:
        """The heap figures of its newest status, bytes; empty when unknown."""
        heap = self.status.get("heap")
        return heap if isinstance(heap, dict) else {}

    @property
    def counters(self) -> dict[str, Any]:
        """The agent's counters in its newest status, those that are not zero."""
        counters = self.status.get("agent")
        return counters if isinstance(counters, dict) else {}


class FleetView(NamedTuple):
    """The whole fleet at t_us. nodes: by number, strangers last.

    connected: whether the host has its broker; problem: why not. epoch: the newest that an
    honest node said; spread_q: of the honest nodes that are in it, None when there is none.
    """

    t_us: int
    connected: bool
    problem: str
    nodes: tuple[NodeView, ...]
    frames: int
    frames_per_s: float
    bytes: int
    lost: int
    refused: dict[str, int]
    foreign: int
    epoch: int | None
    spread_q: int | None

    def node(self, node_id: str) -> NodeView:
        """Return the node with this id; KeyError when there is none."""
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise KeyError(node_id)


class Member:
    """What the intake keeps of one id; only it changes this, under its lock."""

    def __init__(self, row: NodeRow, length_us: int, will_us: int) -> None:
        self.row = row
        self.account = Account()
        self.lease = Lease(length_us, will_us)
        self.state = ""
        self.heard = False  # a good frame, so that the head below means something
        self.flags = 0
        self.epoch = 0
        self.input_q = 0
        self.value_q = 0
        self.status: dict[str, Any] = {}
        self.birth: dict[str, Any] = {}
        self.told = 0  # contradictions that became events
        self.frames_per_s = 0.0
        self.frames_at_mark = 0

    def view(self, t_us: int) -> NodeView:
        """Return the values of this moment."""
        account, lease, heard, row = self.account, self.lease, self.heard, self.row
        return NodeView(
            number=row.number,
            id=row.id,
            neighbours=row.neighbours,
            roles=row.roles,
            present=lease.present,
            state=self.state,
            session=account.session if heard else None,
            epoch=self.epoch if heard else None,
            seq=account.seq if heard else None,
            input_q=self.input_q if heard else None,
            value_q=self.value_q if heard else None,
            held=bool(self.flags & HELD),
            age_s=None if lease.heard_us == NEVER_US else (t_us - lease.heard_us) / 1e6,
            frames=account.frames,
            frames_per_s=self.frames_per_s,
            bytes=account.bytes,
            lost=account.lost,
            late=account.late,
            repeated=account.repeated,
            refused=account.refused,
            contradictions=account.contradictions,
            sessions=account.sessions,
            status=self.status,
            birth=self.birth,
        )


def spread(nodes: list[NodeView]) -> tuple[int | None, int | None]:
    """Return (newest epoch, spread in q within it) of the honest, present nodes."""
    epoch: int | None = None
    values: list[int] = []
    for node in nodes:
        if node.number < 0 or node.liar or not node.present or node.epoch is None:
            continue
        ahead = 1 if epoch is None else ring16_diff(node.epoch, epoch)
        if ahead > 0:
            epoch, values = node.epoch, []
        if ahead >= 0 and node.value_q is not None:
            values.append(node.value_q)
    return epoch, max(values) - min(values) if values else None
