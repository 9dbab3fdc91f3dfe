"""The small edges: boot counter, sensors, heap's gauge, backoff, and Wi-Fi over stubs."""

import importlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import ClassVar

import pytest
from quelea_agent.port import backlog, cpython, mqtt, run, sensors, session
from quelea_agent.port.heap import Heap
from quelea_agent.settings import load
from quelea_proto import limits
from waiting import until

# -- boot counter -------------------------------------------------------------------------------


def test_boot_counter_rises_and_goes_round(tmp_path: Path) -> None:
    path, new = str(tmp_path / "session"), str(tmp_path / "new")
    assert [session.begin(path, new) for _ in range(3)] == [(1, True), (2, True), (3, True)]
    Path(path).write_text(str(limits.SESSION_MAX))
    assert session.begin(path, new) == (1, True)


@pytest.mark.parametrize("content", [b"", b"x", b"-1", b"65536", b"\xff\xfe", b"1" * 50, b"1.5"])
def test_boot_counter_that_cannot_be_read_starts_anew(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "session"
    path.write_bytes(content)
    assert session.begin(str(path), str(tmp_path / "new")) == (1, True)


def test_power_cut_leaves_the_old_number_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, new = str(tmp_path / "session"), str(tmp_path / "new")
    Path(path).write_text("7")
    rename = os.rename

    def cut(*_: str) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(session.os, "rename", cut)
    assert session.begin(path, new) == (8, False)
    assert session.read(path) == 7, "the file was touched before the new one was complete"
    monkeypatch.setattr(session.os, "rename", rename)
    assert session.begin(path, new) == (8, True)


def test_boot_counter_without_a_file_system(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "none" / "session")
    assert session.begin(nowhere, nowhere + ".new") == (1, False)


# -- sensors ------------------------------------------------------------------------------------


def trace(tmp_path: Path, values_q: object, **spec: object):
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"values_q": values_q}))
    return sensors.make({"kind": "trace", "path": str(path), "step_ms": 100, **spec}, 0)


@pytest.mark.parametrize(
    ("loop", "expected"),
    [(True, [5, 5, 6, 7, 5, 6]), (False, [5, 5, 6, 7, 7, 7])],
)
def test_trace_steps(loop: bool, expected: list[int], tmp_path: Path) -> None:
    sensor, problem = trace(tmp_path, [5, 6, 7], loop=loop)
    assert problem is None
    assert [sensor.read_q(ms) for ms in (0, 99, 100, 299, 300, 450)] == expected


def test_trace_steps_over_the_end_of_the_clock() -> None:
    begin = limits.TICKS_MASK - 150
    sensor = sensors.Trace([1, 2, 3], 100, True, begin)
    read = [sensor.read_q((begin + ms) & limits.TICKS_MASK) for ms in (0, 100, 200, 300)]
    assert read == [1, 2, 3, 1]


@pytest.mark.parametrize(
    "values_q", [[], [1.5], ["1"], [True], [2**23], {"a": 1}, None, [1] * 4097]
)
def test_faulty_trace_is_refused(values_q: object, tmp_path: Path) -> None:
    sensor, problem = trace(tmp_path, values_q)
    assert sensor is None and "trace" in problem


@pytest.mark.parametrize("step_ms", [0, -1, 2**29, "5", None])
def test_faulty_step_is_refused(step_ms: object, tmp_path: Path) -> None:
    sensor, problem = trace(tmp_path, [1], step_ms=step_ms)
    assert sensor is None and "step_ms" in problem


# -- heap and backoff ---------------------------------------------------------------------------


