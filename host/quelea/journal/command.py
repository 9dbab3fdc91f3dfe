"""`quelea journal show` and `export` as functions; the command line only hands arguments over."""

import sys
from pathlib import Path

from quelea.errors import EXIT_OK
from quelea.journal.export import export_jsonl
from quelea.journal.folder import ROOT, find_run
from quelea.journal.reader import Journal
from quelea.journal.rows import to_json
from quelea.journal.summary import summarise, text


def show(run: Path | str | None = None, as_json: bool = False, root: Path | str = ROOT) -> int:
    """Print what a run's journal holds; return the exit status.

    run: a folder, a journal file or a name below root; None is the newest. UserError for others.
    """
    with Journal.open(find_run(run, root)) as journal:
        summary = summarise(journal)
    sys.stdout.write((to_json(summary) if as_json else text(summary)) + "\n")
    return EXIT_OK


def export(run: Path | str | None = None, jsonl: Path | str = "-", root: Path | str = ROOT) -> int:
    """Write a run's journal as JSON lines to a file, or (-) to standard output."""
    with Journal.open(find_run(run, root)) as journal:
        count = export_jsonl(journal, jsonl)
    if str(jsonl) != "-":
        sys.stderr.write(f"{count:,} lines in {jsonl}\n")
    return EXIT_OK
