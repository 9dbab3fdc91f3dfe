"""The fleet itself: who is there, what is left over at the broker, what its nodes refused."""

import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from quelea_proto import topics

from quelea.coordinator.link import Endpoint, Link
from quelea.journal.rows import object_of
from quelea.secure.doctor.finding import ERROR, NOTE, OK, WARNING, Finding

CONNECT_S = 10.0
STRAY_MAX = (
    8  # echoes and repetitions of a node that has just booted, or of a network that repeats
)
# part of a status, counter, smallest number that is told, severity, words, remedy
REFUSALS = (
    ("auth", "mac", 1, ERROR, "messages with a wrong tag", "find who publishes without the keys; "
     "after `quelea ca` renewed them, deploy to all"),
    ("auth", "replay", STRAY_MAX, ERROR, "messages that were taken before",
     "somebody repeats recorded traffic: look at the broker and its network"),
    ("auth", "session", 1, ERROR, "messages of an older session",
     "recorded traffic, or a board whose boot counter was lost: enrol it again"),
    ("auth", "echo", 4 * STRAY_MAX, ERROR, "messages that were not said to its session",
     "somebody repeats recorded traffic: look at the broker and its network"),
    ("auth", "form", 1, ERROR, "messages without tags, or of no peer",
     "deploy the same configuration to all; else find who publishes"),
    ("auth", "muted", 1, ERROR, "messages neither sent nor taken: its boot counter was lost",
     "enrol it again: `quelea enroll`"),
    ("agent", "bad_sender", 1, ERROR, "frames that name another node than their topic",
     "look for a device with another's identity"),
    ("agent", "unknown_sender", 1, WARNING, "frames of nodes that are no neighbours",
     "deploy the same configuration to all"),
    ("agent", "session_old", 1, ERROR, "frames from before a boot of their sender",
     "recorded traffic, or a board whose boot counter was lost: enrol it again"),
    ("agent", "equivocation", 1, ERROR, "frames that contradict an earlier one",
     "a neighbour lies: `quelea audit` names it"),
    ("agent", "stale", 4 * STRAY_MAX, WARNING, "frames older than the newest one",
     "somebody repeats recorded traffic, or the network reorders it"),
    ("agent", "duplicate", 4 * STRAY_MAX, WARNING, "frames a second time",
     "somebody repeats recorded traffic, or the network repeats it"),
    ("agent", "bad_crc", STRAY_MAX, WARNING, "damaged frames", "look at the network"),
    ("agent", "bad_length", 1, WARNING, "frames of another length",
     "deploy the same configuration to all: some put tags on frames, others do not"),
    ("cfg", "signature", 1, ERROR, "configurations that the host did not sign",
     "find who publishes on cfg; enrol with the host's key"),
    ("cfg", "epoch", 1, ERROR, "configurations that are older than the one it has",
     "somebody repeats an old one; announce anew to replace it"),
    ("cfg", "body", 1, WARNING, "signed configurations of another fleet or without epoch",
     "announce anew"),
    ("mqtt", "untrusted", 1, ERROR, "connections whose certificate was not believed",
     "`quelea ca issue --renew`, and copy its files"),
    ("mqtt", "crash", 1, ERROR, "faults of its MQTT client", "report it with the node's log"),
    ("link", "bad_commands", 1, NOTE, "commands that it does not know", ""),
)  # fmt: skip


class Ear:
    """Listens to a fleet for a while. endpoint: broker. user: whose account."""

    def __init__(self, endpoint: Endpoint, fleet: str, user: str) -> None:
        self.fleet = fleet
        self.states: dict[str, str] = {}
        self.births: set[str] = set()
        self.statuses: dict[str, dict[str, Any]] = {}
        self.retained: set[str] = set()
        self._lock = threading.Lock()
        self._link = Link(endpoint, user, user, on_message=self._take, on_up=self._up)

    def _up(self) -> None:
        self._link.subscribe(f"{topics.ROOT}/{self.fleet}/#")

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        parsed = topics.parse(topic)
        with self._lock:
            if retained and payload:
                self.retained.add(topic)
            if parsed is None or parsed[1] != self.fleet:
                return
            name, _, node_id, _ = parsed
            if name == "state":
                self.states[node_id] = payload.decode("utf-8", "replace")[:64]
            elif name == "birth":
                self.births.add(node_id)
            elif name == "status":
                self.statuses[node_id] = object_of(payload.decode("utf-8", "replace"))

    def listen(self, wanted: Collection[str], seconds: float) -> bool:
        """Listen until all wanted (or all that are ready) have told; False without a broker."""
        self._link.start()
        try:
            if not self._link.up.wait(CONNECT_S):
                return False
            end_s = time.monotonic() + seconds
            while time.monotonic() < end_s:
                time.sleep(0.05)
                with self._lock:
                    ready = {one for one, state in self.states.items() if state == "ready"}
                    if wanted and set(wanted) <= set(self.statuses) and ready >= set(wanted):
                        break
            return True
        finally:
            self._link.stop()


