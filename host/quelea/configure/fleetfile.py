"""fleet.toml: options of a fleet, the limits that it shares, and its loads.

    [fleet]   any option of `quelea fleet`, by its name: name, period_ms, seconds, demand ...
    [limit]   limit_q (one number, or a list, one a limit), names, unit, safety_percent, policy,
              faults_max, line_q, rise_q a round, settle_s, on_s, off_s, turn_s; lease_s where
              members may come and go, with watchdog_s and majority
    [load]    what every member has: floor_q, least_q, most_q, unit_q, priority, reserve_q, on,
              vacant
    [[member]]  a member that differs: node, and keys of [load]
    [broker], [wifi], [board], [boards]  for boards; see boardtables.py

Files that ship with Quelea are found by their name: host/quelea/configure/ready/<name>.toml.
"""

import difflib
import tomllib
from dataclasses import MISSING, Field, fields, replace
from pathlib import Path
from typing import Any

from quelea_proto.limits import (
    HEADROOM_Q_MAX,
    PERIOD_MS_MAX,
    PERIOD_MS_MIN,
    SHARED_LIMITS_MAX,
)

from quelea import shipped
from quelea.configure import boardtables
from quelea.configure.lines import Lines
from quelea.errors import UserError
from quelea.fleet.options import NODES_MAX, FleetOptions
from quelea.headroom.group import Group, Load, make
from quelea.headroom.terms import Terms

READY = Path(__file__).parent / "ready"
OWN = ("config", "limit", "floors", "policy", "runs", "force", "said")  # flags that no file has
WHOLE, WORD, WORDS, WHOLES = (
    "a whole number",
    "a text",
    "a list of texts",
    "a whole number, or a list of such,",
)
FLAG = "true or false"

# table, key, kind, smallest, largest, default
KEYS: tuple[tuple[str, str, str, int, int, Any], ...] = (
    ("limit", "limit_q", WHOLES, 1, HEADROOM_Q_MAX, None),
    ("limit", "names", WORDS, 0, 0, []),
    ("limit", "unit", WORD, 0, 0, "W"),
    ("limit", "safety_percent", WHOLE, 1, 100, 80),
    ("limit", "policy", WORD, 0, 0, "max-min"),
    ("limit", "faults_max", WHOLE, 0, 62, 0),
    ("limit", "line_q", WHOLE, 0, HEADROOM_Q_MAX, None),
    ("limit", "rise_q", WHOLE, 1, HEADROOM_Q_MAX, None),
    ("limit", "settle_s", WHOLE, 0, 600, 0),
    ("limit", "on_s", WHOLE, 0, 86_400, 0),
    ("limit", "off_s", WHOLE, 0, 86_400, 0),
    ("limit", "turn_s", WHOLE, 0, 86_400, 0),
    ("limit", "lease_s", WHOLE, 0, 600, 0),
    ("limit", "watchdog_s", WHOLE, 1, 600, 8),
    ("limit", "majority", FLAG, 0, 0, False),
    ("load", "floor_q", WHOLE, 0, HEADROOM_Q_MAX, 0),
    ("load", "least_q", WHOLE, 0, HEADROOM_Q_MAX, 0),
    ("load", "most_q", WHOLE, 1, HEADROOM_Q_MAX, HEADROOM_Q_MAX),
    ("load", "unit_q", WHOLE, 1, HEADROOM_Q_MAX, 1),
    ("load", "priority", WHOLE, 0, 7, 0),
    ("load", "reserve_q", WHOLE, 0, HEADROOM_Q_MAX, None),
    ("load", "on", WORDS, 0, 0, []),
    ("load", "vacant", FLAG, 0, 0, False),
)


def ready() -> list[str]:
    """Return the names of the files that ship with Quelea, ascending."""
    return shipped.names(READY)


def find(name: str) -> Path:
    """Return the file of a name or path; UserError for neither."""
    remedy = "`quelea new fleet.toml` writes one"
    return shipped.find(READY, name, "configuration", "--config", remedy)


def apply(options: FleetOptions) -> tuple[FleetOptions, Group | None]:
    """Return the options with those of --config where the command line has none, and the group;
    the very options and None where there is no --config."""
    if not options.config:
        return options, None
    path = find(options.config)
    given, group = load(path)
    period_ms = int(given.get("period_ms", options.period_ms))
    if "period_ms" in options.said and options.period_ms != period_ms and _counts_time(group):
        raise UserError(
            f"rounds of {options.period_ms} ms, and {path.name} reckons with {period_ms} ms",
            "--period-ms",
            "what its loads take to follow, turns and leases are counted in rounds",
            f"set period_ms in [fleet] of {path.name}",
        )
    changed = {key: value for key, value in given.items() if key not in options.said}
    beside = path.parent / str(changed.get("demand", ""))
    if beside.is_file() and not Path(changed["demand"]).exists():
        changed["demand"] = str(beside)
    if "nodes" in options.said and options.nodes != len(group.loads):
        raise UserError(
            f"{options.nodes} nodes, but {path.name} has {len(group.loads)} members",
            "--nodes",
            "",
            "leave out --nodes",
        )
    options = replace(options, **{**changed, "nodes": len(group.loads)})
    if options.cadence:
        group.check_cadence("--cadence")
    return options, group


