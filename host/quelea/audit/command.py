"""`quelea audit` as functions; the command line only hands arguments over."""

import json
import os
import sys
import time
from pathlib import Path

from quelea.audit.auditor import Auditor, Finding, audit
from quelea.audit.report import report, text
from quelea.audit.setting import read_setting
from quelea.errors import EXIT_FALSE, EXIT_OK
from quelea.journal import Journal, find_run
from quelea.journal.folder import ROOT

FOLLOW_S = 0.2  # between two looks at a journal that is being written


def command(
    run: Path | str | None = None,
    as_json: bool = False,
    follow: bool = False,
    root: Path | str = ROOT,
) -> int:
    """Audit a run's journal and print the report; 0 if nobody is wrong, 1 if somebody is.

    run: a folder, a journal file or a name below root; None is the newest. follow: while it is
    being written, telling of each node when it is first found wrong. UserError for what is none.
    """
    path = find_run(run, root)
    begun_s = time.perf_counter()
    with Journal.open(path) as journal:
        auditor = _follow(journal) if follow else audit(journal)
        liars = [row.number for row in journal.nodes() if row.liar]
    wall_s = 0.0 if follow else time.perf_counter() - begun_s
    result = {"journal": str(path), **report(auditor, liars, wall_s)}
    if as_json:
        print(json.dumps(result))
    else:
        print(text(result))
    return EXIT_OK if result["verdict"] else EXIT_FALSE


def _follow(journal: Journal) -> Auditor:
    """Hear a journal while it is written, until it is closed or its writer is gone."""
    auditor = Auditor(read_setting(journal))
    at, told = 0, set[int]()
    while True:
        closed = journal.closed or _broken_off(journal.run().get("pid"))
        rows = journal.newer_frames(at)
        for row in rows:
            at = row.at
            auditor.hear(row)
        for finding in auditor.findings:
            if finding.source not in told:
                told.add(finding.source)
                print(_line(auditor, finding), file=sys.stderr, flush=True)
        if closed and not rows:
            auditor.finish()
            return auditor
        if not rows:
            time.sleep(FOLLOW_S)


def _broken_off(pid: object) -> bool:
    """Return whether the process that wrote a journal is known to have ended."""
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _line(auditor: Auditor, finding: Finding) -> str:
    name = auditor.setting.ids[finding.source]
    return f"{finding.t_us / 1e6:10.3f} s  {name} is wrong: {finding.wrong.what}"
