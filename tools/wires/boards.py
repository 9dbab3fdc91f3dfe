"""hardware/boards/<BOARD>/board.json: read, and held to its rules.

{"board", "chip", "image", "mpy_arch", "cpu_mhz", "heap_kb", "flash_kb", "usb",
 "headers": {"left", "right"},      what is printed beside the pins, from the top down
 "adc": {"pins", "attenuation", "bits", "low_mv", "high_mv"},   of the converter Wi-Fi leaves
 "pins": {"strapping", "input_only", "reserved", "led"},
 "wiring": {"clamp", "relay", "pwm", "pilot"},
 "sources"}                         where each of these figures can be read
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ARCHES = {
    "esp32": "xtensawin",
    "esp32s3": "xtensawin",
    "esp32c3": "rv32imc",
    "esp32c6": "rv32imc",
}
SIGNALS = ("clamp", "relay", "pwm", "pilot")
PIN_MAX = 63
FORM: dict[str, Any] = {
    "board": str, "chip": str, "image": str, "mpy_arch": str, "cpu_mhz": int, "heap_kb": int,
    "flash_kb": int, "usb": str, "headers": {"left": list, "right": list},
    "adc": {"pins": list, "attenuation": str, "bits": int, "low_mv": int, "high_mv": int},
    "pins": {"strapping": list, "input_only": list, "reserved": list, "led": object},
    "wiring": dict.fromkeys(SIGNALS, int), "sources": list,
}  # fmt: skip
WORDS = ("3V3", "5V", "GND", "EN", "RST", "NC")


@dataclass(frozen=True)
class Board:
    """A board.json that keeps the rules."""

    name: str
    row: dict[str, Any]

    @property
    def pins(self) -> dict[str, int]:
        """Where each signal goes."""
        return {name: self.row["wiring"][name] for name in SIGNALS}


def parse(text: str, name: str) -> tuple[Board | None, list[str]]:
    """Return (Board, []) or (None, what is wrong); never raises. name: of its folder."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, [f"no JSON: {str(error)[:80]}"]
    wrong = _form(row, FORM, "")
    if wrong:
        return None, wrong
    wrong = [*_figures(row, name), *_pins(row)]
    return (None, wrong) if wrong else (Board(name, row), [])


def load(folder: Path) -> tuple[list[Board], list[str]]:
    """Return all boards by name and what is wrong with any."""
    boards, wrong = [], []
    for path in sorted(folder.glob("*/board.json")):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            wrong.append(f"{path}: {error}")
            continue
        board, problems = parse(text, path.parent.name)
        wrong += [f"{path}: {problem}" for problem in problems]
        if board is not None:
            boards.append(board)
    return boards, wrong


def _form(row: object, form: dict[str, Any], where: str) -> list[str]:
    if not isinstance(row, dict):
        return [f"{where or 'all of it'} is no object"]
    wrong = [f"{where}{key} is missing" for key in form if key not in row]
    wrong += [f"{where}{str(key)[:40]} is unknown" for key in row if key not in form]
    for key, kind in form.items():
        if key not in row:
            continue
        if isinstance(kind, dict):
            wrong += _form(row[key], kind, f"{where}{key}.")
        elif kind is not object and (
            not isinstance(row[key], kind) or (kind is int and isinstance(row[key], bool))
        ):
            wrong.append(f"{where}{key} is no {kind.__name__}")
    return wrong


def _figures(row: dict[str, Any], name: str) -> list[str]:
    adc = row["adc"]
    checks = (
        (row["board"] == name, f"board is not {name}, its folder"),
        (ARCHES.get(row["chip"]) == row["mpy_arch"], "mpy_arch is not the chip's"),
        (row["image"].startswith("ESP32_GENERIC"), "image is none of MicroPython's for ESP32"),
        (40 <= row["cpu_mhz"] <= 400, "cpu_mhz is not from 40 to 400"),
        (64 <= row["heap_kb"] <= 8192, "heap_kb is not from 64 to 8192"),
        (2048 <= row["flash_kb"] <= 65536, "flash_kb is not from 2048 to 65536"),
        (adc["attenuation"] == "11db", "adc.attenuation: the drivers use 11db"),
        (adc["bits"] == 12, "adc.bits is not 12"),
        (0 <= adc["low_mv"] < adc["high_mv"] <= 3300, "adc.low_mv, high_mv: no range"),
        (
            len(row["sources"]) >= 2
            and all(isinstance(one, str) and one.startswith("https://") for one in row["sources"]),
            "sources: two addresses at least",
        ),
    )
    return [problem for holds, problem in checks if not holds]


def _pins(row: dict[str, Any]) -> list[str]:
    headers = [*row["headers"]["left"], *row["headers"]["right"]]
    wrong = []
    for mark in headers:
        if not isinstance(mark, str) or (mark not in WORDS and not _is_number(mark)):
            wrong.append(f"headers: {str(mark)[:20]!r} is neither a pin nor a word")
    lists = {"adc.pins": row["adc"]["pins"]}
    lists |= {f"pins.{key}": row["pins"][key] for key in ("strapping", "input_only", "reserved")}
    for key, pins in lists.items():
        if any(type(pin) is not int or not 0 <= pin <= PIN_MAX for pin in pins):
            wrong.append(f"{key}: not all are pins")
    led = row["pins"]["led"]
    if led is not None and (type(led) is not int or not 0 <= led <= PIN_MAX):
        wrong.append("pins.led is no pin")
    if wrong:
        return wrong
    printed = [mark for mark in headers if mark not in WORDS]
    wrong += [
        f"headers: {mark} is there twice" for mark in set(printed) if printed.count(mark) > 1
    ]
    for word in ("3V3", "5V", "GND"):
        if word not in headers:
            wrong.append(f"headers: there is no {word}")
    for pin in row["adc"]["pins"]:
        if str(pin) not in printed:
            wrong.append(f"adc.pins: {pin} is on no header")
    return wrong + _wiring(row, printed)


def _wiring(row: dict[str, Any], printed: list[str]) -> list[str]:
    wrong = []
    pins = row["pins"]
    used: dict[int, str] = {}
    for signal in SIGNALS:
        pin = row["wiring"][signal]
        checks = (
            (str(pin) in printed, "is on no header"),
            (pin not in pins["reserved"], "is reserved"),
            (pin not in pins["strapping"], "decides at reset how the chip starts"),
            (pin != pins["led"], "is the board's LED"),
            (signal == "clamp" or pin not in pins["input_only"], "is an input only"),
            (signal != "clamp" or pin in row["adc"]["pins"], "is no converter pin"),
            (pin not in used, f"is taken by {used.get(pin)}"),
        )
        wrong += [f"wiring.{signal}: {pin} {problem}" for holds, problem in checks if not holds]
        used[pin] = signal
    return wrong


def _is_number(mark: str) -> bool:
    if not (mark.isascii() and mark.isdigit() and len(mark) < 3):
        return False
    return str(int(mark)) == mark and int(mark) <= PIN_MAX
