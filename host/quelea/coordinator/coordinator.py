"""Coordinator: announces the fleet's configuration, listens to everything, commands on request.

The nodes never need it: they agree with each other whether it is there or not. Everything it
hears goes to the recorder (the journal) and into the live view.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from quelea_proto import topics
from quelea_proto.limits import SMALL_MAX

from quelea.coordinator.clean import clear_retained
from quelea.coordinator.intake import LEASE_PERIODS, Intake, Listener
from quelea.coordinator.link import Endpoint, Link, acknowledged
from quelea.coordinator.view import FleetView
from quelea.errors import UserError
from quelea.fleet.accounts import HOST_USER
from quelea.journal import NodeRow, Recorder

TICK_S = 0.2
DOCUMENT_BYTES_MAX = 1_024  # a board skips packets beyond limits.PACKET_BYTES_MAX
EPOCH_2024_S = 1_704_067_200  # seconds since then are small integers of a board until 2058


class Coordinator:
    """broker: any of quelea.fleet.broker, or ExternalBroker(address). fleet: its name.

    nodes: the members, or None to learn them by listening. host_id: MQTT client id and the name
    in host/<id>/$state; a second listener on the same fleet needs another one. on_event(source,
    name, detail, t_us): told of every event, from the coordinator's threads; must be short.
    """

    def __init__(
        self,
        broker: Endpoint,
        fleet: str,
        recorder: Recorder,
        *,
        nodes: Iterable[NodeRow] | None = None,
        period_ms: int = 1_000,
        lease_periods: int = LEASE_PERIODS,
        silence_rounds: int = 0,
        host_id: str = HOST_USER,
        on_event: Listener | None = None,
    ) -> None:
        for name, value in (("fleet", fleet), ("host_id", host_id)):
            if not topics.is_id(value):
                raise UserError(
                    f"{value!r} cannot be a {name}",
                    why="It has 1 to 16 characters of a-z, 0-9 and inner dashes.",
                )
        self.broker = broker
        self.fleet = fleet
        self.host_id = host_id
        self.recorder = recorder
        lease_periods += silence_rounds  # of a fleet with a cadence
        self.intake = Intake(fleet, recorder, nodes, period_ms, lease_periods, on_event)
        self.intake.on_reply = self._replied
        self._state_topic = topics.build("host", fleet, host_id)
        self._link = Link(
            broker,
            host_id,
            HOST_USER,
            on_message=self._message,
            on_up=self._up,
            on_down=self._down,
            on_crash=self._crash,
            will=(self._state_topic, self._farewell()),
        )
        self.sign: Callable[[bytes], bytes] | None = None  # of the configuration's document
        self._config = b""  # as announced, said again at each connection
        self._config_seq = 0
        self._token = _seconds_2024()
        self._replies: dict[int, dict[str, Any] | None] = {}
        self._replied_now = threading.Condition()
        self._lost_us: int | None = None
        self._stopping = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="coordinator", daemon=True)

    # -- life ---------------------------------------------------------------------------------
    def start(self) -> None:
        """Begin to connect, again and again until it works; returns at once."""
        self._link.start()
        self._ticker.start()

    def wait_connected(self, timeout_s: float = 10.0) -> bool:
        """Wait for the broker; False when it is not there by then (`view().problem`)."""
        return self._link.up.wait(timeout_s)

    def stop(self, clean: bool = False) -> list[str]:
        """Say goodbye and end; with clean also clear the fleet's retained messages.

        Returns the topics cleared. Nodes that are still connected, or whose wills are still to
        come, retain theirs anew: stop them first.
        """
        if self._stopping.is_set():
            return []
        self._stopping.set()
        if self._ticker.is_alive():
            self._ticker.join(2.0)
        if self._link.up.is_set():
            acknowledged(self._link.publish(self._state_topic, self._farewell(), 1, True))
        self._link.stop()
        if not clean:
            return []
        try:
            return clear_retained(self.broker, self.fleet, self.host_id)
        except UserError as error:
            self.recorder.event("coordinator", "not-cleaned", {"reason": str(error)})
            return []

    def _farewell(self) -> str:
        """What stays in host/<id>/$state: of a mere listener nothing."""
        return _host_state(False) if self.host_id == HOST_USER else ""

    # -- speaking -----------------------------------------------------------------------------
    def announce(self, document: Mapping[str, Any]) -> int:
        """Publish the fleet's configuration, retained; return its sequence number.

        The number rises with every call, also over runs of the host: nodes refuse a lower one.
        With `sign` the document is signed, and the number is its epoch.
        UserError when the document is too long for a board.
        """
        seen = self.intake.config.get("seq", 0)
        seen = seen if isinstance(seen, int) and 0 <= seen < SMALL_MAX else 0
        self._config_seq = max(self._config_seq, seen, _seconds_2024()) + 1
        row = {"v": 1, **document, "seq": self._config_seq}
        if self.sign is not None:
            row["epoch"] = self._config_seq
        text = json.dumps(row, separators=(",", ":")).encode()
        if len(text) > DOCUMENT_BYTES_MAX:
            raise UserError(
                f"the fleet's configuration has {len(text)} bytes",
                why=f"A board reads documents of up to {DOCUMENT_BYTES_MAX} bytes.",
                remedy="announce what all nodes share; a node's own part is in its cfg.json.",
            )
        self._config = text if self.sign is None else self.sign(text)
        if self._link.up.is_set():
            self._link.publish(topics.build("config", self.fleet), self._config, 1, True)
        return self._config_seq

    def command(self, node_id: str, verb: str, document: Mapping[str, Any] | None = None) -> int:
        """Send a command to a node, or to `all`; return its token, which replies carry.

        QoS 1: it may arrive twice, and nodes do it once by its token. While the broker is away it
        waits here.
        """
        token = self._new_token()
        self._send(node_id, verb, dict(document or {}), token)
        return token

    def ask(
        self,
        node_id: str,
        verb: str,
        document: Mapping[str, Any] | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any] | None:
        """Send a command to one node and return its reply, or None when none came in time."""
        token = self._new_token()
        with self._replied_now:
            self._replies[token] = None
        self._send(node_id, verb, dict(document or {}), token)
        with self._replied_now:
            self._replied_now.wait_for(lambda: self._replies[token] is not None, timeout_s)
            return self._replies.pop(token)

    def _new_token(self) -> int:
        with self._replied_now:
            self._token = (self._token + 1) & SMALL_MAX
            return self._token

    def _send(self, node_id: str, verb: str, document: dict[str, Any], token: int) -> None:
        text = json.dumps({**document, "tok": token}, separators=(",", ":"))
        self._link.publish(topics.build("command", self.fleet, node_id, verb), text, 1)
        detail = {"node": node_id, "verb": verb, **document, "tok": token}
        self.intake.tell("command", detail, self.recorder.now_us())

    # -- looking ------------------------------------------------------------------------------
    def view(self) -> FleetView:
        """Return the live view of this moment; from any thread."""
        return self.intake.view(self.recorder.now_us(), self._link.problem)

    # -- callbacks ----------------------------------------------------------------------------
    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        self.intake.take(topic, payload, retained, self.recorder.now_us())

    def _up(self) -> None:
        now_us = self.recorder.now_us()
        self._link.subscribe(f"{topics.ROOT}/{self.fleet}/#")
        self._link.publish(self._state_topic, _host_state(True), 1, True)
        if self._config:
            self._link.publish(topics.build("config", self.fleet), self._config, 1, True)
        if self._lost_us is not None:
            detail = {"away_ms": (now_us - self._lost_us) // 1000}
            self.intake.tell("broker-back", detail, now_us)
            self._lost_us = None
        else:
            self.intake.tell("connected", {"port": self.broker.port}, now_us)
        self.intake.hearing(now_us)

    def _down(self, reason: str) -> None:
        now_us = self.recorder.now_us()
        self.intake.deaf(now_us)
        if not self._stopping.is_set():
            self._lost_us = now_us
            self.intake.tell("broker-lost", {"reason": reason}, now_us)

    def _crash(self, error: Exception) -> None:
        detail = {"error": f"{type(error).__name__}: {error}"[:200]}
        self.intake.tell_few("crash", detail, self.recorder.now_us())

    def _replied(self, node_id: str, document: dict[str, Any]) -> None:
        token = document.get("tok")
        if isinstance(token, int):
            with self._replied_now:
                if token in self._replies:
                    self._replies[token] = document
                    self._replied_now.notify_all()

    def _tick(self) -> None:
        due_s = time.monotonic() + TICK_S
        while not self._stopping.wait(max(0.0, due_s - time.monotonic())):
            # whoever was late here was late in reading too: nobody else is to pay for it
            late_s = time.monotonic() - due_s
            self.intake.tick(self.recorder.now_us(), int(late_s * 1e6) if late_s > TICK_S else 0)
            self._link.keep()
            due_s = time.monotonic() + TICK_S


def _host_state(online: bool) -> str:
    return json.dumps({"online": online, "t_s": int(time.time())}, separators=(",", ":"))


def _seconds_2024() -> int:
    return int(time.time() - EPOCH_2024_S) & SMALL_MAX
