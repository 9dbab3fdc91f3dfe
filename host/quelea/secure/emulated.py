"""What a node of `quelea fleet` is given beside its firmware: certificate, keys, host's key.

The same files as a board's; `quelea enroll` copies them from a folder of the authority, here they
come from one that lives as long as the run.
"""

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.secure import keys, signing
from quelea.secure.ca import Authority, create


class Security:
    """mode: of authentication, see keys.MODES. tls: whether nodes have certificates.

    configs: cfg.json by node number, to be completed by `complete`.
    """

    def __init__(
        self, folder: Path, fleet: str, configs: Mapping[int, dict[str, Any]], mode: str, tls: bool
    ) -> None:
        self.authority: Authority = create(folder, fleet, ["localhost", "127.0.0.1"])
        self.tls = tls
        self.mode = mode
        self._signer = self.authority.signer()
        self._numbers = {config["id"]: number for number, config in configs.items()}
        for node_id in self._numbers:
            self.authority.issue(node_id)
        self._auth = (
            keys.node_configs(configs, mode, self.authority.sessions) if mode != "none" else {}
        )

    def complete(self, config: dict[str, Any]) -> dict[str, bytes]:
        """Enter into a node's configuration what it needs; return its files by name."""
        node_id, number = config["id"], config["node"]
        place = self.authority.folder / "nodes" / node_id
        names = ["sign.public"]
        config["trust"] = {}
        if self.tls:
            names += [f"{node_id}.key.der", f"{node_id}.cert.der", "ca.der"]
            config["tls"] = {
                "ca": "ca.der",
                "cert": f"{node_id}.cert.der",
                "key": f"{node_id}.key.der",
                "name": "localhost",
            }
        files = {name: (place / name).read_bytes() for name in names}
        if number in self._auth:
            auth = self._auth[number]
            peers = [row[1] for row in auth["peers"]]
            config["auth"] = auth
            files["auth.keys"] = keys.key_file(
                self.authority.master(), self.authority.fleet, self.mode, node_id, peers
            )
        return files

    def renew(self, node_id: str) -> None:
        """Give a node a new certificate and new sessions; what it is given next has them."""
        self.authority.revoke(node_id)
        self.authority.issue(node_id)
        if self._auth:
            self._auth[self._numbers[node_id]]["session_min"] = self.authority.sessions[node_id]

    @property
    def opened(self) -> Callable[[bytes], bytes] | None:
        """What takes the tags off a message, or None where there are none."""
        return keys.opened if self._auth else None

    def sign(self, body: bytes) -> bytes:
        """Return the signed document of a configuration."""
        return signing.sign(self._signer, b"cfg", body)


def context(authority: Authority, user: str) -> ssl.SSLContext:
    """Return how a host program connects: its certificate, and the fleet's authority alone."""
    place = authority.folder / "hosts" / user
    if not place.is_dir():
        raise UserError(
            f"{user!r} has no certificate in {authority.folder}",
            remedy=f"`quelea ca issue --host {user} --folder {authority.folder}`",
        )
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(authority.folder / "ca.cert.pem")
    made.load_cert_chain(place / f"{user}.cert.pem", place / f"{user}.key.pem")
    return made
