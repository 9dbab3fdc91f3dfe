"""Four real nodes with certificates and keys of pairs, a real mosquitto, and who attacks them."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boards
from conftest import need
from quelea.coordinator.link import Link, acknowledged
from quelea.errors import UserError
from quelea.fleet import broker as brokers
from quelea.fleet import staging
from quelea.fleet.forkserver import Launcher
from quelea.secure.doctor import command as doctor
from quelea.secure.doctor.finding import ERROR, Finding
from quelea.secure.emulated import Security
from quelea_proto import topics

sys.path.append(str(Path(__file__).parents[1] / "fleet"))

from edge_process import Process
from waiting import until

FLEET = "demo"
IDS = {number: f"n{number:02}" for number in range(1, 5)}
PERIOD_MS = 100
WAIT_S = 60.0
HEAP_KB = 110


def node_config(number: int) -> dict[str, Any]:
    others = [n for n in IDS if n != number]
    return {
        "v": 1,
        "fleet": FLEET,
        "id": IDS[number],
        "node": number,
        "neighbours": [[n, IDS[n], sorted(set(IDS) - {n}).index(number)] for n in others],
        "mode": "resilient",
        "rule": "wmsr",
        "faults_max": 1,
        "period_ms": PERIOD_MS,
        "epoch_rounds": 0,
        "sensor": {"kind": "constant", "value_q": 1000 * number},
        "status_ms": 200,
    }


class Spy:
    """A client with the host's rights, which hears all and may say all: a broker gone bad."""

    def __init__(self, endpoint: brokers.EmbeddedBroker) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()
        self.link = Link(endpoint, "host", "host", on_message=self._take, on_up=self._up)
        self.link.start()
        assert self.link.up.wait(WAIT_S), self.link.problem

    def _up(self) -> None:
        self.link.subscribe("quelea/#")

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        with self._lock:
            self.heard.append((topic, payload))

    def of(self, node_id: str, name: str) -> list[bytes]:
        topic = topics.build(name, FLEET, node_id)
        with self._lock:
            return [payload for heard, payload in self.heard if heard == topic]

    def say(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        info = self.link.publish(topic, payload, qos, retain)
        assert not qos or acknowledged(info, WAIT_S)


class Village:
    """The fleet of a test module; ended by close()."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.launcher = Launcher()
        self.processes: dict[str, Process] = {}
        self.configs = {number: node_config(number) for number in IDS}
        ca = folder / "ca"
        self.security = Security(ca, FLEET, self.configs, "pairwise", tls=True)
        try:
            made = brokers.create("mosquitto", folder / "broker", self.launcher, authority=ca)
        except UserError:
            need(False, "mosquitto", "apt-get install mosquitto")
            raise
        assert isinstance(made, brokers.EmbeddedBroker)
        self.broker = made
        self.broker.start()
        self.spy = Spy(self.broker)
        for number in IDS:
            self.start(number)
        self.settle()

    def place(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.broker.port, "keepalive_s": 10}

    def start(self, number: int) -> Process:
        config = dict(self.configs[number], broker=self.place())
        files = self.security.complete(config)
        return self.launch(IDS[number], config, files)

    def launch(self, name: str, config: dict[str, Any], files: dict[str, bytes]) -> Process:
        """Start a node in a folder of its own; name: of folder and process."""
        folder = self.folder / name
        staging.stage_node(folder, boards.board(), config, files)
        argv = list(boards.micropython().exec_argv("main.py", HEAP_KB))
        env = {**boards.board().env(), "QUELEA_STOP": "stdin"}
        self.processes[name] = Process(argv, folder, env)
        return self.processes[name]

    def restart(self, number: int) -> None:
        """Kill a node and return once its next session has told."""
        before = self.status(IDS[number])["session"]
        self.processes[IDS[number]].kill()
        self.start(number)
        self.until_status(IDS[number], lambda row: row["session"] > before)

    def status(self, node_id: str) -> dict[str, Any]:
        """Return the newest status of a node, or an empty object."""
        said = self.spy.of(node_id, "status")
        return json.loads(said[-1]) if said else {}

    def counts(self, node_id: str, part: str = "auth") -> dict[str, int]:
        return self.status(node_id).get(part, {})

    def until_status(self, node_id: str, true: Callable[[dict[str, Any]], object]) -> None:
        until(lambda: true(self.status(node_id)), WAIT_S, f"{node_id}: {self.status(node_id)}")

    def settle(self) -> None:
        """Wait until every node takes what every other says."""
        for node_id in IDS.values():
            before = len(self.spy.of(node_id, "status"))
            until(lambda n=node_id, b=before: len(self.spy.of(n, "status")) > b, WAIT_S, node_id)
            self.until_status(node_id, lambda row: row.get("live") == 3 and not row["held"])

    def doctor(self) -> list[Finding]:
        """Return the errors that `quelea doctor` finds."""
        ca = self.folder / "ca"
        asked = doctor.Asked(
            broker=f"mqtts://localhost:{self.broker.port}?ca={ca}",
            ca=ca,
            log=self.broker.log,
            seconds=20,
        )
        return [one for one in doctor.look(asked) if one.severity == ERROR]

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
        self.spy.link.stop()
        self.broker.stop()
        self.launcher.close()
