"""Refusals of what a fleet.toml gave: with its line in the place of the flag that it stands for.

The options of [fleet] are those of `quelea fleet`, and checked with all others by the fleet; so
what is wrong in them is told by flags. Who wrote a file is to hear of the file.
"""

import re
from dataclasses import fields
from pathlib import Path

from quelea.configure.fleetfile import OWN
from quelea.configure.lines import Lines
from quelea.errors import UserError
from quelea.fleet.options import FleetOptions

FIELDS = {one.name for one in fields(FleetOptions)} - set(OWN)
_PAIR = re.compile(r"`?--([a-z][a-z-]*)(?: ([\w.:+-]+))?`?")
_TWO = re.compile(r"(--[a-z-]+ [\w.:+]+) (?=--)")
_WORDS = ("or", "and", "to", "than", "for", "with", "is", "takes")  # the text goes on


def placed(error: UserError, path: Path, said: tuple[str, ...]) -> UserError:
    """Return the error with file and line where its flag was given by the file at path.

    said: options of the command line, which go before those of the file.
    """
    key = error.where.removeprefix("--").partition(" ")[0].replace("-", "_")
    if not error.where.startswith("--") or key not in FIELDS or key in said:
        return error
    try:
        lines = Lines(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError):
        return error
    if not lines.has("fleet", key):
        return error
    what, why, remedy = (_in_file(text) for text in (error.what, error.why, error.remedy))
    return UserError(what, lines.of("fleet", key), why, remedy or "correct it")


def _in_file(text: str) -> str:
    """Return a text with flags written as keys of a file: --faults-max 1 as faults_max = 1."""

    def key_of(found: re.Match[str]) -> str:
        key, value = found[1].replace("-", "_"), found[2]
        if key not in FIELDS:
            return found[0]
        if value is None or value in _WORDS:
            return key + (f" {value}" if value else "")
        value = value.rstrip(".,")
        return f"{key} = {value}" if value.isdigit() else f'{key} = "{value}"'

    return _PAIR.sub(key_of, _TWO.sub(r"\1, ", text))
