"""`quelea logs`: what nodes say at the broker, as lines: states, births, events, statuses.

A node that speaks much is shown LINES_A_SECOND lines a second, and how many were left out; a
status is shown when it says something new, at most every STATUS_S.
"""

import contextlib
import json
import queue
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

from quelea_proto import topics

from quelea.coordinator.link import Endpoint, Link
from quelea.deploy.failure import readable
from quelea.errors import EXIT_OK, UserError
from quelea.fleet.accounts import HOST_USER

LINES_A_SECOND = 5
BURST = 20
STATUS_S = 10.0
QUEUED_MAX = 10_000  # lines between paho's thread and ours; beyond it the newest are lost
PAYLOAD_BYTES_MAX = 8192
CONNECT_S = 10.0
RETAINED_S = 1.0
_SHOWN = ("value_q", "demand_q", "point_q", "cap_q", "mode", "reason")


class Lines:
    """Turns messages into lines, a bounded number a second and node."""

    def __init__(self, nodes: list[str], statuses: bool = True) -> None:
        """nodes: only these; all if it is empty."""
        self._nodes = frozenset(nodes)
        self._statuses = statuses
        self._shown: dict[str, tuple[float, str]] = {}  # a node's last status
        self._left: dict[str, tuple[float, float]] = {}  # a node's lines left, and when
        self.omitted: dict[str, int] = {}

    def line(self, topic: str, payload: bytes, now_s: float) -> str:
        """Return a line, or "" for what is not to be shown; never raises."""
        levels = topic.split("/")
        if len(levels) != 6 or levels[3] != "n" or not topics.is_id(levels[4]):
            return ""
        node_id, kind = levels[4], levels[5]
        if self._nodes and node_id not in self._nodes:
            return ""
        text = self._text(node_id, kind, payload[:PAYLOAD_BYTES_MAX], now_s)
        if not text or not self._allowed(node_id, now_s):
            return ""
        omitted = self.omitted.pop(node_id, 0)
        more = f" (before it {omitted} lines were left out)" if omitted else ""
        return f"{node_id} {text}{more}"

    def _text(self, node_id: str, kind: str, payload: bytes, now_s: float) -> str:
        if kind == "$state":
            return f"is {readable(payload.decode(errors='replace'))}" if payload else ""
        said = _object(payload)
        if kind == "$birth":
            keys = ("session", "fw", "board", "mode", "rule", "reset_cause")
            return "started: " + _pairs(said, keys) if said else ""
        if kind == "evt":
            shown = _pairs(said, tuple(said)) if said else payload.decode(errors="replace")
            return "event: " + readable(shown)
        if kind == "status" and self._statuses and said:
            shown = _pairs(said, _SHOWN) or _pairs(said, tuple(said)[:6])
            last_s, last = self._shown.get(node_id, (-STATUS_S, ""))
            if shown != last and now_s >= last_s + STATUS_S:
                self._shown[node_id] = (now_s, shown)
                return shown
        return ""

    def _allowed(self, node_id: str, now_s: float) -> bool:
        left, then_s = self._left.get(node_id, (float(BURST), now_s))
        left = min(BURST, left + (now_s - then_s) * LINES_A_SECOND)
        allowed = left >= 1
        self._left[node_id] = (left - allowed, now_s)
        if not allowed:
            self.omitted[node_id] = self.omitted.get(node_id, 0) + 1
        return allowed


def _object(payload: bytes) -> dict[str, Any]:
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _pairs(said: dict[str, Any], keys: tuple[str, ...]) -> str:
    words = [f"{key} {said[key]}" for key in keys if said.get(key) is not None]
    return readable(", ".join(words))


def follow(
    endpoint: Endpoint,
    fleet: str,
    nodes: list[str],
    on: bool,
    as_json: bool = False,
    over: Callable[[], bool] = lambda: False,
) -> int:
    """Print what nodes say; on: until Ctrl-C or over(), else what the broker has retained.

    as_json: an object a line, with at (UTC), node and text.
    """
    messages: queue.Queue[tuple[str, bytes]] = queue.Queue(QUEUED_MAX)

    def take(topic: str, payload: bytes, retained: bool) -> None:
        with contextlib.suppress(queue.Full):
            messages.put_nowait((topic, payload))

    link = Link(endpoint, f"logs-{secrets.token_hex(3)}", HOST_USER, on_message=take)
    link.start()
    try:
        if not link.up.wait(CONNECT_S):
            where = f"{endpoint.host}:{endpoint.port}"
            raise UserError(f"the broker does not answer: {link.problem}", where, "", "start it")
        for name in ("state", "birth", "event", "status"):
            link.subscribe(topics.build(name, fleet, "+"))
        lines = Lines(nodes, statuses=on)
        last_s = time.monotonic()
        while not over():
            try:
                topic, payload = messages.get(timeout=0.2)
            except queue.Empty:
                if not on and time.monotonic() > last_s + RETAINED_S:
                    return EXIT_OK
                continue
            last_s = time.monotonic()
            line = lines.line(topic, payload, last_s)
            if line and as_json:
                node_id, _, text = line.partition(" ")
                at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                print(json.dumps({"at": at, "node": node_id, "text": text}), flush=True)
            elif line:
                print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
    finally:
        link.stop()
    sys.stdout.flush()
    return EXIT_OK
