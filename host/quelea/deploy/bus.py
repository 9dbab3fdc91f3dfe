"""What the nodes say at the broker, for who waits for them: states and births."""

import json
import secrets
import threading
import time
from types import TracebackType
from typing import Self

from quelea_proto import topics

from quelea.coordinator.link import Endpoint, Link
from quelea.errors import UserError
from quelea.fleet.accounts import HOST_USER

CONNECT_S = 10.0
PAYLOAD_BYTES_MAX = 8192


class Bus:
    """A connection of the host's; state() and session() are what was heard last."""

    def __init__(self, endpoint: Endpoint, fleet: str) -> None:
        self._heard: dict[str, dict[str, int | str]] = {}
        self._changed = threading.Condition()
        self._endpoint = endpoint
        self._fleet = fleet
        name = f"deploy-{secrets.token_hex(3)}"
        self._link = Link(endpoint, name, HOST_USER, on_message=self._take)

    def __enter__(self) -> Self:
        self._link.start()
        if not self._link.up.wait(CONNECT_S):
            self._link.stop()
            raise UserError(
                f"the broker does not answer: {self._link.problem}",
                f"{self._endpoint.host}:{self._endpoint.port}",
                "boards are ready when the broker says so",
                "start it (`quelea broker` is one for this machine), or add --no-wait",
            )
        for name in ("state", "birth"):
            self._link.subscribe(topics.build(name, self._fleet, "+"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._link.stop()

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        levels = topic.split("/")
        if len(levels) != 6 or len(payload) > PAYLOAD_BYTES_MAX:
            return
        node_id, what = levels[4], levels[5]
        with self._changed:
            row = self._heard.setdefault(node_id, {})
            if what == "$state":
                row["state"] = payload[:16].decode(errors="replace")
            else:
                row["session"] = born(payload)
            self._changed.notify_all()

    def session(self, node_id: str) -> int:
        """Return the boot counter of a node's last birth, 0 for none."""
        with self._changed:
            return int(self._heard.get(node_id, {}).get("session", 0))

    def state(self, node_id: str) -> str:
        """Return a node's last state, "" for none."""
        with self._changed:
            return str(self._heard.get(node_id, {}).get("state", ""))

    def ready(self, node_id: str, not_session: int) -> bool:
        """Return whether a node is ready in another session than this one."""
        return self.state(node_id) == "ready" and self.session(node_id) not in (0, not_session)

    def wait(self, timeout_s: float) -> None:
        """Wait until something is heard, or the time is over."""
        with self._changed:
            self._changed.wait(timeout_s)

    def settle(self, timeout_s: float = 1.0) -> None:
        """Wait for the retained messages, which come in one burst after SUBSCRIBE."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            with self._changed:
                if not self._changed.wait(0.2):
                    return


def born(payload: bytes) -> int:
    """Return the session of a birth, 0 for what is none."""
    try:
        session = json.loads(payload)["session"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return 0
    return session if type(session) is int and 0 <= session <= 65535 else 0
