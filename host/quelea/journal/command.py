"""`quelea journal show` and `export` as functions; the command line only hands arguments over."""

import sys
from pathlib import Path

from quelea.errors import EXIT_OK
from quelea.journal.export import export_jsonl
from quelea.journal.folder import ROOT, find_run
from quelea.journal.reader import Journal
from quelea.journal.rows import to_json
from quelea.journal.summary import summarise, text
from quelea.journal.tables import CSV, PARQUET, export_tables


def show(run: Path | str | None = None, as_json: bool = False, root: Path | str = ROOT) -> int:
    """Print what a run's journal holds; return the exit status.

    run: a folder, a journal file or a name below root; None is the newest. UserError for others.
    """
    with Journal.open(find_run(run, root)) as journal:
        summary = summarise(journal)
        story = "" if as_json else _story(journal)
    if story:
        sys.stdout.write(story + "\n\n")
    sys.stdout.write((to_json(summary) if as_json else text(summary)) + "\n")
    return EXIT_OK


def _story(journal: Journal) -> str:
    """Return what a story came to, or nothing for another run."""
    from quelea.story import retell

    return retell.text(journal) if retell.is_story(journal) else ""


def export(
    run: Path | str | None = None,
    jsonl: Path | str | None = None,
    csv: Path | None = None,
    parquet: Path | None = None,
    root: Path | str = ROOT,
) -> int:
    """Write a run's journal as JSON lines to a file or (-) to standard output, or its tables into
    a folder as CSV or Parquet; with nothing asked for, JSON lines to standard output."""
    with Journal.open(find_run(run, root)) as journal:
        if jsonl is not None or (csv is None and parquet is None):
            count = export_jsonl(journal, jsonl or "-")
            if str(jsonl or "-") != "-":
                sys.stderr.write(f"{count:,} lines in {jsonl}\n")
        for folder, kind in ((csv, CSV), (parquet, PARQUET)):
            if folder is not None:
                counts = export_tables(journal, folder, kind)
                told = ", ".join(f"{table} {count:,}" for table, count in counts.items() if count)
                sys.stderr.write(f"{folder}: {told}\n")
    return EXIT_OK
