"""Announce a release and answer what nodes ask for, until each has said how it went."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from quelea_proto import topics

from quelea.coordinator.link import Endpoint, Link, acknowledged
from quelea.errors import UserError
from quelea.update import course
from quelea.update.course import Course
from quelea.update.release import Release, parse_need

CONNECT_S = 10.0
LISTEN_S = 6.5  # for a status of every node, which comes every 5 s by default
STEP_S = 0.05
HEARD = ("state", "status", "event", "need")


class Server:
    """chunk(release, node id, file, offset) -> message or None; a test's may spoil it."""

    def __init__(
        self,
        endpoint: Endpoint,
        fleet: str,
        *,
        user: str = "host",
        chunk: Callable[[Release, str, int, int], bytes | None] | None = None,
    ) -> None:
        self.fleet = fleet
        self.courses: dict[str, Course] = {}
        self.announced = b""  # what is retained at the broker
        self.bad_needs = 0
        self.crashes: list[Exception] = []
        self._release: Release | None = None
        self._only: frozenset[str] | None = None
        self._chunk = chunk or (lambda release, _, number, at: release.chunk(number, at))
        self._lock = threading.Lock()
        self._topic = topics.build("update", fleet)
        self._link = Link(
            endpoint,
            "ota-" + fleet,
            user,
            on_message=self._heard,
            on_up=self._subscribe,
            on_crash=self.crashes.append,
        )

    def __enter__(self) -> "Server":
        self._link.start()
        if not self._link.up.wait(CONNECT_S):
            self._link.stop()
            raise UserError(
                f"the broker does not answer: {self._link.problem}",
                where="--broker",
                remedy="start it, or give the address of the fleet's broker",
            )
        return self

    def __exit__(self, *_: Any) -> None:
        self._link.stop()

    def _subscribe(self) -> None:
        for name in HEARD:
            self._link.subscribe(topics.build(name, self.fleet, "+"))
        self._link.subscribe(self._topic)

    def listen(self, seconds: float = LISTEN_S) -> None:
        """Find out who is there and what runs: until every live node has said its status."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            time.sleep(STEP_S)

    def announce(
        self, release: Release, document: bytes, only: Iterable[str] | None = None
    ) -> None:
        """Offer a release to the fleet, or to some of its nodes; UserError if that fails."""
        with self._lock:
            self._release = release
            self._only = None if only is None else frozenset(only)
            for name in self._only or ():
                self.courses.setdefault(name, Course(name))
            for one in self.courses.values():
                one.stand, one.statuses = course.WAITING, 0
        if not acknowledged(self._link.publish(self._topic, document, 1, True)):
            raise UserError(
                "the broker did not take the announcement",
                where=self._topic,
                remedy="look whether this account may publish there",
            )

    def withdraw(self) -> None:
        """Take the announcement back: nodes that have not begun will not."""
        acknowledged(self._link.publish(self._topic, b"", 1, True))

    def wanted(self) -> list[Course]:
        """Return the nodes that are to get it: those named, else all that are or were heard."""
        with self._lock:
            rows = list(self.courses.values())
        return [
            one
            for one in rows
            if (self._only is None or one.id in self._only)
            and (one.state not in ("lost", "disconnected") or one.stand != course.WAITING)
        ]

    def serve(
        self, seconds: float, on_turn: Callable[[list[Course]], None] = lambda _: None
    ) -> bool:
        """Answer until every wanted node is done or the time is over; return whether all are."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            rows = self.wanted()
            on_turn(rows)
            if rows and all(one.done for one in rows):
                return True
            time.sleep(STEP_S)
        return False

    # -- the client's thread ----------------------------------------------------------------------

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        if topic == self._topic:
            self.announced = payload
            return
        parts = topics.parse(topic)
        if parts is None or parts[0] not in HEARD:
            return
        with self._lock:
            one = self.courses.setdefault(parts[2], Course(parts[2]))
            if parts[0] == "need":
                self._answer(one, payload)
            else:
                version = self._release.version if self._release is not None else 0
                course.heard(one, parts[0], payload, version)

    def _answer(self, one: Course, payload: bytes) -> None:
        need = parse_need(payload)
        release = self._release
        if need is None or release is None or need.version != release.version:
            self.bad_needs += 1
            return
        message = self._chunk(release, one.id, need.file, need.at)
        if message is None:
            self.bad_needs += 1
            return
        one.chunks += 1
        self._link.publish(topics.build("chunk", self.fleet, one.id), message)
