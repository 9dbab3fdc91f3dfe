"""What the page is sent: the model as JSON rows, whole at first and then only what changed."""

from collections.abc import Iterable
from typing import Any

from quelea_proto.frames import FLOW, STATE, frame_bytes

from quelea.watch.attention import notices, reason
from quelea.watch.course import Point
from quelea.watch.state import Event, Model, Node

WIRE = 1  # raised when a message changes its meaning: an open page reloads itself
TEXT_MAX = 200
ROW_BYTES, ROW_PEER_BYTES = 20, 11  # a headroom row, and each member in it

# One row a node, by position; the page reads this list from the first message.
NODE_FIELDS = (
    "number",
    "present",  # 1, 0
    "state",
    "reason",
    "session",
    "epoch",
    "seq",
    "round",
    "wish_q",  # without a limit its input
    "value_q",
    "settled_q",
    "demand_q",
    "cap_q",
    "applied_q",
    "held",  # 1, 0
    "heard_us",
    "heap_high",  # bytes
    "heap_size",  # bytes
    "resets",
    "fw",
    "frames",
    "lost",
    "refused",
    "contradictions",
    "wrong",  # findings of the audit
    "hears",  # for each neighbour, by slot: 1, 0, or ? of a node that holds and so uses nobody
)


def node_row(model: Model, node: Node) -> list[Any]:
    """Return a node's values in the order of NODE_FIELDS; None where not known."""
    account = node.account
    heap_high, heap_size = node.heap()
    heard = node.heard
    accused = model.accused.get(node.number)
    cap_q, wish_q = model.budget.cap_q(node.number), node.shared("wish_q")
    return [
        node.number,
        int(model.present(node)),
        node.state,
        reason(model, node)[:TEXT_MAX],
        node.session if heard else None,
        node.epoch if heard else None,
        node.seq if heard else None,
        node.round if heard else None,
        (node.input_q if wish_q is None else wish_q) if heard else None,
        node.value_q if heard else None,
        node.figure("settled_q"),
        node.figure("demand_q"),
        node.figure("cap_q") if cap_q is None else cap_q,
        node.shared("point_q"),
        int(node.held),
        node.heard_us if heard else None,
        heap_high,
        heap_size,
        node.resets,
        str(node.birth.get("fw", ""))[:TEXT_MAX],
        account.frames,
        account.lost,
        account.refused,
        account.contradictions,
        accused.findings if accused else 0,
        "".join(_hears(model, node, slot) for slot in range(len(node.neighbours))),
    ]


def _hears(model: Model, node: Node, slot: int) -> str:
    if model.hears(node, slot):
        return "1"
    return "?" if node.held else "0"


def members(model: Model) -> list[dict[str, Any]]:
    """Return what seldom changes of each member: id, neighbours, whether the run made it lie."""
    return [
        {
            "number": node.number,
            "id": node.id,
            "neighbours": node.neighbours,
            "liar": node.liar,
            "attack": node.attack,
            "budget": traffic_budget(model, node),
        }
        for node in model.members()
    ]


def traffic_budget(model: Model, node: Node) -> float:
    """Return the bytes a second that a node may say.

    A round: one frame times its fan-out, and with a limit a headroom row for each limit.
    """
    kind = FLOW if model.facts.mode == "exact" else STATE
    fanout = node.birth.get("fanout")
    times = fanout if isinstance(fanout, int) and fanout > 0 else 1
    a_round = times * frame_bytes(kind, len(node.neighbours))
    part = model.budget.parts.get(node.number)
    if part is not None:
        limits = model.facts.headroom.get("limits")
        rows = len(limits) if isinstance(limits, list) else 1
        a_round += rows * (ROW_BYTES + ROW_PEER_BYTES * len(part.others))
    return a_round * 1000 / model.facts.period_ms


def fleet(model: Model) -> dict[str, Any]:
    """Return the figures of the whole fleet."""
    there = model.members()
    present = sum(model.present(node) for node in there)
    parts = [len(part) for part in model.parts()]
    return {
        "present": present,
        "nodes": len(there),
        "epoch": model.epoch(),
        "spread_q": model.spread_q(),
        "frames": model.frames,
        "bytes": model.bytes,
        "refused": model.refused,
        "broker_lost_us": model.broker_lost_us,
        "parts": parts,
    }


def budget(model: Model) -> dict[str, Any] | None:
    """Return the shared limit's sums, None for a fleet without a limit."""
    one = model.budget
    if one.budget_q is None:
        return None
    return {
        "limit_q": one.limit_q,
        "budget_q": one.budget_q,
        "caps_q": one.caps_q,
        "under_way_q": one.under_way_q,
        "reserve_q": one.reserve_q,
        "headroom_q": one.headroom_q,
        "violations": one.violations,
        "first": one.found[0][1] if one.found else "",
        "rows": one.rows,
    }


def notice_rows(model: Model) -> list[dict[str, Any]]:
    """Return what deserves attention."""
    return [
        {"level": one.level, "name": one.name, "nodes": one.nodes, "text": one.text}
        for one in notices(model)
    ]


def event_rows(events: Iterable[Event]) -> list[list[Any]]:
    """Return events as [number, t_us, source, name, detail in words]."""
    return [
        [event.number, event.t_us, event.source[:64], event.name[:64], words(event.detail)]
        for event in events
    ]


def words(detail: dict[str, Any]) -> str:
    """Return an event's detail for people: what is empty or of no interest is left out."""
    dull = ("v", "event", "at_ms", "payload")
    pairs = [
        key if value is True else f"{key} {value}"
        for key, value in detail.items()
        if key not in dull and value not in ("", None, False, {}, [])
    ]
    return ", ".join(pairs)[:TEXT_MAX]


def point_row(point: Point) -> list[Any]:
    """Return a point as [t_us, spread_q, values_q]."""
    return [point.t_us, point.spread_q, point.values_q]


def epoch_rows(model: Model) -> list[list[int]]:
    """Return the beginnings of epochs as [t_us, epoch, spread_q]."""
    return [[one.t_us, one.epoch, one.spread_q] for one in model.epochs]


def fault_rows(model: Model) -> list[list[Any]]:
    """Return the injected faults as [id, name, target, from_us, to_us, fired]; none if blind."""
    if model.blind:
        return []
    return [list(row[:6]) for row in model.faults.values()]
