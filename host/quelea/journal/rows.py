"""The rows of a journal as tuples with names, and how a payload becomes the columns of a frame."""

import json
from typing import Any, NamedTuple

from quelea_proto import frames
from quelea_proto.limits import FRAME_BYTES_MAX

# Why a payload was no good frame: the causes of the codec, and what only a listener sees.
SENDER = "sender"  # well-formed, but it names another node than the one that owns the topic
STRANGER = "stranger"  # well-formed, but from an id that is no member of the fleet
RETAINED = "retained"  # kept by the broker from who knows when
HEADROOM = "headroom"  # no frame and none refused: a row of a shared limit, on a topic of its own
CLUSTER = "cluster"  # likewise: a row of a delegate
RUMOUR = "rumour"  # likewise: what an agent of the story says of the servers
LEASE = "lease"  # likewise: a question to a server, or its answer
ROWS = (HEADROOM, CLUSTER, RUMOUR, LEASE)
CAUSES = (*frames.CAUSES[1:], SENDER, STRANGER, RETAINED, *ROWS)

# One byte more than a frame may have: the stored part is refused for the same cause as the whole.
PAYLOAD_BYTES_KEPT = FRAME_BYTES_MAX + 1

# cause, kind, flags, session, epoch, seq, input_q, value_q
Decoded = tuple[
    str | None,
    int | None,
    int | None,
    int | None,
    int | None,
    int | None,
    int | None,
    int | None,
]


class FrameRow(NamedTuple):
    """One frame as heard. From kind on, everything is None where cause is not."""

    at: int
    t_us: int
    channel: str
    source: int
    dest: int
    payload: bytes
    cause: str | None
    kind: int
    flags: int
    session: int
    epoch: int
    seq: int
    input_q: int
    value_q: int

    @property
    def held(self) -> bool:
        """Whether the value did not move for want of fresh neighbours."""
        return bool(self.flags & frames.HELD)

    @property
    def restart(self) -> bool:
        """Whether the frame is the first of an epoch: its value is the sender's own input."""
        return bool(self.flags & frames.RESTART)

    def frame(self) -> frames.Frame | None:
        """Return the whole frame with its columns (used, flows), or None for a bad one."""
        return frames.unpack(self.payload, frames.Frame())


class NodeRow(NamedTuple):
    """A member of the fleet. neighbours: numbers, ascending, in the order of the slots."""

    number: int
    id: str
    neighbours: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def liar(self) -> bool:
        """Whether the run made this node lie."""
        return "liar" in self.roles


class StateRow(NamedTuple):
    at: int
    t_us: int
    node: int
    name: str
    value: str


class StatusRow(NamedTuple):
    at: int
    t_us: int
    node: int
    document: dict[str, Any]


class EventRow(NamedTuple):
    at: int
    t_us: int
    source: str
    name: str
    detail: dict[str, Any]


class FaultRow(NamedTuple):
    id: int
    name: str
    target: str
    from_us: int
    to_us: int | None
    fired: int
    detail: dict[str, Any]


class Check(NamedTuple):
    """One check of a verdict, as every command prints it."""

    name: str
    ok: bool
    value: Any = None
    bound: Any = None
    unit: str = ""


def refusal(cause: str) -> Decoded:
    """Return the columns of a payload that is no good frame; cause is one of CAUSES."""
    return (cause, None, None, None, None, None, None, None)


class Decoder:
    """Turns payloads into the columns of `frame`; keeps one Frame, so one thread at a time."""

    def __init__(self) -> None:
        self.frame = frames.Frame()

    def decode(self, payload: bytes, source: int) -> Decoded:
        """Return (cause, kind .. value_q): cause None and the head, or the cause and Nones.

        source: number of the node whose topic carried it; 0 or less is taken for anybody.
        """
        frame = self.frame
        if frames.unpack(payload, frame) is None:
            return refusal(frames.CAUSES[frame.cause])
        node, session, epoch, seq, input_q, value_q = frame.head
        if source > 0 and node != source:
            return refusal(SENDER)
        return (None, frame.kind, frame.flags, session, epoch, seq, input_q, value_q)


def to_json(value: Any) -> str:
    """Return compact JSON. NaN and infinities become null, what JSON lacks becomes text."""
    try:
        return json.dumps(value, separators=(",", ":"), default=_plain, allow_nan=False)
    except ValueError:
        loose = json.loads(json.dumps(value, default=_plain), parse_constant=lambda _: None)
        return json.dumps(loose, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Return a number of numpy as Python's own, anything else as text."""
    return value.item() if hasattr(value, "item") else str(value)


def object_of(text: str | None) -> dict[str, Any]:
    """Return the JSON object in text, or {"text": ...} when it is none."""
    value = value_of(text or "{}")
    return value if isinstance(value, dict) else {"text": text}


def value_of(text: str | None) -> Any:
    """Return the JSON value in text, or the text itself when it is none."""
    try:
        return json.loads(text or "null")
    except ValueError:
        return text
