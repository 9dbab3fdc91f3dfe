"""`quelea bridge` as a function; the command line only hands arguments over."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from quelea.bridge.bridge import FIRST_S, Bridge
from quelea.coordinator.link import Endpoint
from quelea.errors import EXIT_INTERRUPT, UserError
from quelea.fleet.external import ExternalBroker

DAY_S = 86_400.0


@dataclass
class Asked:
    """What the command line says; see `quelea bridge --help`. file: a fleet.toml, or ""."""

    broker: str = ""
    fleet: str = ""
    file: str = ""
    once: bool = False
    remove_gone: bool = False
    remove: Sequence[str] = ()
    listen_s: float = FIRST_S + 1.0
    as_json: bool = False


def _place(asked: Asked) -> tuple[Endpoint, str]:
    """Return (broker, fleet's name) of the options, else of the fleet.toml."""
    if asked.broker or not asked.file:
        if not asked.broker:
            raise UserError(
                "a bridge needs the broker of the fleet and of Home Assistant",
                where="--broker",
                remedy="--broker mqtt://host:1883 with --name, or a fleet.toml with [broker]",
            )
        return ExternalBroker(asked.broker), asked.fleet or "fleet"
    from quelea.deploy.fleet import BoardFleet

    boards = BoardFleet(asked.file)
    return boards.endpoint, asked.fleet or boards.name


def command(asked: Asked) -> int:
    """Announce the nodes of a fleet to Home Assistant, until Ctrl-C or once."""
    endpoint, fleet = _place(asked)
    with Bridge(endpoint, fleet, version("quelea")) as bridge:
        removed: list[str] = []
        failed: list[str] = []
        try:
            if asked.remove or asked.remove_gone:
                bridge.wait(asked.listen_s)
                removed = sorted({*asked.remove, *(bridge.gone() if asked.remove_gone else ())})
                failed = bridge.remove(removed)
                print(f"removed: {', '.join(removed) or 'nothing'}", file=sys.stderr)
            elif asked.once:
                bridge.wait(asked.listen_s, until_quiet=True)
            else:
                print(f"bridging {fleet}; Ctrl-C ends it", file=sys.stderr)
                while True:
                    bridge.wait(DAY_S)
        except KeyboardInterrupt:
            return EXIT_INTERRUPT
        if asked.once and not bridge.nodes:
            raise UserError(
                f"no node of the fleet {fleet!r} is heard",
                where="--name",
                remedy="look at --broker and --name",
            )
        return _judge(asked, bridge, removed, failed)


def _judge(asked: Asked, bridge: Bridge, removed: list[str], failed: list[str]) -> int:
    holds = not failed and not bridge.crashes
    there = sorted(node.id for node in bridge.nodes.values() if node.there)
    print(f"{bridge.announcements} of {len(there)} nodes announced anew", file=sys.stderr)
    if asked.as_json:
        check = {
            "name": "messages that the broker did not take", "ok": not failed,
            "value": len(failed), "bound": 0, "unit": "messages",
        }  # fmt: skip
        results = {
            "nodes": there,
            "announced": bridge.announcements,
            "removed": removed,
            "gone": bridge.gone(),
        }
        print(json.dumps({"verdict": holds, "checks": [check], "results": results}))
    return 0 if holds else 1
