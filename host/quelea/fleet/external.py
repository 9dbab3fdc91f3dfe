"""Somebody else's broker, given by its address: probed, never started, stopped or broken."""

from urllib.parse import unquote, urlsplit

from quelea.errors import UserError
from quelea.fleet import mqtt_probe

PORT = 1883  # IANA's for MQTT without TLS
PROBE_S = 5.0
FORM = "mqtt://user:password@host:port"


class ExternalBroker:
    """address: mqtt://[user:password@]host[:port]; UserError for anything else.

    All nodes share the one account that the address names.
    """

    kind = "external"

    def __init__(self, address: str, where: str = "--broker") -> None:
        self._where = where
        try:
            parts = urlsplit(address)
            port = parts.port if parts.port is not None else PORT
        except ValueError as error:
            raise self._refuse(address, str(error)) from None
        if parts.scheme != "mqtt":
            raise self._refuse(address, f"{parts.scheme}:// is not spoken by the nodes")
        if not parts.hostname or port == 0:
            raise self._refuse(address, "it names no host or port 0")
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise self._refuse(address, "nothing may follow the port")
        self.host = parts.hostname
        self.port = port
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

    def start(self) -> None:
        """Probe it; UserError when nobody answers or the account is refused."""
        mqtt_probe.require(
            self.host,
            self.port,
            self._user,
            self._password,
            where=self._where,
            timeout_s=PROBE_S,
        )

    def stop(self) -> None:
        """Nothing: it is not ours."""
