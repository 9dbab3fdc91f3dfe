"""What a Machine is told: a node's configuration, checked here so that no index can go astray.

Accepts what quelea_agent.settings.load accepts, and refuses what it refuses.
"""

import re
from collections.abc import Mapping
from typing import Any

from quelea_proto import limits

from quelea.errors import UserError

ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?")
MODES = ("resilient", "exact")
RULES = (
    "mean", "trimmed-mean", "wmsr", "midpoint", "median", "trim-and-clip", "clipped-wmsr"
)  # fmt: skip

# key: smallest, largest, default (None: must be given)
RANGES: dict[str, tuple[int, int, int | None]] = {
    "node": (1, limits.NODE_MAX, None),
    "faults_max": (0, limits.FAULTS_MAX, 0),
    "period_ms": (limits.PERIOD_MS_MIN, limits.PERIOD_MS_MAX, 1000),
    "epoch_rounds": (0, limits.EPOCH_ROUNDS_MAX, 0),
    "fresh_rounds": (1, limits.FRESH_ROUNDS_MAX, 4),
    "fanout": (0, limits.FANOUT_MAX, 0),
    "quiet_rounds_max": (0, limits.QUIET_ROUNDS_MAX, 0),
    "dead_band_q": (0, limits.Q_MAX, 0),
    "lo_q": (-limits.Q_MAX, limits.Q_MAX, 0),
    "hi_q": (-limits.Q_MAX, limits.Q_MAX, limits.Q_MAX),
}


def _refuse(key: str, value: object, allowed: str) -> UserError:
    return UserError(f"{value!r} cannot be used", key, f"allowed: {allowed}", f"correct {key!r}")


def _number(key: str, value: object, smallest: int, largest: int) -> int:
    if type(value) is not int or not smallest <= value <= largest:
        raise _refuse(key, value, f"an integer from {smallest} to {largest}")
    return value


def _one_of(key: str, value: object, words: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in words:
        raise _refuse(key, value, ", ".join(words))
    return value


def _id(key: str, value: object) -> str:
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise _refuse(key, value, "1 to 16 of a-z, 0-9 and inner dashes")
    return value


def _neighbours(rows: object, node: int) -> tuple[tuple[int, str, int], ...]:
    count_max = limits.NEIGHBOURS_MAX
    if not isinstance(rows, (list, tuple)) or not 1 <= len(rows) <= count_max:
        raise _refuse("neighbours", rows, f"a list of 1 to {count_max} rows")
    table: list[tuple[int, str, int]] = []
    above = 0
    for at, row in enumerate(rows):
        where = f"neighbours[{at}]"
        if not isinstance(row, (list, tuple)) or len(row) != 3:
            raise _refuse(where, row, "[number, id, their slot of this node]")
        number = _number(where, row[0], above + 1, limits.NODE_MAX)
        if number == node:
            raise _refuse(where, number, "another node than this one")
        table.append((number, _id(where, row[1]), _number(where, row[2], 0, count_max - 1)))
        above = number
    return tuple(table)


def check(cfg: Mapping[str, Any], session: int) -> dict[str, Any]:
    """Return the configuration with its defaults filled in; UserError names what is wrong.

    cfg: as the host stages it in cfg.json; session: 1..65535. Other keys are left out.
    """
    if not isinstance(cfg, Mapping):
        raise _refuse("cfg", cfg, "an object")
    _number("session", session, 1, limits.SESSION_MAX)
    known: dict[str, Any] = {}
    for key, (smallest, largest, default) in RANGES.items():
        known[key] = _number(key, cfg.get(key, default), smallest, largest)
    known["fleet"] = _id("fleet", cfg.get("fleet"))
    known["id"] = _id("id", cfg.get("id"))
    known["mode"] = _one_of("mode", cfg.get("mode", "resilient"), MODES)
    known["rule"] = _one_of("rule", cfg.get("rule", "wmsr"), RULES)
    known["neighbours"] = _neighbours(cfg.get("neighbours"), known["node"])
    if known["lo_q"] >= known["hi_q"]:
        raise _refuse("lo_q", known["lo_q"], f"below hi_q, which is {known['hi_q']}")
    most = (len(known["neighbours"]) - 1) // 2
    if known["mode"] == "resilient" and known["faults_max"] > most:
        raise _refuse("faults_max", known["faults_max"], f"0 to {most} with as many neighbours")
    return known