def look(ear: Ear, expected: Collection[str]) -> Iterator[Finding]:
    """Yield what an ear has heard. expected: ids of the members, or none if not known."""
    yield from _presence(ear, expected)
    yield from _leftovers(ear, expected)
    bad = 0
    for node_id, status in sorted(ear.statuses.items()):
        for finding in refused(node_id, status):
            bad += not finding.good
            yield finding
    if ear.statuses and not bad:
        yield Finding("refusals", OK, f"{len(ear.statuses)} nodes have refused nothing of note")


def _presence(ear: Ear, expected: Collection[str]) -> Iterator[Finding]:
    ready = {one for one, state in ear.states.items() if state == "ready"}
    for node_id in sorted(expected):
        if node_id not in ready:
            state = ear.states.get(node_id) or "never heard"
            remedy = "is it powered, in the Wi-Fi's reach, and enrolled? `quelea logs` shows why"
            yield Finding("node", ERROR, f"{node_id}: {state}", remedy, node_id)
    silent = sorted(ready - set(ear.statuses))
    if silent:
        text = f"no status from {', '.join(silent)}"
        yield Finding("status", WARNING, text, "listen longer with --seconds, or see status_ms")
    if ready:
        yield Finding("nodes", OK, f"{len(ready)} nodes are ready", value=len(ready))


def _leftovers(ear: Ear, expected: Collection[str]) -> Iterator[Finding]:
    strangers = (set(ear.states) | ear.births) - set(expected) if expected else set()
    for node_id in sorted(strangers):
        if ear.states.get(node_id) == "ready":
            text = f"{node_id} is ready, and no member of this fleet"
            yield Finding("stranger", ERROR, text, f"`quelea ca revoke {node_id}`", node_id)
        elif ear.states.get(node_id) or node_id in ear.births:
            text = f"{node_id}: retained words of a node that is no member"
            yield Finding("retained", WARNING, text, "`quelea clean --dry-run`", node_id)
    odd = sorted(topic for topic in ear.retained if not _may_be_retained(topic))
    for topic in odd[:8]:
        text = f"{topic} is retained, which nothing of ours does"
        yield Finding("retained", WARNING, text, "`quelea clean --dry-run`")


def _may_be_retained(topic: str) -> bool:
    parsed = topics.parse(topic)
    return parsed is not None and topics.row_of(parsed[0])[3]


def refused(node_id: str, status: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what one node's counters tell, with the node named, and on whose topics it came."""
    for part, counter, smallest, severity, words, remedy in REFUSALS:
        counts = status.get(part)
        count = counts.get(counter, 0) if isinstance(counts, dict) else 0
        if not isinstance(count, int) or count < smallest:
            continue
        text = f"{node_id}: {count} {words}"
        if part == "auth" and counter not in ("muted",):
            text += _by(status.get("auth_refused"))
        yield Finding(f"{part}-{counter}", severity, text, remedy, node_id, count)
    if status.get("session_stored") is False:
        text = f"{node_id}: its boot counter cannot be stored"
        remedy = "its file system is full or read-only: `quelea deploy` makes room"
        yield Finding("session", ERROR, text, remedy, node_id)


def _by(named: object) -> str:
    """Return on whose topics it came, the most first."""
    rows: Iterable[tuple[str, Any]] = named.items() if isinstance(named, dict) else ()
    counted = sorted(((n, one) for one, n in rows if isinstance(n, int)), reverse=True)
    if not counted:
        return ""
    return ", on the topics of " + ", ".join(f"{one} ({n})" for n, one in counted[:4])
