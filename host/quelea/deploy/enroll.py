"""`quelea enroll`: a board gets its id, its password and the Wi-Fi's, in its protected store."""

import getpass
import json
import sys
import threading
from collections.abc import Sequence

from quelea.deploy import pool, scripts
from quelea.deploy.answers import Facts, ask
from quelea.deploy.failure import DONE, UNCHANGED, BoardFailed, Row
from quelea.deploy.files import digest_of
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.members import Target, opened, require_chip, targets
from quelea.deploy.pool import Progress, Say
from quelea.deploy.ports import Port, plugged_in
from quelea.deploy.repl import Repl
from quelea.errors import UserError


def enroll(
    fleet: BoardFleet, given: Sequence[str], node: str, progress: Progress, jobs: int
) -> list[Row]:
    """Enrol boards and return a row each; node: for the one given port, "" for the next free."""
    found = _targets(fleet, given, node)
    _need_wifi_password(fleet)
    fleet.secrets.complete(list(fleet.ids))
    fleet.secrets.save()  # before any board has one of them
    asked: dict[str, Facts] = {}

    def look(target: Target, say: Say) -> Row:
        say("asking ...")
        with opened(target) as line:
            repl = Repl(line)
            repl.enter()
            asked[target.port.path] = ask(repl)  # and it waits for what it becomes
        return Row(*target.names)

    rows = pool.each(found, lambda target: target.names, look, Progress(quiet=True), jobs)
    able = [target for target in found if target.port.path in asked]
    ids = assign(fleet, [(target, asked[target.port.path]) for target in able])
    lock = threading.Lock()

    def store(target: Target, say: Say) -> Row:
        node_id = ids.get(target.port.path, "")
        if not node_id:
            with opened(target) as line:
                repl = Repl(line)
                repl.enter()
                repl.restart()
            raise BoardFailed(
                f"the fleet has {len(fleet.ids)} nodes, and each has its board",
                "",
                f"raise nodes in {fleet.path.name}, or name one to replace: --node",
            )
        say(f"enrolling as {node_id} ...")
        return _store(fleet, target, node_id, lock)

    named = [Target(target.port, ids.get(target.port.path, "")) for target in able]
    done = pool.each(named, lambda target: target.names, store, progress, jobs)
    fleet.secrets.save()
    by_port = {row.board: row for row in done}
    return [by_port.get(row.board, row) for row in rows]


def _targets(fleet: BoardFleet, given: Sequence[str], node: str) -> list[Target]:
    if node and node not in fleet.ids:
        raise UserError(f"the fleet has no node {node!r}", "--node", f"{list(fleet.ids)}")
    found, _ = targets(fleet, given)
    if not given and not fleet.tables.at:
        known = {target.port.path for target in found}
        found += [Target(port) for port in plugged_in() if port.path not in known]
    if node:
        if len(found) != 1:
            raise UserError(f"--node with {len(found)} boards", "--node", "", "give one --ports")
        found = [Target(found[0].port, node)]
    if not found:
        raise UserError(
            "no board was found", "--ports", "", "plug one in, or give its port: `quelea ls`"
        )
    return found


def _need_wifi_password(fleet: BoardFleet) -> None:
    wifi = fleet.secrets.table("wifi") if fleet.tables.ssid else {"password": ""}
    if "password" in wifi:
        return
    if not sys.stdin.isatty():
        raise UserError(
            f"the password of the network {fleet.tables.ssid!r} is not known",
            str(fleet.secrets.path),
            "it is never taken from the command line",
            'write [wifi] password = "..." there, or run this command in a terminal',
        )
    wifi["password"] = getpass.getpass(f"Password of the network {fleet.tables.ssid!r}: ")


def assign(fleet: BoardFleet, boards: Sequence[tuple[Target, Facts]]) -> dict[str, str]:
    """Return node ids by port: [boards], what the board or secrets.toml says, then the next free.

    A board that remains without is left out.
    """
    ids: dict[str, str] = {}

    def take(port: Port, node_id: str) -> None:
        if node_id in fleet.ids and node_id not in ids.values() and port.path not in ids:
            ids[port.path] = node_id

    for target, _ in boards:
        take(target.port, target.node)
    for target, facts in boards:
        if facts.fleet == fleet.name:
            take(target.port, facts.id)
    for target, facts in boards:
        take(target.port, fleet.secrets.enrolled_as(facts.unique))
    taken = set(ids.values()) | set(fleet.tables.at)
    taken |= {node_id for node_id in fleet.ids if fleet.secrets.node(node_id).get("board")}
    free = [node_id for node_id in fleet.ids if node_id not in taken]
    rest = [(target, facts) for target, facts in boards if target.port.path not in ids]
    for target, facts in rest:  # those with the right chip go first
        fitting = [one for one in free if fleet.tables.of(one).get("chip") in (None, facts.chip)]
        if fitting:
            free.remove(fitting[0])
            take(target.port, fitting[0])
    for target, _ in rest:
        if target.port.path not in ids and free:
            take(target.port, free.pop(0))
    return ids


def _store(fleet: BoardFleet, target: Target, node_id: str, lock: threading.Lock) -> Row:
    secret = json.dumps(fleet.secret(node_id), separators=(",", ":")).encode()
    with opened(target) as line:
        repl = Repl(line)
        repl.enter()
        facts = ask(repl)
        require_chip(fleet, node_id, facts)
        if not facts.virtual and facts.chip and not fleet.tables.ssid:
            raise BoardFailed(
                "the board needs Wi-Fi, and fleet.toml names none", facts.machine,
                'write [wifi] ssid = "..." into fleet.toml',
            )  # fmt: skip
        same = facts.secret == digest_of(secret)
        if not same:
            repl.run(scripts.enroll(secret))
            if ask(repl).secret != digest_of(secret):
                raise BoardFailed("the board did not keep what it was given", "", "repeat it")
        repl.restart()
    with lock:
        fleet.secrets.node(node_id).update(board=facts.unique, port=target.port.path)
        fleet.secrets.save()
    what = f"{node_id} of {fleet.name}"
    known = {"unique": facts.unique, "chip": facts.chip}
    if same:
        return Row(target.port.path, node_id, UNCHANGED, f"was {what} already", facts=known)
    return Row(target.port.path, node_id, DONE, f"is now {what}", facts=known)