def _counts_time(group: Group) -> bool:
    """Return whether times of a group were turned into rounds."""
    settles = any(split.settle_rounds for split in group.splits)
    return bool(settles or group.terms or group.turn_epochs)


def load(path: Path) -> tuple[dict[str, Any], Group]:
    """Read a file: (options of [fleet], the group); UserError names file and line."""
    return parse(_text(path), path.name if path.parent == READY else str(path))


def load_boards(path: Path) -> boardtables.BoardTables:
    """Read what a file says of its boards; UserError names file and line."""
    text = _text(path)
    lines = Lines(text, str(path))
    try:
        return boardtables.parse(tomllib.loads(text), lines)
    except tomllib.TOMLDecodeError as error:
        raise lines.syntax(str(error)) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", str(path), "", "name a TOML file") from None


def parse(text: str, where: str) -> tuple[dict[str, Any], Group]:
    """Return what a text says; where: what to call it in messages."""
    lines = Lines(text, where)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise lines.syntax(str(error)) from None
    for table, content in tables.items():
        known = table in ("fleet", "limit", "load", *boardtables.TABLES)
        known = known and isinstance(content, dict)
        if not known and not (table == "member" and isinstance(content, list)):
            raise UserError(
                f"there is no table {table!r}",
                lines.of(table),
                "tables: [fleet], [limit], [load], [[member]], "
                + ", ".join(f"[{name}]" for name in boardtables.TABLES),
                "correct it",
            )
    options = _options(tables.get("fleet", {}), lines)
    boardtables.parse(tables, lines)
    limit = _table(tables.get("limit", {}), "limit", lines, lambda key: lines.of("limit", key))
    if "limit_q" not in tables.get("limit", {}):
        raise UserError("limit_q is missing", lines.of("limit"), "what is shared", "write it")
    nodes = options.pop("nodes", None)
    return options, _group(limit, tables, lines, options, nodes)


def _options(given: dict[str, Any], lines: Lines) -> dict[str, Any]:
    """Return the options of [fleet]; their ranges are checked with all others, by the fleet."""
    known: dict[str, Field[Any]] = {one.name: one for one in fields(FleetOptions)}
    out = {}
    for key, value in given.items():
        at = lines.of("fleet", key)
        if key not in known or key in OWN:
            raise _unknown("fleet", key, [name for name in known if name not in OWN], at)
        default = known[key].default
        kind = int if default is None or default is MISSING else type(default)
        if type(value) is not kind:
            raise UserError(f"{key} = {value!r}", at, f"of type {kind.__name__}", "correct it")
        out[key] = value
    return out


def _unknown(table: str, key: str, known: list[str], at: str) -> UserError:
    near = difflib.get_close_matches(key, known, n=1)
    return UserError(
        f"there is no key {key!r} in {table}",
        at,
        f"keys: {', '.join(known)}",
        f"did you mean {near[0]}?" if near else "leave it out",
    )


def _table(given: dict[str, Any], table: str, lines: Lines, at: Any) -> dict[str, Any]:
    """Return the values of a table, defaults filled in; at(key): file:line."""
    rows = [row for row in KEYS if row[0] == table]
    out = {row[1]: row[5] for row in rows}
    for key, value in given.items():
        row = next((one for one in rows if one[1] == key), None)
        if row is None:
            raise _unknown(table, key, [one[1] for one in rows], at(key))
        problem = _problem(row, value)
        if problem:
            raise UserError(f"{key} = {value!r} cannot be used", at(key), problem, "correct it")
        out[key] = value
    return out


def _problem(row: tuple[str, str, str, int, int, Any], value: Any) -> str:
    kind, low, high = row[2:5]
    if kind == WORD:
        return "" if isinstance(value, str) else WORD
    if kind == FLAG:
        return "" if isinstance(value, bool) else FLAG
    if kind == WORDS:
        right = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if right else WORDS
    many = value if kind == WHOLES and isinstance(value, list) else [value]
    if many and all(type(one) is int and low <= one <= high for one in many):
        return ""
    return f"{kind} from {low} to {high}"


