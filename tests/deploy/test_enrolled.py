"""The protected part of a configuration: merged into cfg.json, refused when it is of another."""

import json
import sys
from pathlib import Path

import pytest
from quelea_agent.port import config, enrolled

CFG = {
    "v": 1,
    "fleet": "demo",
    "id": "n01",
    "node": 1,
    "neighbours": [[2, "n02", 0]],
    "mode": "resilient",
    "rule": "wmsr",
    "faults_max": 0,
    "period_ms": 500,
    "epoch_rounds": 40,
    "fresh_rounds": 4,
    "fanout": 0,
    "lo_q": 0,
    "hi_q": 1000,
    "broker": {"host": "127.0.0.1", "port": 1883},
    "sensor": {"kind": "constant", "value_q": 1},
    "enrolled": True,
}
WHO = {"fleet": "demo", "id": "n01", "node": 1}


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a board's file system, with cfg.json."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "esp32", None)
    (tmp_path / "cfg.json").write_text(json.dumps(CFG))
    return tmp_path


def test_what_is_enrolled_goes_into_the_configuration(board: Path) -> None:
    stored = WHO | {"broker": {"user": "n01", "password": "pw"}, "wifi": {"ssid": "a"}}
    (board / enrolled.PATH).write_text(json.dumps(stored))
    cfg, settings, problem = config.read()
    assert problem is None and settings.id == "n01"
    assert cfg["broker"] == {"host": "127.0.0.1", "port": 1883, "user": "n01", "password": "pw"}
    assert cfg["wifi"] == {"ssid": "a"}


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (None, "nothing is enrolled"),
        ("{", "cannot be read"),
        ("[1]", "no object"),
        (json.dumps(WHO | {"id": "n02"}), "'n02', as which this board is enrolled"),
        (json.dumps(WHO | {"mode": {"x": 1}}), "mode: is no object"),
    ],
)
def test_a_board_without_its_own_is_refused(board: Path, stored: str | None, said: str) -> None:
    if stored is not None:
        (board / enrolled.PATH).write_text(stored)
    problem = config.read()[2]
    assert problem and said in problem


def test_without_the_key_nothing_is_looked_up(board: Path) -> None:
    plain = {key: value for key, value in CFG.items() if key != "enrolled"}
    (board / "cfg.json").write_text(json.dumps(plain))
    (board / enrolled.PATH).write_text("{")
    assert config.read()[2] is None
