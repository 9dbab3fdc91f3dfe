"""The tables of the documents, each printed from the rows that the code itself walks."""

import importlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

from quelea_agent import counters
from quelea_proto import cluster_row, frames, headroom_row, limits, pulse_row, topics
from quelea_proto.rules import RULES

ROOT = Path(__file__).resolve().parent.parent
Cell = str | int
Fields = tuple[tuple[str, int, str], ...]
# head of a pulse: (name, bytes, unit); columns alike
PULSE_FIELDS = (
    ("node", 2, "node number of the sender"),
    ("entry", 4, "number of its stored record, as in its headroom row; 0: it has none"),
    ("session", 2, "of the sender's boots"),
    ("beat", 4, "counts the rows of this boot, 1 and up"),
    ("number", 4, "of the newest membership document that it knows, 0: none"),
)
PULSE_COLUMNS = (
    ("session", 2, "session of the newest row of this neighbour, 0: none was heard"),
    ("beat", 4, "its beat"),
    ("mark", 1, "its incarnation; + 64: gone, that are all below; + 128: not heard for long"),
    ("net", 4, "of one that is gone: given to it less taken from it, on the ring of 2^30"),
)


def table(head: Iterable[str], rows: Iterable[Iterable[Cell]]) -> str:
    """Return a Markdown table."""
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines.extend([str(cell).replace("|", "\\|") for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def frame_tables() -> str:
    """Every kind with its fields: offset, bytes, type, unit; n is the number of neighbours."""
    parts = []
    for kind, name, head, columns in frames.FRAMES:
        rows: list[tuple[Cell, ...]] = [
            (0, 1, "version, kind", "u8", f"version {limits.VERSION} << 5 | kind {kind}"),
            (1, 1, "flags", "u8", "bit 0 held, bit 1 restart"),
        ]
        at = 2
        for field, width, signed, unit in head:
            rows.append((at, width, field, _type(width, signed), unit))
            at += width
        rows.append((at, 1, "count", "u8", f"n, 0..{limits.NEIGHBOURS_MAX}"))
        at += 1
        per_neighbour = 0
        for field, width, signed, unit in columns:
            rows.append((_place(at, per_neighbour), _times(width), field,
                         f"n x {_type(width, signed)}", unit))  # fmt: skip
            per_neighbour += width
        rows.append((_place(at, per_neighbour), 2, "crc", "u16", "CRC-16/CCITT-FALSE of the rest"))
        sizes = ", ".join(f"n = {n}: {frames.frame_bytes(kind, n)}" for n in (0, 8, 16, 126))
        title = f"**Kind {kind}, `{name}`.** Bytes by number of neighbours: {sizes}."
        parts.append(f"{title}\n\n{table(('at', 'bytes', 'field', 'type', 'meaning'), rows)}")
    return "\n\n".join(parts)


def headroom_table() -> str:
    """The headroom row: offset, bytes, type, meaning; n is the number of other members."""
    return _row_table(headroom_row, "headroom", headroom_row.FIELDS, headroom_row.COLUMNS)


def pulse_table() -> str:
    """The pulse likewise."""
    return _row_table(pulse_row, "pulse", PULSE_FIELDS, PULSE_COLUMNS)


def _row_table(module: ModuleType, name: str, head: Fields, columns: Fields) -> str:
    rows: list[tuple[Cell, ...]] = [
        (0, 1, "version, kind", "u8", f"version {limits.VERSION} << 5 | kind {module.KIND}"),
        (1, 1, "limit", "u8", f"which of the fleet's limits, 0..{limits.SHARED_LIMITS_MAX - 1}"),
    ]
    at = 2
    for field, width, unit in head:
        rows.append((at, width, field, _type(width, False), unit))
        at += width
    rows.append((at, 1, "count", "u8", f"n, 0..{limits.PEERS_MAX}"))
    each = 0
    for field, width, unit in columns:
        row = _place(at + 1, each), _times(width), field, f"n x {_type(width, False)}", unit
        rows.append(row)
        each += width
    rows.append((_place(at + 1, each), 2, "crc", "u16", "CRC-16/CCITT-FALSE of the rest"))
    sizes = ", ".join(f"n = {n}: {module.row_bytes(n)}" for n in (1, 7, limits.PEERS_MAX))
    title = f"**Kind {module.KIND}, `{name}`.** Bytes by number of others: {sizes}."
    return f"{title}\n\n{table(('at', 'bytes', 'field', 'type', 'meaning'), rows)}"


def cluster_table() -> str:
    """The cluster row: offset, bytes, type, meaning; n is the number of clusters."""
    rows: list[tuple[Cell, ...]] = [
        (0, 1, "version, kind", "u8", f"version {limits.VERSION} << 5 | kind {cluster_row.KIND}"),
        (1, 1, "flags", "u8", "0"),
    ]
    at = 2
    for field, width, signed, unit in cluster_row.FIELDS:
        rows.append((at, width, field, _type(width, signed), unit))
        at += width
    rows.append((at, 1, "count", "u8", f"n, 0..{limits.CLUSTERS_MAX}"))
    entry = 0
    for field, width, signed, unit in cluster_row.COLUMNS:
        place = f"{at + 1 + entry} + {cluster_row.ENTRY} i"
        rows.append((place, width, field, _type(width, signed), f"of cluster i: {unit}"))
        entry += width
    rows.append((f"{at + 1} + {entry} n", 2, "crc", "u16", "CRC-16/CCITT-FALSE of the rest"))
    sizes = ", ".join(
        f"n = {n}: {cluster_row.row_bytes(n)}" for n in (0, 4, 16, limits.CLUSTERS_MAX)
    )
    title = f"**Kind {cluster_row.KIND}, `cluster`.** Bytes by number of clusters: {sizes}."
    return f"{title}\n\n{table(('at', 'bytes', 'field', 'type', 'meaning'), rows)}"


def _type(width: int, signed: bool) -> str:
    return f"{'s' if signed else 'u'}{8 * width}"


def _times(count: int) -> str:
    return "n" if count == 1 else f"{count} n"


def _place(at: int, per_neighbour: int) -> str:
    return f"{at} + {_times(per_neighbour)}" if per_neighbour else str(at)


def cause_table() -> str:
    """Why a payload is refused, in the order of the checks, with the counter that rises."""
    rows = [
        (number, f"`{cause}`", f"`{counters.NAMES[number]}`")
        for number, cause in enumerate(frames.CAUSES)
        if number
    ]
    return table(("cause", "word", "counter"), rows)


def topic_table() -> str:
    """Every topic, from the rows of topics.py."""
    rows = [
        (f"`{name}`", f"`{'/'.join(levels)}`", qos, "yes" if retained else "no", writer, payload)
        for name, levels, qos, retained, writer, payload in topics.TOPICS
    ]
    head = f"behind `{topics.ROOT}/<fleet>/`"
    return table(("name", head, "QoS", "retained", "writer", "payload"), rows)


def rule_table() -> str:
    """Every rule with the first line of its own text."""
    rows = []
    for name, apply, tolerant in RULES:
        text = (importlib.import_module(apply.__module__).__doc__ or "").strip().split("\n")[0]
        rows.append((f"`{name}`", "yes" if tolerant else "no", text))
    return table(("rule", "tolerates liars", "what it does"), rows)


def _commented(path: str, pattern: str) -> list[tuple[str, ...]]:
    """Return the groups of every line of a source file that the pattern matches."""
    text = (ROOT / path).read_text()
    return [tuple(found.groups()) for found in re.finditer(pattern, text, re.MULTILINE)]


def limit_table() -> str:
    """Every limit with the reason that stands beside it."""
    rows = _commented(
        "shared/quelea_proto/limits.py", r"^([A-Z][A-Z0-9_]*) = const\((-?\d+)\)(?:  # (.*))?$"
    )
    for name, value, _ in rows:
        assert getattr(limits, name) == int(value), name
    return table(
        ("limit", "value", "unit or reason"), [(f"`{n}`", v, why or "") for n, v, why in rows]
    )


def counter_table() -> str:
    """Every counter of the agent with the comment that stands beside it."""
    text = _commented("firmware/quelea_agent/counters.py", r'^    "(\w+)",(?:  # (.*))?$')
    assert tuple(name for name, _ in text) == counters.NAMES
    causes = {
        counters.NAMES[i]: f"refused: {frames.CAUSES[i]}" for i in range(1, len(frames.CAUSES))
    }
    rows = [(i, f"`{name}`", why or causes.get(name, "")) for i, (name, why) in enumerate(text)]
    return table(("number", "counter", "counts"), rows)


def mutation_table() -> str:
    """Every planted error with the seeds and the checkers of `quelea mutants --write`."""
    folder = ROOT / "host/quelea/mutations"
    found = json.loads((folder / "found.json").read_text())
    rows: list[tuple[Cell, ...]] = []
    for path in sorted(folder.glob("*.toml")):
        for row in tomllib.loads(path.read_text())["mutation"]:
            last = found.get(row["name"], {"seeds": "?", "found_by": []})
            file = f"`{row['file'].split('/', 1)[1]}`"
            by = ", ".join(last["found_by"]) or "nothing yet"
            rows.append((row["name"], file, row["why"], last["seeds"], by))
    return table(("planted error", "in", "what it does", "seeds", "found by"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "frames": frame_tables,
    "headroom": headroom_table,
    "pulse": pulse_table,
    "cluster": cluster_table,
    "causes": cause_table,
    "topics": topic_table,
    "rules": rule_table,
    "limits": limit_table,
    "counters": counter_table,
    "mutations": mutation_table,
}
