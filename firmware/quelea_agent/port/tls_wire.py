"""TLS with the node's own certificate: a Wire like tcp.Wire, and what it needs once a boot.

The certificate is P-256 in DER and goes to the broker, whose own is checked against the fleet's
authority and its name. Dates are not, on a board without a clock. The handshake goes on with the
first packet, whenever the socket can be read; its arithmetic takes about a second of an ESP32 at
the most, so the load's cap must stand without the network, as it does.
"""

import binascii

import tls

from quelea_agent.port import tcp

FILES = ("ca", "cert", "key")
_DER = 0x30  # how every DER file begins
_NAME_CHARS_MAX = 64  # of a file; a key in base64 has more


class Wrapper:
    """row: {"ca", "cert", "key": names of files, or what they hold in base64; "name": of the
    broker in its certificate}."""

    def __init__(self, row: dict) -> None:
        """Raises OSError or ValueError for files that cannot be used."""
        parts = []
        for key in FILES:
            if len(row[key]) > _NAME_CHARS_MAX:
                parts.append(binascii.a2b_base64(row[key]))
            else:
                with open(row[key], "rb") as file:
                    parts.append(file.read())
            if not parts[-1] or parts[-1][0] != _DER:
                raise ValueError(key + " is no DER")
        self._name = row["name"]
        self._context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        self._context.verify_mode = tls.CERT_REQUIRED
        self._context.load_verify_locations(parts[0])
        self._context.load_cert_chain(parts[1], parts[2])

    def wire(self, raw):
        """Return the Wire of a connected socket, the handshake still to come."""
        return Wire(
            self._context.wrap_socket(
                raw, server_hostname=self._name, do_handshake_on_connect=False
            )
        )


class Wire(tcp.Wire):
    """shaking: the handshake goes on, and waits for bytes even when there is something to send.

    pending: bytes are decrypted already, so that poll would not tell of them. untrusted: one
    side did not believe the other.
    """

    def __init__(self, raw) -> None:
        tcp.Wire.__init__(self, raw)
        self.shaking = True
        self._length = 0  # of the packet that is under way: a record begun is finished as it was

    def read(self, space) -> int:
        """See tcp.Wire."""
        try:
            got = self._read(space)
        except (OSError, ValueError):
            got = tcp.BROKEN
        self.pending = self.readable = got == len(space)
        return 0 if got is None else tcp.CLOSED if got == 0 else got

    def send(self, data) -> int:
        """See tcp.Wire; the first packet also makes the handshake."""
        if self._length:
            data = data[: self._length]
        try:
            sent = self.raw.write(data)
        except (OSError, ValueError):  # ValueError: what the broker showed is not its certificate
            self.blocked = self.broken = True
            self.untrusted = self.shaking
            return 0
        if sent is None:
            self._length = len(data)
            self.blocked = True
            return 0
        self.shaking = False
        self._length = 0
        self.blocked = sent < len(data)
        return sent
