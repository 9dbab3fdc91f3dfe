"""Run all that can be looked at with what was given, and print it."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

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
    probe: tuple[str, str] = ("", "")  # a node's account, without TLS: the host may do all


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
    from quelea.deploy.secrets import Secrets
    from quelea.topology.graph import node_id

    path = fleetfile.find(asked.fleet_file)
    given, group = fleetfile.load(path)
    count = len(group.loads)
    members = [node_id(number, count) for number in range(1, count + 1)]
    broker = str(given.get("broker", ""))
    tables = fleetfile.load_boards(path)
    secrets = Secrets.beside(path)
    ca = str(secrets.table("host").get("ca", ""))
    password = str(secrets.table("host").get("password", ""))
    probe = str(secrets.node(members[0]).get("password", "")) if password else ""
    if tables.host and ca:
        broker = f"mqtts://{tables.host}:{tables.port}?ca={ca}"
    elif tables.host:
        who = f"host:{quote(password, safe='')}@" if password else ""
        broker = f"mqtt://{who}{tables.host}:{tables.port}"
    asked = replace(
        asked,
        broker=asked.broker or (broker if "://" in broker else ""),
        ca=asked.ca or (Path(ca) if ca else None),
        name=asked.name or str(given.get("name", "fleet")),
        probe=(members[0], probe) if probe and not ca else ("", ""),
    )
    return asked, members


def _of_broker(asked: Asked, members: list[str]) -> Iterator[Finding]:
    address = asked.broker
    if asked.ca is not None and address.startswith("mqtts://") and "?ca=" not in address:
        address += f"?ca={asked.ca}"
    endpoint = ExternalBroker(address)
    tls = endpoint.tls_context("doctor")
    name = asked.name or "fleet"
    account = endpoint.credentials("doctor")
    probe = asked.probe if asked.probe[0] else account
    found = list(access.look(endpoint.host, endpoint.port, name, account, probe, tls))
    yield from found
    if found[0].severity == ERROR:
        return
    place: Endpoint = endpoint
    ear = fleets.Ear(place, name, "doctor")
    if tls is None and account[0] and account == probe:
        text = "the account given was probed, which may be the host's: it may do all"
        yield Finding("access", NOTE, text)
    if ear.listen(members, asked.seconds):
        yield from fleets.look(ear, members)
