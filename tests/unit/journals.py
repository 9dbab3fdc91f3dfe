"""What the tests of the journal share: frames as nodes pack them, and waiting for a condition."""

import time
from collections.abc import Callable, Sequence

from quelea.journal import NodeRow, Recorder
from quelea_proto.frames import STATE, Frame, frame_bytes, pack

NODES = (
    NodeRow(1, "n01", (2, 3)),
    NodeRow(2, "n02", (1, 3)),
    NodeRow(3, "n03", (1, 2), ("liar", "attack:drift")),
)


def payload(
    node: int,
    seq: int,
    *,
    session: int = 1,
    epoch: int = 0,
    input_q: int = 100,
    value_q: int = 100,
    flags: int = 0,
    used: Sequence[int] = (0, 0),
) -> bytes:
    """Return a state frame as a node with len(used) neighbours sends it."""
    frame = Frame(len(used))
    frame.kind = STATE
    frame.flags = flags
    frame.head = [node, session, epoch, seq, input_q, value_q]
    frame.used = bytearray(used)
    buffer = bytearray(frame_bytes(STATE, len(used)))
    return bytes(buffer[: pack(frame, buffer)])


def hear(recorder: Recorder, t_us: int, node: int, seq: int, **more: int) -> None:
    """Record a good broadcast frame of a node."""
    recorder.frame(t_us, "x", node, 0, payload(node, seq, **more))


def until(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """Return as soon as condition() is true; AssertionError after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.01)
