"""The tables of fleet.toml that only boards need; nothing secret stands in them.

[broker]  host, port, keepalive_s: where boards and host meet
[wifi]    ssid; the password is in secrets.toml
[board]   what every board has: chip, sensor, load, wdt_ms, parts
[boards]  node id = USB serial number, port, or folder of a virtual board;
          or { at = "...", and keys of [board] }
"""

from dataclasses import dataclass, field
from typing import Any

from quelea_proto.limits import KEEPALIVE_S_MAX
from quelea_proto.topics import is_id

from quelea.configure.lines import Lines
from quelea.deploy import chips
from quelea.errors import UserError

TABLES = ("broker", "wifi", "board", "boards")
SECRET = ("password", "user", "key", "psk", "token")
SSID_CHARS_MAX = 32
PORT = 1883

# table, key, kind
KEYS: tuple[tuple[str, str, type], ...] = (
    ("broker", "host", str),
    ("broker", "port", int),
    ("broker", "keepalive_s", int),
    ("wifi", "ssid", str),
    ("board", "chip", str),
    ("board", "sensor", dict),
    ("board", "load", dict),
    ("board", "wdt_ms", int),
    ("board", "parts", list),
)


@dataclass(frozen=True)
class BoardTables:
    """host "": the file has no [broker]. at: where each node's board is, as far as it is said.

    common: keys of [board]; own: those of one node, by its id.
    """

    host: str = ""
    port: int = PORT
    keepalive_s: int = 10
    ssid: str = ""
    common: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)

    def of(self, node_id: str) -> dict[str, Any]:
        """Return the keys of [board] that hold for a node."""
        return {**self.common, **self.own.get(node_id, {})}


def parse(tables: dict[str, Any], lines: Lines) -> BoardTables:
    """Return what the tables say; UserError names file and line."""
    for table in TABLES:
        if not isinstance(tables.get(table, {}), dict):
            raise UserError(f"{table} is no table", lines.of(table), "", f"write [{table}]")
    broker, wifi = _checked("broker", tables, lines), _checked("wifi", tables, lines)
    _range("port", broker.get("port", PORT), 1, 65535, lines.of("broker", "port"))
    keepalive_s = broker.get("keepalive_s", 10)
    _range("keepalive_s", keepalive_s, 1, KEEPALIVE_S_MAX, lines.of("broker", "keepalive_s"))
    ssid = wifi.get("ssid", "")
    if len(ssid.encode()) > SSID_CHARS_MAX:
        raise UserError("ssid is too long", lines.of("wifi", "ssid"), "at most 32 bytes")
    common = _checked("board", tables, lines)
    _board(common, lambda key: lines.of("board", key))
    at: dict[str, str] = {}
    own: dict[str, dict[str, Any]] = {}
    for node_id, value in tables.get("boards", {}).items():
        where = lines.of("boards", node_id)
        row = {"at": value} if isinstance(value, str) else value
        if not is_id(node_id) or not isinstance(row, dict):
            raise UserError(
                f"{node_id} = {value!r}", where, 'n01 = "usb serial number or port"', "correct it"
            )
        row = dict(row)
        place = row.pop("at", None)
        if place is not None and not isinstance(place, str):
            raise UserError(f"at = {place!r}", where, "a text: USB serial number or port")
        if place in at.values():
            raise UserError(f"{place} is the board of two nodes", where, "", "correct one of them")
        if place:
            at[node_id] = place
        _known("board", row, where)
        _board(row, lambda _, where=where: where)
        own[node_id] = row
    return BoardTables(
        broker.get("host", ""), broker.get("port", PORT), keepalive_s, ssid, common, own, at
    )


def _range(key: str, value: int, low: int, high: int, where: str) -> None:
    if not low <= value <= high:
        raise UserError(f"{key} = {value}", where, f"{low} to {high}", "correct it")


def _checked(table: str, tables: dict[str, Any], lines: Lines) -> dict[str, Any]:
    given: dict[str, Any] = tables.get(table, {})
    for key in given:
        _known(table, {key: given[key]}, lines.of(table, key))
    return given


def _known(table: str, given: dict[str, Any], where: str) -> None:
    kinds = {row[1]: row[2] for row in KEYS if row[0] == table}
    for key, value in given.items():
        if key in SECRET:
            raise UserError(
                f"{key} does not belong here",
                where,
                "fleet.toml is for everybody to read",
                "write it to secrets.toml, or let `quelea enroll` ask for it",
            )
        if key not in kinds:
            raise UserError(f"there is no key {key!r} in {table}", where, f"keys: {list(kinds)}")
        if type(value) is not kinds[key]:
            raise UserError(f"{key} = {value!r}", where, f"of type {kinds[key].__name__}")


def _board(row: dict[str, Any], at: Any) -> None:
    if "chip" in row:
        chips.require(row["chip"], at("chip"))
    for key in ("sensor", "load"):
        if key in row and not isinstance(row[key].get("kind"), str):
            raise UserError(f"{key} has no kind", at(key), 'such as { kind = "adc", pin = 34 }')
    if "wdt_ms" in row and row["wdt_ms"] != 0:
        _range("wdt_ms", row["wdt_ms"], 1000, 600_000, at("wdt_ms"))
    if not all(isinstance(part, str) for part in row.get("parts", [])):
        raise UserError(f"parts = {row['parts']!r}", at("parts"), "a list of texts")
