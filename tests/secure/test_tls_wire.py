"""The Wire of TLS over a stub of MicroPython's `tls`: what it does with partial progress."""

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from quelea_agent.port import config, tcp

DER = b"\x30\x03abc" * 20


class Link:
    """What wrap_socket returns: writes and reads give what the test has laid out."""

    def __init__(self) -> None:
        self.writes: list[object] = []
        self.written: list[bytes] = []
        self.reads: list[object] = []

    def write(self, data: bytes) -> int | None:
        self.written.append(bytes(data))
        answer = self.writes.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    def readinto(self, space: bytearray) -> int | None:
        answer = self.reads.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            space[: len(answer)] = answer
            return len(answer)
        return answer  # type: ignore[return-value]


@pytest.fixture
def tls_wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    stub = ModuleType("tls")
    stub.PROTOCOL_TLS_CLIENT, stub.CERT_REQUIRED = 0, 2  # type: ignore[attr-defined]
    stub.SSLContext = lambda _: SimpleNamespace(  # type: ignore[attr-defined]
        load_verify_locations=lambda _: None,
        load_cert_chain=lambda *_: None,
        wrap_socket=lambda raw, **_: raw,
    )
    monkeypatch.setitem(sys.modules, "tls", stub)
    yield importlib.import_module("quelea_agent.port.tls_wire")
    sys.modules.pop("quelea_agent.port.tls_wire")


def test_a_record_begun_is_finished_as_it_was(tls_wire: Any) -> None:
    """The library keeps what it has encrypted: a retry with more would lose the rest."""
    link = Link()
    link.writes = [None, 4, 3]
    wire = tls_wire.Wire(link)
    assert wire.shaking
    assert wire.send(b"abcd") == 0 and wire.blocked and wire.shaking
    wire.blocked = False
    assert wire.send(b"abcdefg") == 4 and not wire.blocked and not wire.shaking
    assert wire.send(b"efg") == 3 and not wire.blocked
    assert link.written == [b"abcd", b"abcd", b"efg"]


@pytest.mark.parametrize("error", [OSError(-0x7780), ValueError("CN")])
def test_a_handshake_that_fails_is_distrust(tls_wire: Any, error: Exception) -> None:
    link = Link()
    link.writes = [None, error]
    wire = tls_wire.Wire(link)
    wire.send(b"x")
    assert wire.send(b"x") == 0
    assert wire.broken and wire.untrusted


def test_a_later_failure_is_no_distrust(tls_wire: Any) -> None:
    link = Link()
    link.writes = [1, OSError(104)]
    link.reads = [OSError(104)]
    wire = tls_wire.Wire(link)
    wire.send(b"x")
    assert wire.send(b"x") == 0 and wire.broken and not wire.untrusted
    assert wire.read(bytearray(8)) == tcp.BROKEN


def test_what_is_decrypted_already_is_pending(tls_wire: Any) -> None:
    link = Link()
    link.reads = [b"12345678", b"123", None, 0]
    wire = tls_wire.Wire(link)
    space = bytearray(8)
    assert wire.read(space) == 8 and wire.pending and wire.readable
    assert wire.read(space) == 3 and not wire.pending
    assert wire.read(space) == 0 and not wire.readable
    assert wire.read(space) == tcp.CLOSED


def test_files_that_cannot_be_used_are_one_sentence(
    tls_wire: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    row: dict[str, object] = {"ca": "ca.der", "cert": "c.der", "key": "k.der", "name": "b"}
    for faulty in ({}, [], {"ca": 1}, {**row, "name": None}):
        assert "are needed" in config._dress({"tls": faulty, "broker": {}})
    assert "cannot begin" in config._dress({"tls": row, "broker": {}})
    for name in ("ca.der", "c.der", "k.der"):
        (tmp_path / name).write_bytes(DER)
    broker: dict[str, object] = {}
    assert config._dress({"tls": row, "broker": broker}) == "" and "dress" in broker
    (tmp_path / "k.der").write_bytes(b"-----BEGIN")
    assert "key is no DER" in config._dress({"tls": row, "broker": {}})
    assert "cannot begin" in config._dress({"tls": {**row, "ca": "A" * 65}, "broker": {}})
    assert config._dress({"broker": {}}) == ""


def test_an_image_without_tls_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tls", None)
    monkeypatch.delitem(sys.modules, "quelea_agent.port.tls_wire", raising=False)
    row = {"ca": "a", "cert": "b", "key": "c", "name": "d"}
    assert "part `tls`" in config._dress({"tls": row, "broker": {}})
