"""What became of one board, in words for people: what, why, and what to do about it."""

import os
from dataclasses import dataclass, field
from typing import Any

DONE, UNCHANGED, FAILED = "done", "unchanged", "failed"
TEXT_CHARS_MAX = 300


class BoardFailed(Exception):
    """One board's failure; the others go on. what, why, remedy: sentences for people."""

    def __init__(self, what: str, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = readable(what)
        self.why = readable(why)
        self.remedy = remedy
        self.node = ""  # whose board it is, where the board has said so


def readable(text: str) -> str:
    """Return a text of a board's in one line without control characters, cut where it is long."""
    plain = "".join(char if char.isprintable() else " " for char in text[: 4 * TEXT_CHARS_MAX])
    plain = " ".join(plain.split())
    return plain if len(plain) <= TEXT_CHARS_MAX else plain[: TEXT_CHARS_MAX - 3] + "..."


def short(path: str) -> str:
    """Return a path from here, where that is shorter."""
    if not path.startswith("/"):
        return path
    return min(path, os.path.relpath(path), key=len)


@dataclass
class Row:
    """A line of the table of results. board: its port. state: one of the above, or of ls."""

    board: str
    node: str = ""
    state: str = DONE
    what: str = ""
    why: str = ""
    remedy: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the board is as it was asked to be."""
        return self.state != FAILED

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` shows."""
        row = {key: getattr(self, key) for key in ("board", "node", "state", "what")}
        if not self.ok:
            row |= {"why": self.why, "remedy": self.remedy}
        return row | self.facts


def failed(board: str, node: str, error: BoardFailed) -> Row:
    """Return the row of a failure."""
    return Row(board, error.node or node, FAILED, error.what, error.why, error.remedy)
