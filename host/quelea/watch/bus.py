"""Watch a fleet on a broker: a listener of its own whose rows go into a model, not into a file."""

import threading
from typing import Any

from quelea.coordinator import Coordinator
from quelea.errors import UserError
from quelea.fleet.external import ExternalBroker
from quelea.journal import EventRow, FrameRow, NodeRow, Recorder, StateRow, StatusRow
from quelea.journal.rows import object_of, value_of
from quelea.watch.course import Course
from quelea.watch.facts import Facts
from quelea.watch.state import Model

CONNECT_S = 5.0
WAITING_MAX = 50_000  # rows that wait for the next step; older ones are dropped by the recorder


class Tap(Recorder):
    """Rows of all tables in the order they were recorded, until drain() takes them."""

    def __init__(self) -> None:
        super().__init__(rows_max=WAITING_MAX)
        self._rows: list[tuple[str, tuple[Any, ...]]] = []

    def _put(self, table: str, row: tuple[Any, ...]) -> None:
        with self._lock:
            if len(self._rows) >= self.rows_max:
                self._drop(table, 1, "the page does not keep up")
                return
            self._rows.append((table, row))

    def drain(self) -> list[tuple[str, tuple[Any, ...]]]:
        """Return what was recorded since the last call."""
        with self._lock:
            rows, self._rows = self._rows, []
        return rows


class Bus:
    """address: mqtt://[user:password@]host[:port]. fleet: its name in the topics.

    Who is whose neighbour is known only as far as births say it. UserError when nobody answers.
    """

    audit_behind = 0
    audit_missing = "neighbours and rules are known from a journal only"

    def __init__(self, address: str, fleet: str, blind: bool = False) -> None:
        broker = ExternalBroker(address)
        broker.start()
        self.where = f"{fleet} on {broker.host}:{broker.port}"
        self.tap = Tap()
        host_id = f"watch-{threading.get_native_id() % 100_000}"
        self.coordinator = Coordinator(broker, fleet, self.tap, nodes=None, host_id=host_id)
        self.facts = Facts(name=fleet)
        self.model = Model(self.facts, blind=blind)
        self.course = Course()
        self.phase = "running"
        self.whole = True
        self._at = 0
        self.coordinator.start()
        if not self.coordinator.wait_connected(CONNECT_S):
            why = self.coordinator.view().problem
            self.coordinator.stop()
            raise UserError("the broker does not take us", "--broker", why, "check the address")

    def close(self) -> None:
        """Leave the broker."""
        self.coordinator.stop()

    def step(self) -> None:
        """Put what was heard into the model."""
        model = self.model
        for table, row in self.tap.drain():
            self._at += 1
            if table == "node":
                number, node_id, near, roles = row
                model.take_nodes(
                    [NodeRow(number, node_id, tuple(value_of(near)), tuple(value_of(roles)))]
                )
            elif table == "frame":
                model.take_frame(FrameRow(self._at, *row))
            elif table == "state":
                model.take_state(StateRow(self._at, *row))
                self._learn(model)
            elif table == "status":
                model.take_status(StatusRow(self._at, row[0], row[1], object_of(row[2])))
            elif table == "event":
                model.take_event(EventRow(self._at, row[0], row[1], row[2], object_of(row[3])))
            self.course.note(model, model.t_us)
        model.tick(self.tap.now_us())
        self.course.note(model, model.t_us)

    def _learn(self, model: Model) -> None:
        """Take what births say of the whole fleet as its facts."""
        if self.facts.mode:
            return
        for node in model.members():
            birth = node.birth
            if isinstance(birth.get("mode"), str):
                settings = {k: birth.get(k) for k in ("mode", "rule", "faults_max", "period_ms",
                                                      "epoch_rounds", "lo_q", "hi_q",
                                                      "quiet_rounds_max")}  # fmt: skip
                self.facts = Facts.of_run({"name": self.facts.name, "settings": settings})
                model.facts = self.facts
                return
