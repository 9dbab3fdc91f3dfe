"""Somebody else's broker, given by its address: probed, never started, stopped or broken."""

import ssl
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from quelea.errors import UserError
from quelea.fleet import mqtt_probe

PORT, TLS_PORT = 1883, 8883  # IANA's for MQTT
PROBE_S = 5.0
FORM = "mqtt://user:password@host:port, or mqtts://host:port?ca=FOLDER as `quelea ca` made it"


class ExternalBroker:
    """address: mqtt://[user:password@]host[:port]; UserError for anything else.

    All nodes share the one account that the address names. With mqtts://host[:port]?ca=FOLDER a
    host program shows its certificate from a folder of the fleet's authority; two at a time need
    one each, of which `&as=NAME` names another (`quelea ca issue --host NAME`).
    """

    kind = "external"

    def __init__(self, address: str, where: str = "--broker") -> None:
        self._where = where
        try:
            parts = urlsplit(address)
            tls = parts.scheme == "mqtts"
            port = parts.port if parts.port is not None else TLS_PORT if tls else PORT
        except ValueError as error:
            raise self._refuse(address, str(error)) from None
        if parts.scheme not in ("mqtt", "mqtts"):
            raise self._refuse(address, f"{parts.scheme}:// is not spoken by the nodes")
        if not parts.hostname or port == 0:
            raise self._refuse(address, "it names no host or port 0")
        query = parse_qs(parts.query)
        self._name = query.pop("as", [""])[0] if tls else ""
        if (
            parts.path not in ("", "/")
            or parts.fragment
            or set(query) != ({"ca"} if tls else set())
        ):
            raise self._refuse(address, "nothing may follow the port, but ?ca=FOLDER with mqtts")
        self.host = parts.hostname
        self.port = port
        self.authority = Path(query["ca"][0]) if tls else None
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")

    def _refuse(self, address: str, why: str) -> UserError:
        shown = address if "@" not in address else "mqtt://...@" + address.rpartition("@")[2]
        return UserError(
            f"{shown!r} is no broker's address",
            where=self._where,
            why=why,
            remedy=f"write it as {FORM}",
        )

    def credentials(self, user: str) -> tuple[str, str]:
        """Return the same account for every user."""
        return self._user, self._password

    def tls_context(self, user: str) -> ssl.SSLContext | None:
        """Return how a host program of this name connects, or None without TLS."""
        if self.authority is None:
            return None
        from quelea.secure import ca, emulated

        return emulated.context(ca.Authority(self.authority), self._name or user)

    def start(self) -> None:
        """Probe it; UserError when nobody answers or the account is refused."""
        mqtt_probe.require(
            self.host,
            self.port,
            self._user,
            self._password,
            where=self._where,
            timeout_s=PROBE_S,
            tls=self.tls_context("doctor"),
        )

    def stop(self) -> None:
        """Nothing: it is not ours."""
