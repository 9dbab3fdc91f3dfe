"""Give the boards of a fleet.toml their certificates and keys, by way of secrets.toml.

`quelea enroll` puts what stands there under `[nodes.<id>.keys]` into a board's protected store,
and `quelea deploy` adds the parts of the firmware that need it.
"""

import base64
from pathlib import Path
from typing import Any

from quelea.deploy.fleet import BoardFleet
from quelea.errors import UserError
from quelea.secure import keys
from quelea.secure.ca import Authority


def deliver(authority: Authority, file: str, mode: str) -> list[str]:
    """Write the keys of every node into secrets.toml; return the ids that were issued for it.

    mode: of authentication, see keys.MODES. UserError for another fleet, or too many peers.
    """
    if mode not in keys.MODES:
        raise UserError(f"no authentication named {mode!r}", "--auth", ", ".join(keys.MODES))
    fleet = BoardFleet(file)
    if fleet.name != authority.fleet:
        raise UserError(
            f"{fleet.path} is the fleet {fleet.name!r}, the authority is of {authority.fleet!r}",
            "--folder",
            remedy="choose the folder that was made for this fleet",
        )
    issued = [node_id for node_id in fleet.ids if authority.issue(node_id)]
    configs = {number: fleet.config(node_id) for node_id, number in fleet.ids.items()}
    auth = keys.node_configs(configs, mode, authority.sessions) if mode != "none" else {}
    for node_id, number in fleet.ids.items():
        fleet.secrets.node(node_id)["keys"] = _keys(
            authority, node_id, fleet.tables.host, auth.get(number)
        )
    fleet.secrets.table("host")["ca"] = str(authority.folder.resolve())
    fleet.secrets.complete(list(fleet.ids))
    for node_id in fleet.ids:
        fleet.secret(node_id)  # refuses what a board's store does not hold
    fleet.secrets.save()
    return issued


def _keys(
    authority: Authority, node_id: str, broker: str, auth: dict[str, Any] | None
) -> dict[str, Any]:
    """Return what a board is given, as its cfg.json has it."""
    place = authority.folder / "nodes" / node_id
    row: dict[str, Any] = {
        "tls": {
            "ca": _base64(place / "ca.der"),
            "cert": _base64(place / f"{node_id}.cert.der"),
            "key": _base64(place / f"{node_id}.key.der"),
            "name": broker,
        },
        "trust": {"key": _base64(place / "sign.public")},
    }
    if auth is not None:
        peers = [peer[1] for peer in auth["peers"]]
        master, fleet = authority.master(), authority.fleet
        secret = keys.key_file(master, fleet, auth["mode"], node_id, peers)
        row["auth"] = {**auth, "keys": base64.b64encode(secret).decode()}
    return row


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
