"""`quelea games`: arguments to games, the table to standard output, derived files kept true."""

import json
import sys
from pathlib import Path
from typing import Any

from quelea.attack.rules import ROUNDINGS
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.games import strategy, table
from quelea.games.solve import Game
from quelea.games.table import Contender, Result, contenders, result

HELD_MAX = 1  # q: what the rule for small committees may allow
DOCUMENT = Path("docs/games.md")
ADVERSARY = Path("host/quelea/adversaries/game_optimal.py")


def derived() -> tuple[tuple[Path, str], ...]:
    """Return (path, text) of the derived files; UserError outside the source tree."""
    for path in (DOCUMENT.parent, ADVERSARY):
        if not path.exists():
            raise UserError(
                f"{path} is not here",
                "--write and --check",
                "they work on the source tree",
                "run it in the folder that holds pyproject.toml",
            )
    source = ADVERSARY.read_text()
    return ((DOCUMENT, table.document()), (ADVERSARY, strategy.spliced(source)))


def refresh(check: bool) -> int:
    """Write, or with check compare, what is derived; return the exit status."""
    stale = [
        (path, text) for path, text in derived() if not path.exists() or path.read_text() != text
    ]
    for path, text in stale:
        if check:
            print(f"{path}: stale; run `quelea games --write` and commit it", file=sys.stderr)
        else:
            path.write_text(text)
            print(f"{path}: written", file=sys.stderr)
    return EXIT_FALSE if check and stale else EXIT_OK


def _chosen(rule: str | None, rounding: str | None) -> list[Contender]:
    rows = list(contenders())
    if rounding is not None:
        known = [name for name, _ in ROUNDINGS]
        if rounding not in known:
            raise UserError(
                f"no rounding named {rounding!r}", "--rounding", f"one of: {', '.join(known)}"
            )
        rows = [
            Contender(row.name, rounding, row.ours and rounding == "half up")
            for row in rows
            if row.rounding == "half up"
        ]
    elif rule is None:
        return rows
    names = list(dict.fromkeys(row.name for row in rows))
    if rule is None:
        return rows
    if rule not in names:
        raise UserError(f"no rule named {rule!r}", "--rule", f"one of: {', '.join(names)}")
    return [row for row in rows if row.name == rule]


def _checks(results: list[Result], games: list[Game]) -> list[dict[str, Any]]:
    """Return what is claimed: our rules keep to the hull, the chosen one to HELD_MAX."""
    checks = []
    chosen = table.best()
    for game in games:
        found = result(Contender(chosen, "half up", True), game)
        checks.append(
            {
                "name": f"{chosen} n={game.nodes} f={game.liars} R={game.span}",
                "ok": found.held <= HELD_MAX and found.valid,
                "value": found.held,
                "bound": HELD_MAX,
                "unit": "q",
            }
        )
    broken = sum(not one.valid for one in results if one.contender.name in table.TOLERANT)
    checks.append(
        {
            "name": "liars bring a tolerant rule outside the honest hull",
            "ok": broken == 0,
            "value": broken,
            "bound": 0,
            "unit": "games",
        }
    )
    return checks


def command(
    nodes: int | None = None,
    liars: int | None = None,
    span: int | None = None,
    rule: str | None = None,
    rounding: str | None = None,
    as_json: bool = False,
) -> int:
    """Solve and print; return the exit status. With none of n, f and R: the table's games."""
    games = list(table.GAMES)
    if nodes is not None or liars is not None or span is not None:
        faults = 1 if liars is None else liars
        games = [Game(3 * faults + 1 if nodes is None else nodes, faults, span or 7)]
        games[0].check()
    rows = _chosen(rule, rounding)
    results = [result(row, game) for row in rows for game in table.asked(row, games)]
    checks = _checks(results, games)
    verdict = all(check["ok"] for check in checks)
    text = table.text(games, rows)
    print(text, file=sys.stderr if as_json else sys.stdout)
    note = "R: no agreement at all. !: the honest hull can be left. Unit: q."
    print(note, file=sys.stderr)
    if as_json:
        found = [
            {
                "rule": one.contender.name,
                "rounding": one.contender.rounding,
                "n": one.game.nodes,
                "f": one.game.liars,
                "range": one.game.span,
                "held_q": one.held,
                "valid": one.valid,
            }
            for one in results
        ]
        chosen = table.best()
        print(json.dumps({"verdict": verdict, "checks": checks, "best": chosen, "games": found}))
    return EXIT_OK if verdict else EXIT_FALSE
