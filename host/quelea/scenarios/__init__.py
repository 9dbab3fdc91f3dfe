"""Scenarios as data: one TOML file each, self-contained; found by this folder, or named by path.

The same file runs in the simulator (`quelea sim NAME`) and on real processes (`quelea fleet
--scenario NAME`). schema.py has every key; what is wrong in a file is refused with file and line.
"""

import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quelea import shipped
from quelea.errors import UserError
from quelea.scenarios.lines import Lines
from quelea.scenarios.schema import FLAG, FLOAT, INT, SCHEMA, TABLES, TEXT, WORD, WORDS, Key, row

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Scenario:
    """name: of the file. values: {(table, key): value}, defaults filled in; a value that a seed
    draws is a list. where: the path, as one would write it."""

    name: str
    where: str
    values: dict[tuple[str, str], Any] = field(default_factory=dict)

    def get(self, table: str, name: str) -> Any:
        """Return a value; KeyError for a key that SCHEMA does not have."""
        return self.values[table, name]


def names() -> list[str]:
    """Return the names of the scenarios that ship with Quelea, ascending."""
    return shipped.names(FOLDER)


def find(name: str) -> Path:
    """Return the file of a scenario by its name or path; UserError for neither."""
    remedy = "`quelea sim` lists them with what they show"
    return shipped.find(FOLDER, name, "scenario", "SCENARIO", remedy)


def load(name: str) -> Scenario:
    """Read and check a scenario; UserError names file and line of the first thing wrong."""
    path = find(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", str(path), "", "name a TOML file") from None
    return parse(text, name if path.parent == FOLDER else str(path), path.stem)


def parse(text: str, where: str, name: str) -> Scenario:
    """Return the scenario in a TOML text; where: what to name in messages and commands."""
    shown = where if where.endswith(".toml") else f"{where}.toml"
    lines = Lines(text, shown)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise lines.syntax(str(error)) from None
    values: dict[tuple[str, str], Any] = {(key.table, key.name): key.default for key in SCHEMA}
    for table, content in tables.items():
        if not isinstance(content, dict):
            _take(values, lines, "", table, content)
        elif table not in TABLES:
            what = f"there is no table [{table}]"
            raise UserError(what, lines.of(table), f"tables: {', '.join(TABLES)}", "correct it")
        else:
            for key, value in content.items():
                _take(values, lines, table, key, value)
    scenario = Scenario(name, where, values)
    _relations(scenario, lines)
    return scenario


def _take(
    values: dict[tuple[str, str], Any], lines: Lines, table: str, name: str, value: Any
) -> None:
    key = row(table, name)
    at = lines.of(table, name)
    if key is None:
        known = [one.name for one in SCHEMA if one.table == table]
        near = difflib.get_close_matches(name, known, n=1)
        where = f"[{table}]" if table else "the top"
        raise UserError(
            f"there is no key {name!r} in {where}",
            at,
            f"keys: {', '.join(known)}",
            f"did you mean {near[0]}?" if near else "leave it out",
        )
    problem = _problem(key, value)
    if problem:
        raise UserError(f"{name} = {value!r} cannot be used", at, problem, f"correct {name}")
    values[table, name] = value


def _problem(key: Key, value: Any) -> str:
    """Return why a value is none for this key; "" when it is."""
    if key.kind in (INT, FLOAT):
        many = key.drawn and isinstance(value, list)
        pair = value if many else [value]
        whole = all(_is_number(one, key.kind) and key.low <= one <= key.high for one in pair)
        if whole and (not many or (len(pair) == 2 and pair[0] <= pair[1])):
            return ""
        kind = "a whole number" if key.kind == INT else "a number"
        spread = ", or [low, high] of which each seed draws" if key.drawn else ""
        return f"{kind} from {key.low:g} to {key.high:g}{spread}"
    if key.kind == FLAG:
        return "" if isinstance(value, bool) else "true or false"
    if key.kind == TEXT:
        return "" if isinstance(value, str) else "text in quotes"
    many = isinstance(value, list) and (key.drawn or key.kind == WORDS)
    words = value if many else [value]
    if (many or key.kind == WORD) and all(isinstance(word, str) for word in words):
        wrong = [word for word in words if key.words and word not in key.words]
        if (words and not wrong) or key.kind == WORDS:
            return ""
    allowed = f"one of: {', '.join(key.words)}" if key.words else "a word in quotes"
    return allowed + (", or a list of them of which each seed draws" if key.drawn else "")


def _is_number(value: Any, kind: str) -> bool:
    allowed = (int,) if kind == INT else (int, float)
    return isinstance(value, allowed) and not isinstance(value, bool)


def _relations(scenario: Scenario, lines: Lines) -> None:
    lo_q, hi_q = scenario.get("fleet", "lo_q"), scenario.get("fleet", "hi_q")
    if lo_q >= hi_q:
        raise UserError(
            f"lo_q {lo_q} is not below hi_q {hi_q}",
            lines.of("fleet", "hi_q" if lines.has("fleet", "hi_q") else "lo_q"),
            "the range of the signal has two ends",
            "raise hi_q",
        )
    _known(scenario, lines, "checks", "names", _checkers())
    _known(scenario, lines, "checks", "sometimes", None)
    attacks = scenario.get("liars", "attack")
    if attacks != "drawn":
        _known(scenario, lines, "liars", "attack", _adversaries())


def _known(
    scenario: Scenario, lines: Lines, table: str, name: str, allowed: list[str] | None
) -> None:
    value = scenario.get(table, name)
    for word in [value] if isinstance(value, str) else value:
        if not isinstance(word, str) or (allowed is not None and word not in allowed):
            near = difflib.get_close_matches(str(word), allowed or [], n=1)
            raise UserError(
                f"{name} has no {word!r}",
                lines.of(table, name),
                f"one of: {', '.join(allowed or ['words in quotes'])}",
                f"did you mean {near[0]}?" if near else "correct it",
            )


def _checkers() -> list[str]:
    from quelea import checkers

    return checkers.names()


def _adversaries() -> list[str]:
    from quelea import adversaries

    return adversaries.names()
