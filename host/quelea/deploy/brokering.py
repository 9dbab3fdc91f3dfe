"""`quelea broker`: a broker for a fleet, on this machine, with the accounts of secrets.toml.

It listens where [broker] says that it is, and keeps every node to its own topics. Once
`quelea ca deliver` gave the nodes certificates it speaks TLS and lets in nobody without one; that
needs mosquitto.
"""

import json
import signal
import sys
import time
from pathlib import Path

from quelea.deploy.fleet import BoardFleet
from quelea.errors import EXIT_FALSE, EXIT_OK
from quelea.fleet import broker as brokers
from quelea.fleet.forkserver import Launcher

LOOK_S = 0.2


def command(file: str, kind: str, folder: Path | None, as_json: bool = False) -> int:
    """Run the broker until Ctrl-C; return 1 if it ends by itself.

    as_json: one object once it runs.
    """
    fleet = BoardFleet(file)
    if fleet.secrets.complete(list(fleet.ids)):
        fleet.secrets.save()
    ca = fleet.secrets.table("host").get("ca")
    accounts = fleet.secrets.accounts(fleet.name, list(fleet.ids))
    asked: list[int] = []  # no Event: a second signal could meet its lock held by the first
    before = {
        number: signal.signal(number, lambda got, _: asked.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    launcher = Launcher(None)
    try:
        place = folder or Path("runs") / f"broker-{fleet.name}"
        broker = brokers.create(
            kind or ("mosquitto" if ca else "nats"),
            place,
            launcher,
            port=fleet.tables.port,
            accounts=accounts,
            authority=Path(ca) if ca else None,
        )
        broker.host = fleet.tables.host
        broker.start()
        found = {"kind": broker.kind, "host": broker.host, "port": broker.port}
        words = (
            json.dumps({"verdict": True, "checks": []} | found)
            if as_json
            else (f"{broker.kind} on {broker.host}:{broker.port}")
        )
        print(words, flush=True)
        print("The broker runs until Ctrl-C.", file=sys.stderr, flush=True)
        while not asked:
            time.sleep(LOOK_S)
            if not getattr(broker, "running", True):
                print(f"the broker ended; see {place}", file=sys.stderr)
                return EXIT_FALSE
        broker.stop()
    finally:
        launcher.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return EXIT_OK
