"""`quelea traffic --fleet`: intersections as MicroPython processes over MQTT, SUMO in lock-step.

Each second of the simulation the host publishes every intersection's readings, and goes on when
all have answered with their lamps. The claims between them go over the broker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from quelea_agent.crossing import Crossing, Plan
from quelea_agent.port.traffic import reading_bytes, write_reading
from quelea_proto import topics
from quelea_proto.crc import crc16

from quelea.coordinator.link import Link
from quelea.errors import UserError
from quelea.fleet import broker as brokers
from quelea.fleet import interpreter, staging
from quelea.fleet.accounts import HOST_USER, Accounts
from quelea.fleet.forkserver import Launcher, LaunchError
from quelea.fleet.supervisor import NodeSpec, Supervisor
from quelea.traffic import plans
from quelea.traffic.controllers.agents import Sensor
from quelea.traffic.controllers.base import Controller
from quelea.traffic.roads import Roads
from quelea.traffic.world import Lamp, World

FLEET = "traffic"
HEAP_KB = 110
READY_S = 60.0
ANSWER_S = 60.0  # a machine with much other work
AGAIN_S = 2.0  # a reading is said again
KEEPALIVE_S = 10
COUNT_MOD = 65536
ANSWER_BYTES = 7
MAIN = "from quelea_agent.port.traffic import main\n\nmain()\n"


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


class TrafficFleet:
    """Broker and processes of a network's intersections; all ended when the context is left."""

    def __init__(self, roads: Roads, folder: Path, options: Mapping[str, int]) -> None:
        self.roads = roads
        self.folder = folder
        self.options = options
        self.numbers = range(1, len(roads.signals) + 1)
        self.ready: set[int] = set()
        self.answers: dict[int, bytes] = {}
        self.claims: list[tuple[int, bytes]] = []
        self._stack = ExitStack()
        self._heard = threading.Condition()
        self._replies = {topics.build("reply", FLEET, node_id(n)): n for n in self.numbers}
        self._states = {topics.build("state", FLEET, node_id(n)): n for n in self.numbers}
        self._frames = {topics.build("frame", FLEET, node_id(n)): n for n in self.numbers}

    def __enter__(self) -> TrafficFleet:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        for signal in self.roads.signals:
            if not signal.distances:
                raise UserError(
                    f"{signal.id} has no neighbour", "--fleet",
                    "a node needs one", "take a network of several intersections",
                )  # fmt: skip
        runtime = interpreter.find(None, HEAP_KB)
        launcher = Launcher(runtime.linked_folder)
        self._stack.callback(launcher.close)
        accounts = Accounts.create(FLEET, [node_id(number) for number in self.numbers])
        broker = brokers.create("nats", self.folder / "broker", launcher, accounts=accounts)
        broker.start()
        self._stack.callback(broker.stop)
        self.link = Link(
            broker, "traffic-host", HOST_USER, on_message=self._message, on_up=self._subscribe
        )
        self.link.start()
        self._stack.callback(self.link.stop)
        self.supervisor = Supervisor(launcher)
        self._stack.callback(self.supervisor.close)
        board = staging.stage(mpy_version=runtime.mpy)
        for number in self.numbers:
            self._start_node(number, runtime, board, broker)
        self._stack.callback(self.link.publish, topics.build("command", FLEET, "all", "stop"), "")
        self._await(lambda: len(self.ready) == len(self.numbers), READY_S, "become ready")

    def _start_node(
        self, number: int, runtime: interpreter.Interpreter, board: staging.Board,
        broker: brokers.Broker,
    ) -> None:  # fmt: skip
        name = node_id(number)
        folder = self.folder / "nodes" / name
        user, password = broker.credentials(name)
        place = {**brokers.address(broker, number), "user": user, "password": password}
        place["keepalive_s"] = KEEPALIVE_S
        cfg = config(self.roads, number - 1, self.options, place)
        staging.stage_node(folder, board, cfg, {})
        (folder / "main.py").write_text(MAIN)
        argv = runtime.argv("main.py", HEAP_KB)
        spec = NodeSpec(name, argv, folder, folder / "node.log", board.env(), runtime.linked)
        try:
            self.supervisor.start(spec)
        except LaunchError as error:
            raise UserError(f"node {name} does not start: {error}") from error

    def _await(self, done: Any, within_s: float, what: str) -> None:
        until_s = time.monotonic() + within_s
        with self._heard:
            while not done():
                if not self._heard.wait(AGAIN_S) and time.monotonic() > until_s:
                    log = "\n".join(self.supervisor.log(node_id(1), 12))
                    raise UserError(f"not all nodes {what} in {within_s:.0f} s", why=log)

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
        """Give every node its reading and return all answers to this count."""
        until_s = time.monotonic() + ANSWER_S
        while True:
            late = [n for n in self.numbers if not self._answered(n, count)]
            if not late:
                return dict(self.answers)
            if time.monotonic() > until_s:
                log = "\n".join(self.supervisor.log(node_id(late[0]), 12))
                raise UserError(f"node {node_id(late[0])} does not answer", why=log)
            for number in late:
                topic = topics.build("command", FLEET, node_id(number), "seen")
                self.link.publish(topic, readings[number])
            with self._heard:
                self._heard.wait_for(
                    lambda: all(self._answered(n, count) for n in self.numbers), AGAIN_S
                )

    def _answered(self, number: int, count: int) -> bool:
        answer = self.answers.get(number)
        return answer is not None and int.from_bytes(answer[:2], "little") == count


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
