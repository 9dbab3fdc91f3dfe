"""`quelea plot` and `explain` as functions; the command line only hands arguments over."""

import json
import sys
from pathlib import Path

from quelea.errors import EXIT_FALSE, EXIT_OK
from quelea.journal import Journal, find_run
from quelea.journal.folder import ROOT
from quelea.pictures.plot import draw, ending, prepare
from quelea.pictures.report import write_report
from quelea.story import retell


def plot(
    run: Path | str | None = None,
    files: tuple[Path | None, ...] = (),
    at_s: float | None = None,
    as_json: bool = False,
    root: Path | str = ROOT,
) -> int:
    """Draw a run's figure into each file, by default plot.png in its folder; return the status.

    run: a folder, a journal file or a name below root; None is the newest. UserError for others.
    """
    path = find_run(run, root)
    wanted = [file for file in files if file is not None] or [path.parent / "plot.png"]
    endings = [ending(file) for file in wanted]
    with Journal.open(path) as journal:
        if retell.is_story(journal):
            retell.plot(journal, wanted)
            return _drawn(path, wanted, as_json)
        drawing = prepare(journal, at_s)
        for file, word in zip(wanted, endings):
            if word == "pdf":
                write_report(journal, drawing, file)
            else:
                draw(drawing, file)
    return _drawn(path, wanted, as_json)


def _drawn(path: Path, wanted: list[Path], as_json: bool) -> int:
    for file in wanted:
        print(f"drawn: {file}", file=sys.stderr)
    if as_json:
        result = {"verdict": True, "checks": [], "journal": str(path)}
        print(json.dumps(result | {"files": [str(file) for file in wanted]}))
    return EXIT_OK


def explain(
    node: str,
    at_s: float | None = None,
    run: Path | str | None = None,
    as_json: bool = False,
    root: Path | str = ROOT,
) -> int:
    """Print why a node has the value it has; 1 when it did not follow the rules."""
    from quelea.pictures import explain as stories

    with Journal.open(find_run(run, root)) as journal:
        if retell.is_story(journal):
            told = retell.explain(journal, node, at_s)
            print(json.dumps({"verdict": True, "checks": [], **told}) if as_json
                  else "\n".join(told["lines"]))  # fmt: skip
            return EXIT_OK
        story = stories.tell(journal, node, at_s)
    right = story.wanted_q is None or story.wanted_q == story.row.value_q
    if as_json:
        print(json.dumps({"verdict": right, "checks": [], **stories.as_json(story)}))
    else:
        print(stories.text(story))
    return EXIT_OK if right else EXIT_FALSE
