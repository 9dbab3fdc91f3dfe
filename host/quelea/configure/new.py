"""`quelea new`: a few questions, and a fleet.toml that holds, checked before it is written."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from quelea_proto.limits import PEERS_MAX
from quelea_proto.topics import is_id

from quelea.configure import fleetfile
from quelea.errors import EXIT_OK, UserError

# key, question, default; checked by problem()
QUESTIONS: tuple[tuple[str, str, Any], ...] = (
    ("name", "Name of the fleet", "garage"),
    ("unit", "Unit of what is shared (mA, W ...)", "mA"),
    ("limit_q", "Limit that all share, in {unit}", 32_000),
    ("safety_percent", "Percent of it that may be used", 80),
    ("nodes", "How many loads", 8),
    ("most_q", "What a load draws at most, in {unit}", 16_000),
    ("least_q", "What it needs to be on at all (0: any amount is of use)", 0),
    ("unit_q", "Distance of its values", 1),
    ("floor_q", "What each is always allowed, also alone", 0),
    ("port", "Port of the MQTT broker", 1883),
)
FLAGS = {
    "limit_q": "limit",
    "most_q": "most",
    "least_q": "least",
    "unit_q": "step",
    "floor_q": "floor",
}
MEMBERS_MAX = PEERS_MAX + 1
UNIT_CHARS_MAX = 16
WHY = {
    "least_q": ": what a load draws at most",
    "floor_q": ": floors hold even when nobody hears anybody, so all of them fit the limit",
}
TEXT = """\
# Written by `quelea new`. Check it: quelea validate {file}; run it: quelea fleet --config {file}

[fleet]
name = "{name}"
nodes = {nodes}
topology = "complete"
period_ms = 1000
epoch_rounds = 10
seconds = 60
liars = 0
demand = "switched"     # homes, a CSV file with a column a node, or switched: on and off

[limit]
limit_q = {limit_q}
unit = "{unit}"
safety_percent = {safety_percent}
policy = "max-min"
settle_s = 0            # what a load may take to follow a lower cap
turn_s = 600            # how long those wait for whom there is not enough

[load]
floor_q = {floor_q}
least_q = {least_q}
most_q = {most_q}
unit_q = {unit_q}

# For boards (quelea up {file}); emulated fleets need nothing of it.
[broker]
host = "127.0.0.1"      # the broker's address, as the boards reach it
port = {port}

# [wifi]
# ssid = "..."          # its password: secrets.toml, which `quelea enroll` writes

# [board]               # without a sensor a board plays the demand of [fleet]
# chip = "esp32"
# sensor = {{ kind = "adc", pin = 34 }}

# [boards]              # which board is which node; without it in the order of their ports
# n01 = "usb serial number, port, or folder of a virtual board"
"""


def command(file: Path, given: dict[str, Any], ask: bool, force: bool) -> int:
    """Ask for what was not given, where somebody can answer; write; return the exit status."""
    if file.exists() and not force:
        raise UserError(f"{file} exists", "FILE", "", "name another file, or add --force")
    asking = ask and sys.stdin.isatty()
    values: dict[str, Any] = {}
    for key, question, default in QUESTIONS:
        value = given.get(key)
        if value is None:
            text = question.format(**values) if "{" in question else question
            value = (
                _asked(text, default, input, partial(problem, key, values=values))
                if asking
                else default
            )
        wrong = problem(key, value, values)
        if wrong:
            raise UserError(f"{value!r} cannot be used", f"--{FLAGS.get(key, key)}", wrong)
        values[key] = value
    text = TEXT.format(file=file, **values)
    fleetfile.parse(text, str(file))
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}", "FILE", "", "name another file") from None
    print(f"{file} is written. Next: quelea validate {file}", file=sys.stderr)
    return EXIT_OK


def problem(key: str, value: Any, values: dict[str, Any]) -> str:
    """Return what is wrong with an answer after those in values, or an empty string."""
    if key == "name":
        return "" if is_id(value) else "1 to 16 of a-z, 0-9 and inner dashes"
    if key == "unit":
        plain = (
            value.isprintable() and not set(value) & set('"\\') and len(value) <= UNIT_CHARS_MAX
        )
        return "" if plain else f"up to {UNIT_CHARS_MAX} characters, no quotes"
    low, high = _span(key, values)
    if type(value) is int and low <= value <= high:
        return ""
    return f"a whole number from {low} to {high}{WHY.get(key, '')}"


def _span(key: str, values: dict[str, Any]) -> tuple[int, int]:
    """Return the least and the largest that fits beside what was answered."""
    if key == "nodes":
        return 2, MEMBERS_MAX
    if key == "port":
        return 1, 65_535
    low, high = next((row[3], row[4]) for row in fleetfile.KEYS if row[1] == key)
    if key == "least_q":
        high = values["most_q"]
    if key == "floor_q":
        high = values["limit_q"] * values["safety_percent"] // 100 // values["nodes"]
    return low, high


def _asked(
    question: str, default: Any, answer: Callable[[str], str],
    check: Callable[[Any], str] = lambda value: "",
) -> Any:  # fmt: skip
    """Return an answer of the default's kind that the check finds right; ask until it is one."""
    while True:
        print(f"{question} [{default}]: ", end="", file=sys.stderr, flush=True)
        word = answer("").strip()
        value = default
        if word and isinstance(default, str):
            value = word
        elif word:
            try:
                value = int(word)
            except ValueError:
                print(f"{word!r} is no whole number", file=sys.stderr)
                continue
        wrong = check(value)
        if not wrong:
            return value
        print(f"{value!r} cannot be used: {wrong}", file=sys.stderr)
