"""Mutations: errors that somebody could make, as rows of TOML: name, file, find, replace, why.

    [[mutation]]
    name = "floor"
    file = "shared/quelea_proto/fixed.py"
    find = "return (total + (count >> 1)) // count"
    replace = "return total // count"
    why = "a mean rounded down drifts"

`quelea mutants` plants each in the nodes' code, and a checker has to find it. All *.toml files of
this folder are read; `quelea mutants --file mine.toml` reads another one. A row may also have
`scenarios`, a list of those that look for it.
"""

import ast
import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import quelea_agent
import quelea_proto

from quelea import scenarios
from quelea.errors import UserError
from quelea.simulator.source import INSTALLED, Edit, Source, firmware

FOLDER = Path(__file__).parent
FOUND = FOLDER / "found.json"  # where each was found last: `quelea mutants --write`
ROOTS = {
    "shared/quelea_proto/": Path(quelea_proto.__path__[0]),
    "firmware/quelea_agent/": Path(quelea_agent.__path__[0]),
}
TEXTS = ("name", "file", "find", "replace", "why")
KEYS = (*TEXTS, "scenarios")
_ROW = re.compile(r"^[ \t]*\[\[\s*mutation\s*\]\]", re.MULTILINE)


@dataclass(frozen=True)
class Mutation:
    """find stands exactly once in file. scenarios: those that look for it, in turn; (): all.

    where: file:line of the row, for messages.
    """

    name: str
    file: str
    find: str
    replace: str
    why: str
    scenarios: tuple[str, ...] = ()
    where: str = ""

    @property
    def module(self) -> str:
        """The dotted name of the module that it changes."""
        path = self.file.split("/", 1)[1].removesuffix(".py").replace("/", ".")
        return path.removesuffix(".__init__")

    @property
    def source(self) -> Source:
        """The nodes' code with the error in it."""
        return Source(edit=Edit(self.module, self.find, self.replace))


def load(path: Path | None = None) -> list[Mutation]:
    """Return all mutations that ship, or those of one file; UserError names file and row."""
    files = [path] if path is not None else sorted(FOLDER.glob("*.toml"))
    rows = [mutation for file in files for mutation in _read(file)]
    names: set[str] = set()
    for row in rows:
        if row.name in names:
            raise UserError(f"a second mutation named {row.name!r}", row.where, "", "rename it")
        names.add(row.name)
    return rows


def chosen(rows: list[Mutation], name: str | None) -> list[Mutation]:
    """Return the row of this name, or all for None; UserError for an unknown name."""
    found = [row for row in rows if name in (None, row.name)]
    if not found:
        near = difflib.get_close_matches(str(name), [row.name for row in rows], n=1)
        raise UserError(
            f"there is no mutation {name!r}",
            "NAME",
            f"one of: {', '.join(row.name for row in rows)}",
            f"did you mean {near[0]}?" if near else "",
        )
    return found


def found_last() -> dict[str, dict[str, object]]:
    """Return {name: {seeds, scenario, seed, found_by}} of the last run that was written down."""
    known: dict[str, dict[str, object]] = json.loads(FOUND.read_text(encoding="utf-8"))
    return known


def _read(path: Path) -> list[Mutation]:
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"cannot be read: {error}", str(path), "", "name a TOML file") from None
    rows = tables.pop("mutation", None)
    if tables or not isinstance(rows, list) or not rows:
        what = f"no table {next(iter(tables))!r}" if tables else "no rows"
        raise UserError(what, str(path), "each row begins with [[mutation]]", "add a row")
    lines = [text.count("\n", 0, match.start()) + 1 for match in _ROW.finditer(text)]
    lines += [0] * len(rows)  # rows written in another way have no line of their own
    return [_row(row, f"{path}:{line}") for row, line in zip(rows, lines)]


def _row(row: dict[str, object], where: str) -> Mutation:
    for key in row:
        if key not in KEYS:
            raise UserError(f"no key {key!r}", where, f"keys: {', '.join(KEYS)}", "correct it")
    texts: dict[str, str] = {}
    for key in TEXTS:
        value = row.get(key, "" if key == "why" else None)
        if not isinstance(value, str) or (not value and key in ("name", "file", "find")):
            raise UserError(f"{key} = {value!r}", where, "text in quotes", f"give {key}")
        texts[key] = value
    names = row.get("scenarios", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"scenarios = {names!r}", where, "a list of names", "correct it")
    mutation = Mutation(**texts, scenarios=tuple(names), where=where)
    _check(mutation)
    return mutation


def _check(mutation: Mutation) -> None:
    """Raise UserError unless the row changes one place of code that simulated nodes run."""
    path = _path(mutation)
    where = f"{mutation.where}, {mutation.name}"
    for name in mutation.scenarios:
        try:
            scenarios.find(name)
        except UserError as error:
            raise UserError(error.what, where, error.why, error.remedy) from None
    source = path.read_text(encoding="utf-8")
    times = source.count(mutation.find)
    if times != 1:
        remedy = "take more of the lines around it into `find` and `replace`"
        if times == 0:
            remedy = f"bring `find` up to date, letter by letter{_near(source, mutation.find)}"
        raise UserError(
            f"`find` stands {times} times in {mutation.file}",
            where,
            "it must stand there exactly once",
            remedy,
        )
    if mutation.find == mutation.replace:
        raise UserError("`replace` is `find`", where, "nothing changes", "change it")
    try:
        ast.parse(source.replace(mutation.find, mutation.replace))
    except SyntaxError as error:
        what = f"with `replace` in it line {error.lineno} of {mutation.file} is no Python"
        raise UserError(what, where, error.msg, "correct `replace`") from None


def _path(mutation: Mutation) -> Path:
    for prefix, root in ROOTS.items():
        path = root / mutation.file.removeprefix(prefix)
        if mutation.file.startswith(prefix) and path.suffix == ".py" and path.is_file():
            if mutation.module not in _modules():
                raise UserError(
                    f"simulated nodes do not run {mutation.file}",
                    f"{mutation.where}, {mutation.name}",
                    f"they run {', '.join(sorted(_modules()))}",
                    "an error in this file is for `make test` to find",
                )
            return path
    raise UserError(
        f"no file {mutation.file!r} in the nodes' code",
        f"{mutation.where}, {mutation.name}",
        f"a file below {' or '.join(ROOTS)}",
        "correct `file`",
    )


@lru_cache(maxsize=1)
def _modules() -> frozenset[str]:
    return firmware(INSTALLED).modules


def _near(source: str, find: str) -> str:
    """Return the line that looks most like the first line searched for, as a hint."""
    first = next((line for line in find.splitlines() if line.strip()), "")
    near = difflib.get_close_matches(first, source.splitlines(), n=1, cutoff=0.5)
    return f"; near it is {near[0].strip()!r}" if near else ""