def test_heap_collects_once_half_of_the_free_part_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    used = [1000]
    thresholds: list[int] = []

    def collect() -> None:
        used[0] = 1000

    gc = SimpleNamespace(
        collect=collect,
        mem_alloc=lambda: used[0],
        mem_free=lambda: 9000 - used[0],
        threshold=thresholds.append,
    )
    monkeypatch.setattr("quelea_agent.port.heap.gc", gc)
    heap = Heap()
    assert (heap.bytes, heap.live_bytes) == (9000, 1000)
    assert thresholds == [7000]
    for used[0] in (3000, 5000, 5001):
        heap.sample()
    assert (heap.high_bytes, heap.collections, used[0]) == (5001, 1, 1000)


def test_backoff_is_bounded_and_spread() -> None:
    for tries in range(40):
        waits = [backlog.backoff_ms(tries, node) for node in range(1, 401)]
        base = min(limits.RECONNECT_MS_MIN << min(tries, 3), limits.RECONNECT_MS_MAX // 2)
        assert base <= min(waits) and max(waits) < 2 * base <= limits.RECONNECT_MS_MAX
        quarters = [sum(q <= 4 * (w - base) // base < q + 1 for w in waits) for q in range(4)]
        assert min(quarters) > 60, quarters
    largest = backlog.backoff_ms(10**6, limits.NODE_MAX)
    assert largest < limits.RECONNECT_MS_MAX


# -- the board, with stubs where MicroPython's modules would be ---------------------------------


class Wlan:
    """Notes what is asked of the radio."""

    def __init__(self, _interface: int) -> None:
        self.calls: list[str] = []
        self.up = False
        self.fails = False

    def active(self, flag: bool) -> None:
        self.calls.append(f"active {flag}")

    def config(self, **_: int) -> None:
        raise ValueError("unknown parameter")  # as old firmware does

    def isconnected(self) -> bool:
        return self.up

    def status(self) -> int:
        return 1001  # connecting

    def disconnect(self) -> None:
        self.calls.append("disconnect")
        if self.fails:
            raise OSError("Wifi Internal Error")

    def connect(self, ssid: str, password: str) -> None:
        self.calls.append(f"connect {ssid}")
        if self.fails:
            raise OSError("Wifi Internal Error")


class Nvs:
    stored: ClassVar[dict[str, int]] = {}

    def __init__(self, _namespace: str) -> None:
        self.fresh: dict[str, int] = {}

    def get_i32(self, key: str) -> int:
        if key not in self.stored:
            raise OSError("ESP_ERR_NVS_NOT_FOUND")
        return self.stored[key]

    def set_i32(self, key: str, value: int) -> None:
        self.fresh[key] = value

    def commit(self) -> None:
        self.stored.update(self.fresh)


class Rtc:
    def memory(self, data: bytes | None = None) -> bytes:
        return b""


class Adc:
    ATTN_11DB = 3

    def __init__(self, _pin: object, atten: int) -> None:
        assert atten == self.ATTN_11DB

    def read_uv(self) -> int:
        return 1_500_999


class Wdt:
    fed = 0

    def __init__(self, timeout: int) -> None:
        assert timeout == 30000

    def feed(self) -> None:
        Wdt.fed += 1


@pytest.fixture
def esp32(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The board's port, imported over stubs."""
    stubs = {
        "esp32": SimpleNamespace(NVS=Nvs),
        "machine": SimpleNamespace(ADC=Adc, Pin=int, WDT=Wdt, RTC=Rtc, reset_cause=lambda: 1),
        "network": SimpleNamespace(WLAN=Wlan, STA_IF=0),
    }
    for name, stub in stubs.items():
        monkeypatch.setitem(sys.modules, name, stub)
    monkeypatch.setattr("time.ticks_ms", lambda: 0, raising=False)
    monkeypatch.delitem(sys.modules, "quelea_agent.port.esp32", raising=False)
    Nvs.stored = {}
    module = importlib.import_module("quelea_agent.port.esp32")
    yield module
    sys.modules.pop("quelea_agent.port.esp32", None)


def test_wifi_is_joined_again_without_waiting(esp32: ModuleType) -> None:
    station = esp32.Station("home", "secret")
    wlan = station.wlan
    wlan.calls.clear()
    for now_ms in range(0, 15000, 1000):
        station.tick(now_ms)
    assert wlan.calls == ["disconnect", "connect home"], "one attempt in its time"
    for now_ms in range(15000, 60000, 1000):
        station.tick(now_ms)
    # The fourth attempt restarts the radio: a driver that is stuck comes back only so.
    assert wlan.calls[-3:] == ["active False", "active True", "connect home"]
    wlan.up = True
    station.tick(60000)
    assert station.up() and (station.joins, station.tries) == (1, 0)
    wlan.up = False
    wlan.fails = True
    wlan.calls.clear()
    station.tick(61000)
    assert wlan.calls == ["disconnect", "connect home"], "at once after a loss"


def test_board_port(esp32: ModuleType) -> None:
    cfg = {"wifi": {"ssid": "home", "password": "secret"}, "wdt_ms": 30000}
    port = esp32.Port(cfg)
    assert [port.begin_session() for _ in range(2)] == [(1, True), (2, True)]
    port.tick(0)
    assert Wdt.fed == 1 and port.ready() is False
    spec = {"kind": "adc", "pin": 34, "numerator": 2048, "shift": 10, "offset_q": -5}
    sensor, problem = port.sensor(spec, 0)
    assert problem is None and sensor.read_q(0) == 2995
    assert port.sensor({"kind": "adc", "pin": 34, "shift": 0}, 0)[0] is None
    assert port.sensor({"kind": "constant", "value_q": 3}, 0)[0].read_q(0) == 3
    assert port.facts() == (("reset_cause", "1"), ("reset_by", '""'))


def test_unix_ticks_stay_on_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 64-bit MicroPython counts far beyond 2^30; an offset may lead over the end."""
    from quelea_agent.port import unix

    for raw_ms in (2**30 - 1, 2**30, 2**40 + 5):
        monkeypatch.setattr("time.ticks_ms", lambda raw_ms=raw_ms: raw_ms, raising=False)
        for offset_ms in (0, 1, 2**30 - 1):
            ticks_ms = unix.Ticks(offset_ms).ticks_ms()
            assert ticks_ms == (raw_ms + offset_ms) % 2**30


# -- the main loop ------------------------------------------------------------------------------


def make_node(tmp_path: Path) -> run.Node:
    """A node in this process; nobody listens at its broker's port."""
    cfg = {
        "fleet": "demo",
        "id": "n01",
        "node": 1,
        "neighbours": [[2, "n02", 0]],
        "period_ms": 20,
        "broker": {"host": "127.0.0.1", "port": 1},
    }
    settings, problem = load(cfg)
    assert problem is None
    port = SimpleNamespace(
        ticks=cpython.Ticks(),
        begin_session=lambda: session.begin(str(tmp_path / "session"), str(tmp_path / "new")),
        facts=lambda: (),
        tick=lambda _now_ms: None,
        wake=None,
        ready=None,
    )
    module = SimpleNamespace(BOARD="test", EMULATED=True, WAIT_MS_MAX=1000)
    node = run.Node(module, port, cfg, settings, sensors.Constant(5))
    node.heap = Heap()
    return node


def test_rounds_go_on_without_a_broker_and_without_memory_for_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make_node(tmp_path)
    node.transport.connect()
    calls = 0

    def no_memory(*_: object) -> None:
        nonlocal calls
        calls += 1
        raise MemoryError

    monkeypatch.setattr(node.link, "tick", no_memory)
    monkeypatch.setattr(node.transport, "state", lambda: mqtt.UP)
    monkeypatch.setattr(node.link, "connected", no_memory)
    until(lambda: node._turn() or node.agent.seq >= 5, 5, "five rounds")
    assert calls > 5 and node.heap.shortages == calls
    monkeypatch.undo()
    node._turn()
    assert node.heap.shortages == calls
    assert node.transport.counts[mqtt.NAMES.index("refused")] >= 1
