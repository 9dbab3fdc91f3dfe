"""`quelea ota` as a function: build, sign, offer, serve, report."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quelea_agent.port.release import VERSION_MAX
from quelea_agent.port.release import body as parse_body

from quelea.coordinator.link import Endpoint
from quelea.errors import EXIT_INTERRUPT, UserError
from quelea.fleet import staging
from quelea.fleet.external import ExternalBroker
from quelea.secure import signing
from quelea.update import course, release
from quelea.update.course import Course
from quelea.update.server import Server

_NEXT = "`quelea ota` again goes on where it was; a node that went back needs another firmware"


@dataclass
class Asked:
    """What the command line says; see `quelea ota --help`. file: a fleet.toml, or ""."""

    file: str = ""
    broker: str = ""
    fleet: str = ""
    key: Path | None = None
    parts: Sequence[str] = ()
    only: Sequence[str] = ()
    release: int = 0
    wait_s: float = 900.0
    listen_s: float = 6.5
    as_json: bool = False
    said: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Where a fleet is, whose updates it takes, and what of the firmware it needs."""

    endpoint: Endpoint
    fleet: str
    key: Path
    parts: frozenset[str]


def target(asked: Asked) -> Target:
    """Return what the options say, and the fleet.toml where they say nothing; UserError if
    something is missing.

    Of a fleet of boards (`[broker]` in its file) the accounts, the authority's key and the parts
    are known.
    """
    endpoint: Endpoint | None = ExternalBroker(asked.broker) if asked.broker else None
    name, key, parts = asked.fleet, asked.key, frozenset(asked.parts) | {"update"}
    if asked.file:
        from quelea.deploy.fleet import BoardFleet

        boards = BoardFleet(asked.file)
        name = name or boards.name
        known = boards.endpoint
        endpoint = endpoint or known
        if key is None and known.ca:
            key = Path(known.ca) / "sign.key.pem"
        parts |= {part for node_id in boards.ids for part in boards.parts(node_id)}
    if endpoint is None:
        raise UserError(
            "an update needs the fleet's broker",
            where="--broker",
            why="none was given",
            remedy="--broker mqtt://host:1883 with --name, or a fleet.toml with [broker]",
        )
    if key is None:
        raise UserError(
            "an update is signed",
            where="--key",
            why="no key was given",
            remedy="--key with the key that boards trust; `quelea ca init` makes one",
        )
    return Target(endpoint, name or "fleet", key, parts)


def command(asked: Asked) -> int:
    """Update a fleet; return 0 if every node runs it for good, 1 if one does not."""
    to = target(asked)
    key = signing.load_key(to.key)
    endpoint = to.endpoint
    board = staging.stage(parts=to.parts)
    with Server(endpoint, to.fleet) as server:
        server.listen(asked.listen_s)
        if not server.courses and not asked.only:
            raise UserError(
                f"no node of the fleet {to.fleet!r} is heard at {endpoint.host}",
                where="--name",
                why=f"nothing below quelea/1/{to.fleet}/n/",
                remedy="look at --broker and --name, or name nodes that are to come by --only",
            )
        made = release.make(board, 1)
        version = asked.release or _version(server, made, to.fleet, key)
        made = release.make(board, version)
        document = signing.sign(key, b"ota", made.body(to.fleet, asked.only or None))
        print(
            f"release {version}: {len(made.files)} files, {made.total_bytes} bytes, "
            f"parts {', '.join(sorted(to.parts))}",
            file=sys.stderr,
        )
        try:
            server.announce(made, document, asked.only or None)
            complete = server.serve(asked.wait_s, lambda rows: _say(asked, rows))
        except KeyboardInterrupt:
            print("stopped; " + _NEXT, file=sys.stderr)
            return EXIT_INTERRUPT
        return _judge(asked, server.wanted(), version, complete)


def _version(server: Server, made: release.Release, fleet: str, key: signing.Key) -> int:
    """Return the version that goes on with what is announced, or the next one."""
    highest = max((one.top for one in server.courses.values()), default=0)
    last = signing.verify(signing.public_bytes(key), b"ota", server.announced)
    if last is not None:
        body, _ = parse_body(last, fleet, 0)
        if body is not None:
            if body.list_digest == made.digest and body.version >= highest:
                return int(body.version)
            highest = max(highest, body.version)
    if highest >= VERSION_MAX:
        raise UserError("there is no higher version left", why=f"{highest} is the last one")
    return int(highest) + 1


def _say(asked: Asked, rows: list[Course]) -> None:
    """Print a line for each node whose stand has changed."""
    for one in rows:
        text = one.stand + (f": {one.cause}" if one.cause else "")
        if asked.said.get(one.id) != text:
            asked.said[one.id] = text
            print(f"{one.id:16} {text}", file=sys.stderr)


def _judge(asked: Asked, rows: list[Course], version: int, complete: bool) -> int:
    _say(asked, rows)
    counts: dict[str, int] = {}
    for one in rows:
        counts[one.stand] = counts.get(one.stand, 0) + 1
    good = counts.get(course.GOOD, 0)
    holds = bool(rows) and good == len(rows)
    print(
        f"{good} of {len(rows)} nodes run release {version} for good"
        + ("" if complete else f"; time was over after {asked.wait_s:g} s")
        + ("" if holds else "; " + _NEXT),
        file=sys.stderr,
    )
    if asked.as_json:
        checks: list[dict[str, Any]] = [
            {
                "name": "nodes that run the release for good",
                "ok": holds,
                "value": good,
                "bound": len(rows),
                "unit": "nodes",
            }
        ]
        results = {
            "release": version,
            "counts": counts,
            "nodes": [one.row() for one in sorted(rows, key=lambda one: one.id)],
        }
        print(json.dumps({"verdict": holds, "checks": checks, "results": results}))
    return 0 if holds else 1