def _group(
    limit: dict[str, Any],
    tables: dict[str, Any],
    lines: Lines,
    options: dict[str, Any],
    nodes: int | None,
) -> Group:
    limits_q = limit["limit_q"] if isinstance(limit["limit_q"], list) else [limit["limit_q"]]
    names = limit["names"] or [str(number) for number in range(1, len(limits_q) + 1)]
    if len(names) != len(limits_q) or len(set(names)) != len(names):
        raise UserError(
            f"{len(names)} names for {len(limits_q)} limits",
            lines.of("limit", "names"),
            "one each, all different",
            "correct names or limit_q",
        )
    if len(limits_q) > SHARED_LIMITS_MAX:
        raise UserError(
            f"{len(limits_q)} limits", lines.of("limit", "limit_q"), f"at most {SHARED_LIMITS_MAX}"
        )
    loads = _loads(tables, lines, names, nodes)
    plain = FleetOptions()
    period_ms = int(options.get("period_ms", plain.period_ms))
    if not PERIOD_MS_MIN <= period_ms <= PERIOD_MS_MAX:
        raise UserError(
            f"period_ms = {period_ms}",
            lines.of("fleet", "period_ms"),
            f"{PERIOD_MS_MIN} to {PERIOD_MS_MAX}",
            "correct it",
        )
    epoch_ms = period_ms * int(options.get("epoch_rounds", plain.epoch_rounds))
    if limit["turn_s"] and (not epoch_ms or options.get("mode") == "exact"):
        raise UserError(
            f"turn_s = {limit['turn_s']} without epochs",
            lines.of("limit", "turn_s"),
            "turns are counted in epochs, which all nodes have alike",
            "set epoch_rounds in [fleet] and the resilient mode, or turn_s = 0",
        )
    return make(
        loads,
        limits_q,
        names=names,
        safety_percent=limit["safety_percent"],
        faults_max=limit["faults_max"],
        line_q=limit["line_q"],
        step_q=limit["rise_q"],
        settle_rounds=-(-limit["settle_s"] * 1000 // period_ms),
        where=lines.of("limit", "limit_q"),
        unit=limit["unit"],
        policy=limit["policy"],
        on_ms=limit["on_s"] * 1000,
        off_ms=limit["off_s"] * 1000,
        turn_epochs=max(1, limit["turn_s"] * 1000 // epoch_ms) if limit["turn_s"] else 0,
        terms=_terms(limit),
        period_ms=period_ms,
    )


def _terms(limit: dict[str, Any]) -> Terms | None:
    """Return the terms of a group whose members may change, None for one whose may not."""
    if not limit["lease_s"]:
        return None
    return Terms(limit["lease_s"] * 1000, limit["watchdog_s"] * 1000, limit["majority"])


def _loads(
    tables: dict[str, Any], lines: Lines, names: list[str], nodes: int | None
) -> list[Load]:
    common = tables.get("load", {})
    _table(common, "load", lines, lambda key: lines.of("load", key))
    special: dict[int, tuple[dict[str, Any], int]] = {}
    for index, row in enumerate(tables.get("member", [])):
        number = row.get("node")
        if type(number) is not int or number < 1 or number in special:
            raise UserError(
                f"node = {number!r}",
                lines.item("member", index, "node"),
                "the number of a member, 1 and up, each once",
                "correct it",
            )
        special[number] = {key: row[key] for key in row if key != "node"}, index
    count = nodes or max(special, default=0)
    least = max(2, max(special, default=0))
    if not least <= count <= NODES_MAX:
        raise UserError(
            f"nodes = {count}",
            lines.of("fleet", "nodes"),
            f"{least} to {NODES_MAX} members",
            "write nodes = 8, for example",
        )
    loads = []
    for node in range(1, count + 1):
        row, index = special.get(node, ({}, -1))
        values = _table(
            {**common, **row}, "load", lines,
            lambda key, row=row, index=index: lines.item("member", index, key)
            if key in row
            else lines.of("load", key),
        )  # fmt: skip
        place = lines.item("member", index, "") or lines.of("load", "least_q")
        loads.append(_load(node, values, names, place))
    return loads


def _load(node: int, values: dict[str, Any], names: list[str], where: str) -> Load:
    unknown = [name for name in values["on"] if name not in names]
    if unknown:
        raise UserError(
            f"node {node} is on {', '.join(unknown)}", where, f"limits: {', '.join(names)}"
        )
    if values["least_q"] > values["most_q"]:
        raise UserError(
            f"node {node} needs least_q {values['least_q']} and draws at most {values['most_q']}",
            where,
            "least_q is at most most_q",
            "correct one of them",
        )
    return Load(
        node,
        values["floor_q"],
        values["least_q"],
        values["most_q"],
        values["unit_q"],
        values["priority"],
        tuple(names.index(name) for name in values["on"]) or tuple(range(len(names))),
        values["reserve_q"],
        values["vacant"],
    )
