"""`quelea top` and `quelea replay` as functions; the command line only hands arguments over."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from quelea.errors import EXIT_INTERRUPT, EXIT_OK, UserError
from quelea.journal import Journal, find_run
from quelea.journal.folder import ROOT
from quelea.top import plain, views
from quelea.top.replay import Replayer

BEGUN_S = 5.0  # for a run that has only just been started to have a journal
SPEED_MAX = 1000.0
INSTALL = "pip install 'quelea[dash]', or add --plain"


def top(
    run: Path | str | None = None,
    *,
    broker: str = "",
    fleet: str = "fleet",
    blind: bool = False,
    as_lines: bool = False,
    root: Path | str = ROOT,
) -> int:
    """Show a run in the terminal, live while it goes on; return the exit status.

    run: a folder, a journal file or a name below root; None is the newest. broker: an address
    instead, with the fleet's name. as_lines: no screen, a line a second. UserError for others.
    """
    source: views.Source
    why = None
    if broker:
        from quelea.watch.bus import Bus

        source = Bus(broker, fleet, blind=blind)
    else:
        from quelea.watch.sources import follow_when_begun

        path = find_run(run, root)
        source = follow_when_begun(path, blind, BEGUN_S)
        why = _explainer(path)
    return _show(source, why, as_lines)


def replay(
    run: Path | str | None = None,
    *,
    speed: float = 1.0,
    at_s: float = 0.0,
    blind: bool = False,
    as_lines: bool = False,
    root: Path | str = ROOT,
) -> int:
    """Play a run's journal in the terminal as it was; return the exit status.

    speed: seconds of the run a second; 0, only as lines: as fast as it goes. at_s: where to begin.
    """
    lines_only = as_lines or not sys.stdout.isatty()
    if not 0 <= speed <= SPEED_MAX or (speed == 0 and not lines_only):
        raise UserError(
            f"{speed:g} is out of range",
            "--speed",
            f"above 0, up to {SPEED_MAX:g}; 0 with --plain: as fast as it goes",
        )
    path = find_run(run, root)
    source = Replayer(path, speed, blind)
    if at_s:
        source.seek(int(at_s * 1e6))
    return _show(source, _explainer(path), as_lines)


def _explainer(path: Path) -> Callable[[str, float], str]:
    def why(node: str, at_s: float) -> str:
        from quelea.pictures import explain
        from quelea.story import retell

        with Journal.open(path) as journal:
            if retell.is_story(journal):
                return "\n".join(retell.explain(journal, node, at_s)["lines"])
            return explain.text(explain.tell(journal, node, at_s))

    return why


def _show(source: views.Source, why: Callable[[str, float], str] | None, as_lines: bool) -> int:
    try:
        if as_lines or not sys.stdout.isatty():
            for line in plain.lines(source):
                print(line, flush=True)
            return EXIT_OK
        try:
            from quelea.top.app import Top
        except ImportError as error:
            raise UserError(
                f"the terminal's view needs {error.name}, which is not installed", remedy=INSTALL
            ) from None
        Top(source, why).run()
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            sys.stdout.close()
    except KeyboardInterrupt:
        return EXIT_INTERRUPT
    finally:
        source.close()
    return EXIT_OK
