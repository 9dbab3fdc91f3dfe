"""`quelea bridge` as a function; the command line only hands arguments over."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from quelea.bridge.bridge import FIRST_S, Bridge
from quelea.errors import EXIT_INTERRUPT, UserError
from quelea.fleet.external import ExternalBroker

DAY_S = 86_400.0


@dataclass
class Asked:
    """What the command line says; see `quelea bridge --help`."""

    broker: str
    fleet: str = "fleet"
    once: bool = False
    remove_gone: bool = False
    remove: Sequence[str] = ()
    listen_s: float = FIRST_S + 1.0
    as_json: bool = False


def command(asked: Asked) -> int:
    """Announce the nodes of a fleet to Home Assistant, until Ctrl-C or once."""
    with Bridge(ExternalBroker(asked.broker), asked.fleet, version("quelea")) as bridge:
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
                print(f"bridging {asked.fleet}; Ctrl-C ends it", file=sys.stderr)
                while True:
                    bridge.wait(DAY_S)
        except KeyboardInterrupt:
            return EXIT_INTERRUPT
        if asked.once and not bridge.nodes:
            raise UserError(
                f"no node of the fleet {asked.fleet!r} is heard",
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
