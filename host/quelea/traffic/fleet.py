"""`quelea traffic --fleet`: intersections as MicroPython processes over MQTT, SUMO in lock-step.

Each second of the simulation the host publishes every intersection's readings, and goes on when
all have answered with their lamps. The claims between them go over the broker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quelea_agent.crossing import Crossing, Plan
from quelea_agent.port.traffic import reading_bytes, write_reading
from quelea_proto import topics
from quelea_proto.crc import crc16

from quelea.errors import UserError
from quelea.fleet.crowd import Crowd
from quelea.traffic import plans
from quelea.traffic.controllers.agents import Sensor
from quelea.traffic.controllers.base import Controller
from quelea.traffic.roads import Roads
from quelea.traffic.world import Lamp, World

FLEET = "traffic"
ANSWER_S = 60.0  # a machine with much other work
AGAIN_S = 2.0  # a reading is said again
COUNT_MOD = 65536
ANSWER_BYTES = 7
HEARD = 255  # for a stage: the reading is there, the step is not done
MODULE = "quelea_agent.port.traffic"


def node_id(number: int) -> str:
    """Return the id of an intersection's number."""
    return f"x{number:02d}"


def config(roads: Roads, at: int, options: Mapping[str, int], broker: Any) -> dict[str, Any]:
    """Return cfg.json of an intersection."""
    plan = plans.plan(roads, at, options)
    return {
        "v": 1, "fleet": FLEET, "id": node_id(at + 1), "node": at + 1,
        "neighbours": [
            [number, node_id(number), back]
            for number, back in zip(plan["numbers"], plan["back_slots"], strict=True)
        ],
        "period_ms": 1000, "broker": broker, "traffic": plan,
    }  # fmt: skip


class TrafficFleet(Crowd):
    """Broker and processes of a network's intersections; all ended when the context is left."""

    def __init__(self, roads: Roads, folder: Path, options: Mapping[str, int]) -> None:
        ids = [node_id(at + 1) for at in range(len(roads.signals))]
        super().__init__(FLEET, MODULE, ids, folder)
        self.roads = roads
        self.options = options
        self.answers: dict[int, bytes] = {}
        self.claims: list[tuple[int, bytes]] = []
        self._heard = threading.Condition()
        self._replies = {topics.build("reply", FLEET, node_id(n)): n for n in self.numbers}
        self._states = {topics.build("state", FLEET, node_id(n)): n for n in self.numbers}
        self._frames = {topics.build("frame", FLEET, node_id(n)): n for n in self.numbers}

    def _start(self) -> None:
        for signal in self.roads.signals:
            if not signal.distances:
                raise UserError(
                    f"{signal.id} has no neighbour", "--fleet",
                    "a node needs one", "take a network of several intersections",
                )  # fmt: skip
        super()._start()

    def _started(self) -> None:
        self.stack.callback(self.link.publish, topics.build("command", FLEET, "all", "stop"), "")

    def _config(self, number: int, broker: dict[str, Any]) -> dict[str, Any]:
        return config(self.roads, number - 1, self.options, broker)

    # -- messages -------------------------------------------------------------------------------
    def _subscribe(self) -> None:
        for name in ("state", "reply", "frame"):
            self.link.subscribe(topics.build(name, FLEET, "+"))

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        with self._heard:
            if topic in self._states:
                if payload == b"ready":
                    self.ready.add(self._states[topic])
            elif topic in self._replies:
                if len(payload) == ANSWER_BYTES and crc16(payload, 5) == int.from_bytes(
                    payload[5:], "little"
                ):
                    self.answers[self._replies[topic]] = payload
            elif topic in self._frames:
                self.claims.append((self._frames[topic], payload))
            self._heard.notify_all()

    def second(self, count: int, readings: Mapping[int, bytes]) -> dict[int, bytes]:
        """Give every node its reading, then let all step; return their answers to this count."""
        for stepped in (False, True):
            self._round(count, stepped, readings)
        return dict(self.answers)

    def _round(self, count: int, stepped: bool, readings: Mapping[int, bytes]) -> None:
        """Say readings, or the step, until all have answered so."""
        until_s = time.monotonic() + ANSWER_S
        while True:
            late = [n for n in self.numbers if not self._answered(n, count, stepped)]
            if not late:
                return
            if time.monotonic() > until_s:
                log = "\n".join(self.supervisor.log(node_id(late[0]), 12))
                raise UserError(f"node {node_id(late[0])} does not answer", why=log)
            if stepped:
                step = topics.build("command", FLEET, "all", "step")
                self.link.publish(step, count.to_bytes(2, "little"))
            else:
                for number in late:
                    topic = topics.build("command", FLEET, node_id(number), "seen")
                    self.link.publish(topic, readings[number])
            with self._heard:
                self._heard.wait_for(
                    lambda: all(self._answered(n, count, stepped) for n in self.numbers), AGAIN_S
                )

    def _answered(self, number: int, count: int, stepped: bool) -> bool:
        answer = self.answers.get(number)
        if answer is None or int.from_bytes(answer[:2], "little") != count:
            return False
        return not stepped or answer[2] != HEARD


class FleetController(Controller):
    """The heads follow what the processes answer. course: (second, lamps of all) as answered."""

    def __init__(self, world: World, lamps: list[Lamp], fleet: TrafficFleet) -> None:
        super().__init__(world, lamps)
        self.fleet = fleet
        # The columns of a reading, to be written and sent; these machines never step.
        self.columns = [
            Crossing(Plan(plans.plan(world.roads, at, fleet.options)), 1)
            for at in range(len(lamps))
        ]
        self.sensors = [Sensor(world, at) for at in range(len(lamps))]
        self._count = 0

    def decide(self) -> None:
        self._count = (self._count + 1) % COUNT_MOD
        readings = {}
        for at, columns in enumerate(self.columns):
            self.sensors[at].read(columns)
            buffer = bytearray(reading_bytes(columns))
            write_reading(buffer, self._count, columns)
            readings[at + 1] = bytes(buffer)
        answers = self.fleet.second(self._count, readings)
        for at, lamp in enumerate(self.lamps):
            lamp.head.stage, lamp.head.phase, lamp.head.next = answers[at + 1][2:5]
            lamp.head.age_s = 0  # the processes count; here nothing may pass by itself
        self.messages = len(self.fleet.claims)
