"""Export a journal as JSON lines: one object a row, what the run is first, then all by time."""

import heapq
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from quelea.errors import UserError
from quelea.journal.reader import Journal
from quelea.journal.rows import to_json


def lines(journal: Journal) -> Iterator[dict[str, Any]]:
    """Yield each row as an object; "row" names its table, a payload is in hexadecimal."""
    yield {"row": "run", **journal.run()}
    for node in journal.nodes(strangers=True):
        yield {"row": "node", **node._asdict()}
    for fault in journal.faults():
        yield {"row": "fault", **fault._asdict()}
    timed = heapq.merge(
        _named("frame", journal.frames(good=None)),
        _named("state", journal.states()),
        _named("status", journal.statuses()),
        _named("event", journal.events()),
        key=lambda item: item["t_us"],
    )
    for item in timed:
        payload = item.get("payload")
        if payload is not None:
            item["payload"] = payload.hex()
        yield item
    for check in journal.checks():
        yield {"row": "verdict", **check._asdict()}


def _named(table: str, rows: Iterable[NamedTuple]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {"row": table, **row._asdict()}


def export_jsonl(journal: Journal, target: Path | str | TextIO) -> int:
    """Write all lines to a file ("-": standard output); return how many. UserError if it cannot.

    A reader that has seen enough and closes the pipe ends the export without an error.
    """
    if not isinstance(target, str | Path):
        return _write(journal, target)
    if str(target) == "-":
        return _write(journal, sys.stdout)
    try:
        with open(target, "w", encoding="utf-8") as file:
            return _write(journal, file)
    except OSError as error:
        raise UserError(
            f"the export cannot be written: {error.strerror}",
            where=str(target),
            remedy="name another file, or - for standard output.",
        ) from error


def _write(journal: Journal, file: TextIO) -> int:
    written = 0
    try:
        for item in lines(journal):
            file.write(to_json(item) + "\n")
            written += 1
        file.flush()
    except BrokenPipeError:
        # Else what is left in the buffer makes Python complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())
    return written
