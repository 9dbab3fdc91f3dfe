"""`quelea federate --fleet`: real MicroPython processes that train on their own digits together.

Each has its rows as a file and nothing of the others'. Parameters go from node to node over the
broker; the host begins a training, listens, and judges.
"""

import json
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quelea_agent.federated import Course
from quelea_proto import parcel_row, topics
from quelea_proto.parcel_row import Parcel

from quelea.errors import UserError
from quelea.federate import fleet_lies
from quelea.federate.fleet_data import Ground
from quelea.fleet.crowd import Crowd

FLEET = "federate"
MODULE = "quelea_agent.port.federated"
WAIT_MS = 5000  # for a neighbour's parameters; a machine with other work
SPOIL_EVERY = 50  # parcels; of one in so many a damaged copy goes out as well
STILL_S = 60.0  # no news of any node
AGAIN_S = 2.0  # what the host says is said again
COURSE = ("rounds", "calm_rounds", "steps", "shift", "late_round", "late_shift")
Key = tuple[int, int, int, int]  # epoch, node, session, round


def node_id(number: int) -> str:
    """Return the id of a node number."""
    return f"f{number:02d}"


class TrainFleet(Crowd):
    """Broker, processes and what was heard of them; all ended when the context is left.

    vectors: what nodes said, by Key. reports: statuses of each node in the order they came.
    spoilt: damaged copies of parcels that went out, on purpose, since the broker lets the host
    speak for a node. bytes_sent: of parcels, by (epoch, node).
    """

    def __init__(
        self, ground: Ground, folder: Path, rule: str, faults_max: int, wait_ms: int = WAIT_MS
    ) -> None:
        super().__init__(FLEET, MODULE, [node_id(n + 1) for n in range(ground.nodes)], folder)
        self.ground = ground
        self.rule = rule
        self.faults_max = faults_max
        self.wait_ms = wait_ms
        self.reports: dict[int, list[dict[str, Any]]] = {number: [] for number in self.numbers}
        self.vectors: dict[Key, bytes] = {}
        self.bytes_sent: dict[tuple[int, int], int] = {}
        self.spoilt = 0
        self._parts: dict[Key, dict[int, bytes]] = {}
        self._row = Parcel()
        self._news = threading.Condition()
        self._staging = 0
        self._heard = 0
        self._random = random.Random(ground.seed)

    # -- the nodes' files -----------------------------------------------------------------------
    @property
    def extra_files(self) -> Mapping[str, bytes | Path]:  # type: ignore[override]
        """Return what lies beside cfg.json of the node that is being staged."""
        return {
            "attack.py": Path(fleet_lies.__file__),
            "own.bin": self.ground.own_file(self._staging - 1),
            "test.bin": self.ground.test_file(),
        }

    def _config(self, number: int, broker: dict[str, Any]) -> dict[str, Any]:
        self._staging = number
        near = self.ground.near
        return {
            "v": 1, "fleet": FLEET, "id": node_id(number), "node": number,
            "neighbours": [
                [other + 1, node_id(other + 1), near[other].index(number - 1)]
                for other in near[number - 1]
            ],
            "rule": self.rule, "faults_max": self.faults_max, "period_ms": 1000,
            "broker": broker,
            "federated": {
                "samples": "own.bin", "test": "test.bin", "seed": self.ground.seed,
                "wait_ms": self.wait_ms,
            },
        }  # fmt: skip

    # -- messages -------------------------------------------------------------------------------
    def _subscribe(self) -> None:
        for name in ("state", "status", "frame"):
            self.link.subscribe(topics.build(name, FLEET, "+"))

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        parsed = topics.parse(topic)
        if parsed is None or parsed[2] not in self.ids:
            return
        number = self.ids.index(parsed[2]) + 1
        with self._news:
            if parsed[0] == "frame":
                self._parcel(number, payload)
            elif parsed[0] == "status":
                self.reports[number].append(json.loads(payload))
            elif payload == b"ready":
                self.ready.add(number)
            self._news.notify_all()

    def _parcel(self, number: int, payload: bytes) -> None:
        row = self._row
        if not parcel_row.unpack(payload, row):
            return  # our own, see below
        self._heard += 1
        if self._heard % SPOIL_EVERY == 0:
            self._spoil(number, payload)
        at = row.epoch, number
        self.bytes_sent[at] = self.bytes_sent.get(at, 0) + len(payload)
        key = row.epoch, number, row.session, row.round
        parts = self._parts.setdefault(key, {})
        parts[row.part] = bytes(row.values)
        if len(parts) == parcel_row.parts_of(row.total):
            self.vectors[key] = b"".join(parts[part] for part in sorted(parts))
            del self._parts[key]

    def _spoil(self, number: int, payload: bytes) -> None:
        """Say on a node's topic what it has said, with one bit changed."""
        damaged = bytearray(payload)
        damaged[self._random.randrange(len(damaged))] ^= 1 << self._random.randrange(8)
        self.spoilt += 1
        self.link.publish(topics.build("frame", FLEET, node_id(number)), bytes(damaged))

    # -- a training -----------------------------------------------------------------------------
    def report(self, number: int) -> dict[str, Any]:
        """Return the newest status of a node; {} before the first."""
        said = self.reports[number]
        return said[-1] if said else {}

    def round(self, epoch: int) -> int:
        """Return the round that all nodes have reached."""
        return min(
            int(report["round"]) if report.get("epoch") == epoch else 0
            for report in map(self.report, self.numbers)
        )

    def train(self, course: Course, lying: Mapping[int, str], say: Any = None) -> None:
        """Run one training to its end. lying: the lie of each liar. say: told rounds reached."""
        until_s = time.monotonic() + STILL_S
        best = said = -1
        while not self._finished(course.epoch):
            self.tell(course, lying)
            with self._news:
                self._news.wait_for(lambda: self._finished(course.epoch), AGAIN_S)
                now = sum(int(self.report(number).get("round", 0)) for number in self.numbers)
            if say is not None and self.round(course.epoch) != said:
                said = self.round(course.epoch)
                say(said)
            if now != best:
                best, until_s = now, time.monotonic() + STILL_S
            elif time.monotonic() > until_s:
                raise self._still(course.epoch)

    def _finished(self, epoch: int) -> bool:
        reports = [self.report(number) for number in self.numbers]
        return all(
            one.get("epoch") == epoch and one["done"] and one["judged"] == len(self.ground.test_y)
            for one in reports
        )

    def _still(self, epoch: int) -> UserError:
        late = [n for n in self.numbers if self.report(n).get("epoch") != epoch] or [
            min(self.numbers, key=lambda number: int(self.report(number)["round"]))
        ]
        log = "\n".join(self.supervisor.log(node_id(late[0]), 12))
        return UserError(
            f"no node has moved for {STILL_S:.0f} s; {node_id(late[0])} is the last one", why=log
        )

    def tell(self, course: Course, lying: Mapping[int, str]) -> None:
        """Say what is to be trained and who lies; who has heard it goes on as it was."""
        for number in self.numbers:
            own = {"n": course.epoch, "lie": lying.get(number, "")}
            topic = topics.build("command", FLEET, node_id(number), "own")
            self.link.publish(topic, json.dumps(own), 1)
        mode = {"n": course.epoch} | {name: getattr(course, name) for name in COURSE}
        self.link.publish(topics.build("command", FLEET, "all", "mode"), json.dumps(mode), 1)

    def stop(self) -> None:
        """Tell all nodes to leave."""
        self.link.publish(topics.build("command", FLEET, "all", "stop"), "{}", 1)
