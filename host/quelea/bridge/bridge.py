"""Keep Home Assistant's discovery as the fleet is: announce, again if need be, and remove."""

import json
import random
import threading
import time
from collections.abc import Callable

from quelea_proto import topics

from quelea.bridge.discovery import BIRTH_TOPIC, PREFIX, Node, config_topic, node_of, payload
from quelea.coordinator.link import Endpoint, Link, acknowledged
from quelea.errors import UserError

CONNECT_S = 10.0
AGAIN_S = 5.0  # announcements after Home Assistant's start are spread over so long
FIRST_S = 6.5  # for a node's first status, which says which figures it has
NODES_MAX = 4096
HEARD = ("birth", "state", "status")


class Bridge:
    """One fleet. delay_s(): how long after Home Assistant's start a device is announced anew."""

    def __init__(
        self,
        endpoint: Endpoint,
        fleet: str,
        version: str,
        *,
        user: str = "host",
        delay_s: Callable[[], float] = lambda: random.uniform(0.2, AGAIN_S),
        first_s: float = FIRST_S,
    ) -> None:
        self.fleet = fleet
        self.nodes: dict[str, Node] = {}
        self.announced: dict[str, str] = {}  # by id: what is at the broker, of ours
        self.announcements = 0
        self.strangers = 0  # ids beyond NODES_MAX
        self.crashes: list[Exception] = []
        self._version = version
        self._delay_s = delay_s
        self._first_s = first_s
        self._due: dict[str, float] = {}
        self._lock = threading.Lock()
        self._link = Link(
            endpoint,
            f"bridge-{fleet}",
            user,
            on_message=self._heard,
            on_up=self._subscribe,
            on_crash=self.crashes.append,
        )

    def __enter__(self) -> "Bridge":
        self._link.start()
        if not self._link.up.wait(CONNECT_S):
            self._link.stop()
            raise UserError(
                f"the broker does not answer: {self._link.problem}",
                where="--broker",
                remedy="give the address of the broker that Home Assistant uses as well",
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._link.stop()

    def _subscribe(self) -> None:
        for name in HEARD:
            self._link.subscribe(topics.build(name, self.fleet, "+"))
        self._link.subscribe(BIRTH_TOPIC)
        self._link.subscribe(f"{PREFIX}/device/+/config")

    # -- what is heard, in the client's thread ------------------------------------------------

    def _heard(self, topic: str, data: bytes, retained: bool) -> None:
        now_s = time.monotonic()
        with self._lock:
            if topic == BIRTH_TOPIC:
                if data == b"online" and not retained:
                    for node_id in self.nodes:
                        self.announced.pop(node_id, None)
                        self._due[node_id] = now_s + self._delay_s()
            elif topic.startswith(PREFIX):
                node_id = node_of(topic, self.fleet)
                if node_id and data:
                    self.announced.setdefault(node_id, data.decode(errors="replace"))
                elif node_id:
                    self.announced.pop(node_id, None)
            else:
                self._take(topic, data, now_s)

    def _take(self, topic: str, data: bytes, now_s: float) -> None:
        parts = topics.parse(topic)
        if parts is None or parts[0] not in HEARD:
            return
        node = self.nodes.get(parts[2])
        if node is None:
            if len(self.nodes) >= NODES_MAX:
                self.strangers += 1
                return
            node = self.nodes[parts[2]] = Node(parts[2])
        if parts[0] == "state":
            node.state = data[:20].decode(errors="replace")
        elif parts[0] == "birth":
            node.take_birth(data)
            self._due.setdefault(node.id, now_s + (0 if node.heard else self._first_s))
        else:
            before = (node.caps, node.updates, node.heard)
            node.take_status(data)
            if before != (node.caps, node.updates, node.heard):
                self._due[node.id] = now_s

    # -- what is said, in the owner's thread ------------------------------------------------------

    def turn(self) -> int:
        """Announce what is due; return how many devices were."""
        now_s = time.monotonic()
        said = 0
        with self._lock:
            due = [node_id for node_id, at_s in self._due.items() if at_s <= now_s]
            rows = []
            for node_id in due:
                del self._due[node_id]
                node = self.nodes[node_id]
                if not node.there or (not node.heard and node_id in self.announced):
                    continue  # what is announced knows its status, perhaps
                text = json.dumps(payload(node, self.fleet, self._version), separators=(",", ":"))
                if self.announced.get(node_id) != text:
                    self.announced[node_id] = text
                    rows.append((node_id, text))
        for node_id, text in rows:
            self._link.publish(config_topic(self.fleet, node_id), text, 1, True)
            said += 1
        self.announcements += said
        return said

    def wait(self, seconds: float, *, until_quiet: bool = False) -> None:
        """Take turns for so long; until_quiet: no longer than there is something due."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.turn()
            with self._lock:
                quiet = not self._due and all(node.heard for node in self.nodes.values())
            if until_quiet and quiet and self.nodes:
                return
            time.sleep(0.05)

    def gone(self) -> list[str]:
        """Return the ids that are announced although no such node has a birth at the broker."""
        with self._lock:
            return sorted(
                node_id
                for node_id in self.announced
                if node_id not in self.nodes or not self.nodes[node_id].there
            )

    def remove(self, ids: list[str]) -> list[str]:
        """Take announcements back; return those that the broker did not acknowledge."""
        failed = []
        for node_id in ids:
            topic = config_topic(self.fleet, node_id)
            if not acknowledged(self._link.publish(topic, b"", 1, True)):
                failed.append(node_id)
            with self._lock:
                self.announced.pop(node_id, None)
        return failed
