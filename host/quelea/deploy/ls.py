"""`quelea ls`: what is plugged in, and what each board is; a program that was stopped goes on."""

from collections.abc import Sequence

from quelea.deploy import pool, ports
from quelea.deploy.answers import ask
from quelea.deploy.failure import Row
from quelea.deploy.line import SerialLine, require_installed
from quelea.deploy.pool import Progress, Say
from quelea.deploy.ports import Port
from quelea.deploy.repl import Repl
from quelea.deploy.report import finish
from quelea.errors import EXIT_OK

# a program ran and was started again; the board waited at its prompt; nobody asked it
RUNNING, IDLE, PLUGGED = "running", "idle", "plugged in"


def command(given: Sequence[str], passive: bool, jobs: int, as_json: bool) -> int:
    """Print the table of boards; return 1 if one of them does not answer."""
    require_installed()
    rows = look(given, passive, Progress(quiet=True), pool.checked(jobs))
    if not rows and not as_json:
        print("no board is plugged in; `quelea virtual` makes some without hardware")
        return EXIT_OK
    asked = (("chip", "chip"), ("unique id", "unique"), ("firmware", "firmware"))
    return finish(rows, as_json, (("serial", "serial"),) if passive else asked)


def look(given: Sequence[str], passive: bool, progress: Progress, jobs: int) -> list[Row]:
    """Return a row a port; passive: boards are not asked, so nothing is interrupted."""
    found = ports.find(given)
    if passive:
        return [_listed(port) for port in found]
    return pool.each(found, lambda port: (port.path, ""), _ask, progress, jobs)


def _listed(port: Port) -> Row:
    return Row(port.path, "", PLUGGED, port.words, facts={"serial": port.serial})


def _ask(port: Port, say: Say) -> Row:
    with SerialLine(port.path) as line:
        repl = Repl(line)
        repl.enter()
        facts = ask(repl)
        if repl.stopped:
            repl.restart()
        else:
            repl.leave()
    state, what = (RUNNING, "started again") if repl.stopped else (IDLE, facts.machine)
    known = {"serial": port.serial, **facts.as_json()}
    return Row(port.path, facts.id or facts.cfg_id, state, what, facts=known)
