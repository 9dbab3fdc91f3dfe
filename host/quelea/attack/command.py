"""`quelea attack`: arguments to the table, text for people, one JSON object, a heat map."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quelea import adversaries
from quelea.attack import rivals
from quelea.attack import table as tables
from quelea.attack.claims import ALIASES
from quelea.attack.setting import SETTINGS, Setting
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError

NODES_MIN, NODES_MAX = 100, 1_000_000
ROUNDS_MAX = 10_000
SEED_MAX = 2**31 - 1


def _within(flag: str, value: float, smallest: float, largest: float) -> None:
    if not smallest <= value <= largest:
        raise UserError(f"{value} is out of range", flag, f"{smallest} to {largest}")


def _named(flag: str, what: str, asked: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    for name in asked:
        if name not in known:
            raise UserError(f"no {what} named {name!r}", flag, f"one of: {', '.join(known)}")
    return tuple(name for name in known if name in asked)


def _settings(asked: Sequence[str], everything: bool) -> list[Setting]:
    if not asked:
        return list(SETTINGS) if everything else [SETTINGS[0]]
    names = _named("--setting", "setting", asked, [setting.name for setting in SETTINGS])
    return [setting for setting in SETTINGS if setting.name in names]


def _attacks(asked: Sequence[str]) -> tuple[str, ...]:
    """Return what to run; an alias is run as what it amounts to."""
    every = tuple(tables.attacks())
    if not asked:
        return every
    same = {name: other for name, other, _ in ALIASES}
    known = [*every, *same]
    names = _named("--attack", "attack", asked, known)
    chosen = {same.get(name, name) for name in names}
    return tuple(name for name in every if name in chosen)


def _as_json(table: tables.Table, checks: list[dict[str, Any]]) -> dict[str, Any]:
    rows = []
    for (setting, share, attack, rule), cell in table.cells.items():
        worst = table.worst(setting, share, rule).error_by == attack
        start = {"setting": setting, "share": share, "attack": attack, "rule": rule}
        rows.append({**start, **cell.as_dict(), "worst": worst})
    return {
        "verdict": all(check["ok"] for check in checks),
        "checks": checks,
        "aliases": [{"attack": name, "as": other, "why": why} for name, other, why in ALIASES],
        "cells": rows,
    }


def command(
    everything: bool = False,
    attacks: Sequence[str] = (),
    rules: Sequence[str] = (),
    settings: Sequence[str] = (),
    shares: Sequence[float] = (),
    nodes: int = 4000,
    rounds: int = 100,
    seed: int = 1,
    processes: int | None = None,
    png: Path | None = None,
    as_json: bool = False,
) -> int:
    """Run, print and draw; return the exit status: 0 if every claim holds, else 1."""
    _within("--nodes", nodes, NODES_MIN, NODES_MAX)
    _within("--rounds", rounds, 1, ROUNDS_MAX)
    _within("--seed", seed, 0, SEED_MAX)
    for share in shares:
        _within("--share", share, 0.0, 0.45)
    usual = [name for name in tables.RULE_NAMES if name not in tables.SLOW]
    chosen = _named("--rule", "rule", rules, tables.RULE_NAMES) if rules else tuple(usual)
    begun_s = time.monotonic()
    table = tables.make(
        _settings(settings, everything), tuple(shares) or tables.SHARES, _attacks(attacks),
        chosen, nodes, rounds, seed, everywhere=bool(rules), processes=processes,
    )  # fmt: skip
    checks: list[dict[str, Any]] = list(rivals.checks(table)) if not attacks else []
    out = sys.stderr if as_json else sys.stdout
    for setting in table.settings:
        for share in table.shares:
            print(tables.attack_text(table, setting, share), end="\n\n", file=out)
    for setting in table.settings:
        print(tables.worst_text(table, setting), end="\n\n", file=out)
    print(rivals.misses_text(table), end="", file=out)
    for name, other, why in ALIASES:
        print(f"{name}: as {other}; {why}.", file=out)
    known = {*tables.attacks(), *(row[0] for row in ALIASES)}
    for name in adversaries.names():
        if name not in known:
            print(f"{name}: raw frames only, not in the table.", file=out)
    print(
        f"{nodes:,} nodes, {rounds} rounds, seed {seed}, {time.monotonic() - begun_s:.0f} s. *: a "
        "rule's worst attack. +: the least worst error. Captured: further than 1 % of the initial "
        "spread from the honest median. Error: 95th percentile to the mean of the honest inputs.",
        file=sys.stderr,
    )
    for check in checks:
        if not check["ok"]:
            print(
                f"does not hold: {check['name']}: {check['value']} %, bound {check['bound']} %",
                file=sys.stderr,
            )
    if png is not None:
        from quelea.attack.picture import draw

        draw(table, png)
    if as_json:
        print(json.dumps(_as_json(table, checks)))
    return EXIT_OK if all(check["ok"] for check in checks) else EXIT_FALSE
