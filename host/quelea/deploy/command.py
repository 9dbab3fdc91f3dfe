"""The commands of fleets of boards: arguments to calls, rows to a table."""

import json
import secrets
import sys
from collections.abc import Sequence
from contextlib import nullcontext

from quelea_proto import topics

from quelea.configure import validate
from quelea.coordinator.clean import clear_retained
from quelea.deploy import enroll as enrolling
from quelea.deploy import logs as logging
from quelea.deploy.bus import Bus
from quelea.deploy.deploy import Job
from quelea.deploy.deploy import deploy as deploying
from quelea.deploy.failure import Row
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.line import require_installed
from quelea.deploy.pool import Progress, checked
from quelea.deploy.report import finish
from quelea.errors import EXIT_OK, UserError

CHIP = (("chip", "chip"), ("unique id", "unique"))


def enroll(file: str, given: Sequence[str], node: str, jobs: int, as_json: bool) -> int:
    """`quelea enroll`."""
    require_installed()
    rows = enrolling.enroll(BoardFleet(file), given, node, Progress(), checked(jobs))
    return finish(rows, as_json, CHIP)


def deploy(
    file: str,
    given: Sequence[str],
    wait: bool,
    ready_s: float,
    anew: bool,
    force: bool,
    jobs: int,
    as_json: bool,
) -> int:
    """`quelea deploy`."""
    rows = _deploy(BoardFleet(file), given, wait, ready_s, anew, force, checked(jobs))
    return finish(rows, as_json)


def _deploy(
    fleet: BoardFleet,
    given: Sequence[str],
    wait: bool,
    ready_s: float,
    anew: bool,
    force: bool,
    jobs: int,
) -> list[Row]:
    require_installed()
    with Bus(fleet.endpoint, fleet.name) if wait else nullcontext() as bus:
        if bus is not None:
            bus.settle()
        job = Job(fleet, bus, ready_s, anew, force, jobs)
        return deploying(job, given, Progress())


def up(
    file: str, given: Sequence[str], ready_s: float, show_logs: bool, jobs: int, as_json: bool
) -> int:
    """`quelea up`: validate, build, deploy, wait, and the logs until Ctrl-C."""
    jobs = checked(jobs)
    fleet = BoardFleet(file)
    validate.command(file, as_json=False)
    rows = _deploy(fleet, given, True, ready_s, False, False, jobs)
    status = finish(rows, as_json)
    if show_logs and not as_json and any(row.ok for row in rows):
        print("What the nodes say, until Ctrl-C:", file=sys.stderr)
        logging.follow(fleet.endpoint, fleet.name, [], on=True)
    return status


def logs(file: str, nodes: list[str], on: bool, as_json: bool) -> int:
    """`quelea logs`."""
    fleet = BoardFleet(file)
    unknown = [node_id for node_id in nodes if node_id not in fleet.ids]
    if unknown:
        raise UserError(f"the fleet has no node {unknown[0]!r}", "NODE", f"{list(fleet.ids)}")
    return logging.follow(fleet.endpoint, fleet.name, nodes, on, as_json)


def clean(file: str, dry_run: bool, as_json: bool) -> int:
    """`quelea clean`: retained topics of nodes that are not in the fleet."""
    fleet = BoardFleet(file)

    def rubbish(topic: str) -> bool:
        levels = topic.split("/")
        known = {row[1][0] for row in topics.TOPICS}
        if len(levels) < 5 or levels[3] not in known:
            return len(levels) > 3 and levels[3] not in known
        return levels[3] in ("n", "d", "cmd") and levels[4] not in (*fleet.ids, "all")

    name = f"clean-{secrets.token_hex(3)}"
    found = clear_retained(fleet.endpoint, fleet.name, name, rubbish, dry_run)
    for topic in found:
        print(topic, file=sys.stderr if as_json else sys.stdout)
    done = "would be cleared" if dry_run else "cleared"
    print(f"{len(found)} retained topics {done}.", file=sys.stderr)
    if as_json:
        check = {
            "name": "retained rubbish",
            "ok": True,
            "value": len(found),
            "bound": 0,
            "unit": "",
        }
        print(json.dumps({"verdict": True, "checks": [check], "topics": found, "dry": dry_run}))
    return EXIT_OK
