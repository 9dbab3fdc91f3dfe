"""`quelea deploy`: each board gets what differs, is checked, started, and awaited at the broker.

    facts -> right chip, node, bytecode -> hashes -> copy -> hashes -> main.py -> reset -> ready

A node's part of a limit (headroom records) is given out once for a configuration of limits: what
is on a board then is its account, and is never written over. Boards that still run with other
limits would add to the new ones, so when the limits change all boards are stopped before any is
started.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from quelea.deploy import pool, scripts
from quelea.deploy.answers import Facts, ask
from quelea.deploy.bus import Bus
from quelea.deploy.failure import DONE, FAILED, UNCHANGED, BoardFailed, Row
from quelea.deploy.files import STARTS, Files, mark
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.line import SerialLine
from quelea.deploy.members import Target, opened, require_chip, require_node, targets
from quelea.deploy.pool import Progress, Say
from quelea.deploy.repl import Repl
from quelea.deploy.starting import await_ready

READY_S = 60.0


@dataclass
class Job:
    """One `quelea deploy`. bus None: nobody waits for `ready`. anew: parts are given out again."""

    fleet: BoardFleet
    bus: Bus | None
    ready_s: float = READY_S
    anew: bool = False
    force: bool = False
    jobs: int = pool.JOBS
    lock: threading.Lock = field(default_factory=threading.Lock)


def deploy(job: Job, given: Sequence[str], progress: Progress) -> list[Row]:
    """Deploy to every board and return a row each; UserError before anything was touched."""
    fleet = job.fleet
    found, missing = targets(fleet, given)
    rows = [_unknown(fleet, node_id) for node_id in missing]
    for node_id in fleet.ids:
        fleet.check(node_id)
        fleet.stage(node_id)  # compiled here, once, where an error is for all boards
    if job.anew or changed_limits(fleet):
        still = _stop_all(job, found, missing, progress)
        if still and not job.force:
            return still + rows
    done = pool.each(
        found, lambda target: target.names, lambda t, say: _one(job, t, say), progress, job.jobs
    )
    return done + rows


def _unknown(fleet: BoardFleet, node_id: str) -> Row:
    remedy = f"`quelea enroll {fleet.path}` with the board plugged in"
    return Row("", node_id, FAILED, f"no board is known for {node_id}", "", remedy)


def changed_limits(fleet: BoardFleet) -> bool:
    """Return whether parts were given out under other limits than those of the file."""
    given = [fleet.secrets.node(node_id).get("limits") for node_id in fleet.ids]
    return any(digest not in (None, fleet.limits_digest) for digest in given)


def _stop_all(
    job: Job, found: Sequence[Target], missing: list[str], progress: Progress
) -> list[Row]:
    """Stop every board; return what forbids to go on: [] if all stand still."""
    fleet = job.fleet

    def stop(target: Target, say: Say) -> Row:
        with opened(target) as line:
            repl = Repl(line)
            repl.enter()
            node_id = require_node(fleet, target, ask(repl))
            Files(repl, say).stop_starting()
        return Row(target.port.path, node_id, DONE, "stopped, since the limits change")

    rows = pool.each(found, lambda target: target.names, stop, progress, job.jobs)
    stopped = {row.node for row in rows if row.ok}
    running = [
        node_id
        for node_id in fleet.ids
        if fleet.secrets.node(node_id).get("limits") and node_id not in stopped
    ]
    if not running:
        return []
    for row in rows:
        if row.ok:
            row.state, row.what = FAILED, "stopped, and not started"
            row.why = f"{', '.join(running)} may still run with other limits: they would add up"
            row.remedy = "bring these boards back, or take them from their load and add --force"
    return rows


def _one(job: Job, target: Target, say: Say) -> Row:
    with opened(target) as line:
        repl = Repl(line)
        say("asking ...")
        repl.enter()
        facts = ask(repl)
        node_id = require_node(job.fleet, target, facts)
        try:
            return _on(job, target, line, repl, facts, say)
        except BoardFailed as error:
            error.node = node_id
            raise


def _on(job: Job, target: Target, line: SerialLine, repl: Repl, facts: Facts, say: Say) -> Row:
    node_id = facts.id
    require_chip(job.fleet, node_id, facts)
    before = job.bus.session(node_id) if job.bus is not None else 0
    copied = _copy(job, repl, node_id, facts, say)
    repl.restart()
    what = _told(copied)
    known = {
        "copied_files": len(copied.copied),
        "copied_bytes": copied.copied_bytes,
        "firmware": job.fleet.stage(node_id).digest,
    }
    if job.bus is not None:
        say("starting ...")
        took_s = await_ready(job.bus, line, job.fleet, node_id, before, job.ready_s)
        what += f", ready after {took_s:.1f} s"
    state = DONE if copied.copied else UNCHANGED
    with job.lock:
        if job.fleet.secrets.node(node_id).get("port") != target.port.path:
            job.fleet.secrets.node(node_id)["port"] = target.port.path
            job.fleet.secrets.save()
    return Row(target.port.path, node_id, state, what, facts=known)


def _told(copied: Files) -> str:
    if not copied.copied:
        return "all files were there"
    return f"{len(copied.copied)} files of {copied.copied_bytes:,} bytes copied"


def _copy(job: Job, repl: Repl, node_id: str, facts: Facts, say: Say) -> Files:
    """Bring the board's files up to what the fleet wants, main.py last."""
    fleet = job.fleet
    board = fleet.stage(node_id)
    if facts.mpy != board.mpy:
        raise BoardFailed(
            f"its MicroPython loads bytecode of version {facts.mpy}, ours is {board.mpy}",
            f"it has MicroPython {'.'.join(map(str, facts.version))}",
            "flash MicroPython 1.23 or newer: `quelea flash`",
        )
    wanted = {file.target: (board.path / file.target).read_bytes() for file in board.files}
    wanted |= fleet.files(node_id)
    last = {STARTS: wanted.pop(STARTS)}
    last[scripts.MARK] = mark(board.digest, fleet.parts(node_id), [*wanted, STARTS])
    files = Files(repl, say)
    differing = files.differing({**wanted, **last})
    give = _parts_to_give(job, node_id)
    if differing or give or files.updated():
        files.stop_starting()
        if facts.wdt_ms:  # its program's watchdog runs on at the prompt: it would cut us off
            repl.reset()
            files = Files(repl, say)
        files.remove_others({**wanted, **last})
        try:
            _put(files, {name: wanted[name] for name in differing if name in wanted}, say)
            _put(files, give, say)
        except BoardFailed as error:
            if "is full" in error.what and facts.free_bytes >= 0:
                need = sum(len(wanted[name]) for name in differing if name in wanted)
                error.why += f"; {need:,} bytes were to come, {facts.free_bytes:,} were free"
            raise
        files.verify({**wanted, **give})
        if give:
            _given(job, node_id)
        for name, data in last.items():
            files.put(name, data)
    return files


def _put(files: Files, wanted: dict[str, bytes], say: Say) -> None:
    for number, (name, data) in enumerate(wanted.items(), 1):
        say(f"copying {number} of {len(wanted)}: {name} ...")
        files.put(name, data)


def _parts_to_give(job: Job, node_id: str) -> dict[str, bytes]:
    """Return the records of a node that has none for these limits, else {}."""
    known = job.fleet.secrets.node(node_id).get("limits")
    if known == job.fleet.limits_digest and not job.anew:
        return {}
    return job.fleet.records(node_id)


def _given(job: Job, node_id: str) -> None:
    """Note, before the node can start with it, that its part was given out."""
    with job.lock:
        job.fleet.secrets.node(node_id)["limits"] = job.fleet.limits_digest
        job.fleet.secrets.save()
