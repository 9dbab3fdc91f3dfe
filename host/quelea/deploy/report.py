"""Rows as people and programs read them: a table, each failure with its remedy, one object."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from quelea.deploy.failure import FAILED, Row, short
from quelea.errors import EXIT_FALSE, EXIT_OK


def finish(
    rows: Sequence[Row], as_json: bool, columns: Sequence[tuple[str, str]] = (), **more: Any
) -> int:
    """Print rows and return the exit status: 0 unless a board failed.

    columns: (head, key of a row's facts) beside those that every command has. With as_json the
    table goes to standard error. more: results of the whole command, in the JSON object.
    """
    verdict = all(row.ok for row in rows)
    print(table(rows, columns), file=sys.stderr if as_json else sys.stdout, flush=True)
    if as_json:
        checks = [
            {
                "name": f"{row.node or 'board'} at {row.board or 'no port'}",
                "ok": row.ok,
                "value": row.state,
                "bound": "not failed",
                "unit": "",
            }
            for row in rows
        ]
        boards = [row.as_json() for row in rows]
        print(json.dumps({"verdict": verdict, "checks": checks, "boards": boards, **more}))
    return EXIT_OK if verdict else EXIT_FALSE


def table(rows: Sequence[Row], columns: Sequence[tuple[str, str]] = ()) -> str:
    """Return rows in columns, then each failure with its reason and its remedy."""
    heads = ["board", "node", "state", *(head for head, _ in columns), "what"]
    lines = [heads] + [
        [short(row.board) or "-", row.node or "-", row.state]
        + [str(row.facts.get(key, "") or "-") for _, key in columns]
        + [row.what]
        for row in rows
    ]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads) - 1)]
    text = [
        "  ".join([cell.ljust(width) for cell, width in zip(line, widths)] + line[-1:]).rstrip()
        for line in lines
    ]
    for row in rows:
        if row.state == FAILED:
            text.append(f"{row.node or short(row.board)}: {row.what}")
            text += [f"  {part}" for part in (row.why, f"Remedy: {row.remedy}") if part]
    good = sum(row.ok for row in rows)
    return "\n".join([*text, f"{good} of {len(rows)} boards are as asked."])
