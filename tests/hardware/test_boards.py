"""Boards: figures and rules, what is drawn from them, and files that are none."""

import copy
import json
import math
import os
import random
import runpy
from pathlib import Path

import pytest
import wiring
from quelea_agent.port.drivers.clamp import Clamp
from quelea_agent.port.drivers.pilot import Pilot
from quelea_agent.port.drivers.pwm import Pwm
from quelea_agent.port.drivers.relay import Relay
from wires import boards, clamp

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "hardware" / "boards"
ALL = ("ESP32-C3-DevKitM-1", "ESP32-C6-DevKitC-1", "ESP32-DevKitC", "ESP32-S3-DevKitC-1")
TEXT = (FOLDER / "ESP32-DevKitC" / "board.json").read_text()
FUZZ = int(os.environ.get("QUELEA_FUZZ", 3000))


def test_every_board_keeps_the_rules_and_nothing_is_stale():
    found, wrong = boards.load(FOLDER)
    assert not wrong and tuple(board.name for board in found) == ALL
    texts, wrong = wiring.files(ROOT / "hardware")
    assert not wrong and len(texts) == 1 + 2 * len(ALL)
    for path, text in texts.items():
        assert path.read_text() == text, f"{path} is stale; run `python tools/wiring.py`"


@pytest.mark.parametrize("name", ALL)
def test_the_pins_of_the_files_are_what_drivers_take(name):
    row = json.loads((FOLDER / name / "board.json").read_text())
    wired = runpy.run_path(str(ROOT / "hardware" / "target_wiring" / f"{name}.py"))
    for signal, driver in (("clamp", Clamp), ("relay", Relay), ("pwm", Pwm), ("pilot", Pilot)):
        spec = wired[signal.upper()]
        assert driver.problem_of(spec) == "" and spec["pin"] == row["wiring"][signal]
        drawn = (FOLDER / name / "wiring.svg").read_text()
        assert f"GPIO{spec['pin']}<" in drawn and drawn.count(f">{signal}<") >= 2


def changed(path, value):
    row = json.loads(TEXT)
    place = row
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(row)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("board",), "other", "its folder"),
        (("mpy_arch",), "rv32imc", "chip's"),
        (("heap_kb",), 32, "heap_kb"),
        (("cpu_mhz",), True, "no int"),
        (("adc", "high_mv"), 100, "no range"),
        (("adc", "pins"), [50], "on no header"),
        (("sources",), [], "two addresses"),
        (("usb",), None, "missing"),
        (("more",), 1, "unknown"),
        (("wiring", "relay"), 6, "reserved"),
        (("wiring", "relay"), 12, "how the chip starts"),
        (("wiring", "relay"), 35, "input only"),
        (("wiring", "relay"), 25, "taken by relay"),
        (("wiring", "relay"), 40, "on no header"),
        (("wiring", "clamp"), 25, "no converter pin"),
        (("pins", "led"), 26, "LED"),
        (("pins", "strapping"), ["x"], "not all are pins"),
        (("headers", "left"), ["34", "34"], "twice"),
        (("headers", "left"), ["x9"], "neither a pin nor a word"),
    ],
)
def test_each_rule_is_kept(path, value, words):
    board, wrong = boards.parse(changed(path, value), "ESP32-DevKitC")
    assert board is None and any(words in problem for problem in wrong), wrong


def test_the_burden_is_the_largest_that_fits():
    found, _ = boards.load(FOLDER)
    for board in found:
        bias = clamp.bias(board)
        adc = board.row["adc"]
        assert adc["low_mv"] < bias.middle_mv < adc["high_mv"] and bias.swing_mv > 1000
        for most_a in (10, 16, 20, 32, 40, 63, 80):
            ohm = clamp.burden_ohm(bias.swing_mv, most_a)
            exact = bias.swing_mv * clamp.TURNS / (math.sqrt(2) * most_a * 1000)
            assert ohm <= exact < min(one for one in (*clamp.E12, 10**6) if one > ohm)
    assert clamp.burden_ohm(1130, 32) == 47
    assert clamp.burden_ohm(1, 1000) == 0


def test_files_that_are_none_are_refused_and_never_raise(seed):
    """QUELEA_FUZZ=1000000 before pytest makes it a million."""
    rng = random.Random(seed)
    good = json.loads(TEXT)
    junk = [None, True, -1, 1.5, 10**30, "", "x", [], {}, [[]], {"a": 1}, [True], ["999999999999"]]
    taken = 0
    for turn in range(FUZZ):
        if turn % 3:
            row = copy.deepcopy(good)
            place = row
            while True:
                key = rng.choice(list(place))
                if isinstance(place[key], dict) and rng.random() < 0.8:
                    place = place[key]
                    continue
                place[key] = rng.choice(junk)
                break
            text = json.dumps(row)
        else:
            data = bytearray(TEXT.encode())
            for _ in range(rng.randrange(1, 5)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            text = data.decode(errors="replace")[: rng.choice((None, rng.randrange(len(data))))]
        board, wrong = boards.parse(text, "ESP32-DevKitC")
        assert (board is None) == bool(wrong)
        taken += board is not None
    assert boards.parse("[" * 100000, "x")[0] is None
    assert taken < FUZZ // 3, "most are refused"
