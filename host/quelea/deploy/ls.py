"""`quelea ls`: what is plugged in, and what each board is; a program that was stopped goes on."""

from collections.abc import Sequence

from quelea.deploy import pool, ports
from quelea.deploy.failure import Row
from quelea.deploy.line import SerialLine
from quelea.deploy.members import ask
from quelea.deploy.pool import Progress, Say
from quelea.deploy.ports import Port
from quelea.deploy.repl import Repl

# a program ran and was started again; the board waited at its prompt; nobody asked it
RUNNING, IDLE, PLUGGED = "running", "idle", "plugged in"


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
