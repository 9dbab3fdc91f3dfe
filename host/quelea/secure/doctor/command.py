"""Run all that can be looked at with what was given, and print it."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from quelea.coordinator.link import Endpoint
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.fleet.external import ExternalBroker
from quelea.secure.doctor import access, brokerlog, machine
from quelea.secure.doctor import fleet as fleets
from quelea.secure.doctor.finding import ERROR, NOTE, OK, WARNING, Finding

SIGNS = {OK: "ok", NOTE: "note", WARNING: "warning", ERROR: "ERROR"}
_LISTENER = re.compile(r"^listener (\d+)(?: (\S+))?", re.MULTILINE)


@dataclass(frozen=True)
class Asked:
    """fleet_file: a fleet.toml, or "". broker: its address, or "". ca: an authority's folder.

    run: the folder of a run of `quelea fleet --tls`. log: the broker's. name: of the fleet.
    """

    fleet_file: str = ""
    broker: str = ""
    ca: Path | None = None
    run: Path | None = None
    log: Path | None = None
    name: str = ""
    seconds: float = 6.0


def command(asked: Asked, as_json: bool) -> int:
    """Print findings; 1 if one of them is an error."""
    found = list(look(asked))
    errors = sum(one.severity == ERROR for one in found)
    warnings = sum(one.severity == WARNING for one in found)
    if as_json:
        checks = [
            {"name": one.name, "ok": one.good, "value": one.value, "bound": 0, "unit": one.of}
            for one in found
        ]
        print(json.dumps({"verdict": not errors, "checks": checks,
                          "results": [vars(one) for one in found]}))  # fmt: skip
    for one in found:
        print(f"{SIGNS[one.severity]:8} {one.name}: {one.text}", file=sys.stderr)
        if one.remedy and not one.good:
            print(f"         Remedy: {one.remedy}", file=sys.stderr)
    print(f"{errors} errors, {warnings} warnings", file=sys.stderr)
    return EXIT_FALSE if errors else EXIT_OK


def look(asked: Asked) -> Iterator[Finding]:
    """Yield every finding."""
    asked = _completed(asked)
    members: list[str] = []
    yield from machine.look()
    if asked.fleet_file:
        asked, members = _of_file(asked)
    if asked.ca is not None:
        from quelea.secure import ca
        from quelea.secure.doctor import certificates

        authority = ca.Authority(asked.ca)
        asked = replace(asked, name=asked.name or authority.fleet)
        members = members or [
            one.id for one in authority.issued if one.role == ca.NODE and not one.revoked
        ]
        yield from certificates.look(authority)
    if asked.log is not None:
        yield from brokerlog.look(asked.log)
    if asked.broker:
        yield from _of_broker(asked, members)
    else:
        text = "no broker was looked at"
        yield Finding("broker", NOTE, text, "give --broker, --run, or broker in fleet.toml")


def _completed(asked: Asked) -> Asked:
    """Fill in what a run's folder tells."""
    if asked.run is None:
        return asked
    broker = asked.run / "broker"
    try:
        match = _LISTENER.search((broker / "mosquitto.conf").read_text())
    except OSError:
        match = None
    if match is None:
        raise UserError(
            f"{asked.run} has no mosquitto.conf", "--run", "", "a run with `--broker mosquitto`"
        )
    ca = asked.run / "ca" if (asked.run / "ca").is_dir() else None
    tail = f"s://localhost:{match[1]}?ca={ca}" if ca else f"://localhost:{match[1]}"
    return replace(
        asked,
        broker=asked.broker or "mqtt" + tail,
        ca=asked.ca or ca,
        log=asked.log or broker / "broker.log",
    )


def _of_file(asked: Asked) -> tuple[Asked, list[str]]:
    """Return what a fleet.toml adds, and the ids of its members."""
    from quelea.configure import fleetfile
    from quelea.topology.graph import node_id

    given, group = fleetfile.load(fleetfile.find(asked.fleet_file))
    count = len(group.loads)
    broker = str(given.get("broker", ""))
    asked = replace(
        asked,
        broker=asked.broker or (broker if "://" in broker else ""),
        name=asked.name or str(given.get("name", "fleet")),
    )
    return asked, [node_id(number, count) for number in range(1, count + 1)]


def _of_broker(asked: Asked, members: list[str]) -> Iterator[Finding]:
    address = asked.broker
    if asked.ca is not None and address.startswith("mqtts://") and "?ca=" not in address:
        address += f"?ca={asked.ca}"
    endpoint = ExternalBroker(address)
    tls = endpoint.tls_context("doctor")
    name = asked.name or "fleet"
    account = endpoint.credentials("doctor")
    found = list(access.look(endpoint.host, endpoint.port, name, account, tls))
    yield from found
    if found[0].severity == ERROR:
        return
    place: Endpoint = endpoint
    ear = fleets.Ear(place, name, "doctor")
    if ear.listen(members, asked.seconds):
        yield from fleets.look(ear, members)
