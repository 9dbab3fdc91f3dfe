"""Ask a broker whether it speaks MQTT: one real CONNECT and its CONNACK (MQTT 3.1.1, 3.1, 3.2)."""

import secrets
import socket
import ssl
import struct
import time
from collections.abc import Callable

from quelea.errors import UserError

TRY_S = 1.5  # wait for one CONNACK; a fresh NATS may lose the first CONNECT
PAUSE_S = 0.01  # between refused connections of a broker that is starting

ACCEPTED = 0
CAUSES = {
    1: "it does not speak MQTT 3.1.1",
    2: "it refuses the client id",
    3: "it says that it is unavailable",
    4: "it refuses the user name or the password",
    5: "it does not authorise this user",
}


class NoAnswer(Exception):
    """Nobody answered, or what answered was not MQTT."""


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def connect_packet(client_id: str, user: str = "", password: str = "") -> bytes:
    """Return a CONNECT with a clean session, keepalive 10 s, and credentials if user is given."""
    flags = 0x02 | (0xC0 if user else 0)
    body = _text("MQTT") + bytes((4, flags)) + struct.pack(">H", 10) + _text(client_id)
    if user:
        body += _text(user) + _text(password)
    head = bytearray((0x10,))
    length = len(body)
    while True:
        length, digit = length >> 7, length & 0x7F
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def _dressed(raw: socket.socket, host: str, tls: ssl.SSLContext | None) -> socket.socket:
    return raw if tls is None else tls.wrap_socket(raw, server_hostname=host)


def ask(
    host: str,
    port: int,
    user: str = "",
    password: str = "",
    timeout_s: float = TRY_S,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Return the code of the CONNACK (0: accepted); NoAnswer says why there was none."""
    client_id = "quelea-probe-" + secrets.token_hex(3)
    try:
        with (
            socket.create_connection((host, port), timeout_s) as raw,
            _dressed(raw, host, tls) as link,
        ):
            link.sendall(connect_packet(client_id, user, password))
            answer = b""
            while len(answer) < 4:
                chunk = link.recv(4 - len(answer))
                if not chunk:
                    raise NoAnswer("it closed the connection without a CONNACK")
                answer += chunk
            link.sendall(b"\xe0\x00")  # DISCONNECT
    except TimeoutError:
        raise NoAnswer("no answer in time") from None
    except OSError as error:
        raise NoAnswer(error.strerror or str(error)) from None
    if answer[:2] != b"\x20\x02":
        raise NoAnswer("what answers there does not speak MQTT")
    return answer[3]


def await_ready(
    host: str,
    port: int,
    user: str = "",
    password: str = "",
    *,
    timeout_s: float,
    alive: Callable[[], bool] = lambda: True,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Ask again until a CONNACK comes; return its code, or NoAnswer after timeout_s.

    alive: asked before each try, so that a broker that has died ends the wait at once.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        left_s = deadline - time.monotonic()
        if not alive():
            raise NoAnswer("the process ended")
        try:
            return ask(host, port, user, password, max(0.05, min(TRY_S, left_s)), tls)
        except NoAnswer:
            if time.monotonic() + PAUSE_S >= deadline:
                raise
            time.sleep(PAUSE_S)


def require(
    host: str,
    port: int,
    user: str,
    password: str,
    *,
    where: str,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Raise UserError, in one sentence with its remedy, unless the broker accepts a client."""
    place = f"{host}:{port}"
    try:
        code = await_ready(host, port, user, password, timeout_s=timeout_s, tls=tls)
    except NoAnswer as error:
        raise UserError(
            f"no MQTT broker answers at {place}",
            where=where,
            why=f"{error}, tried for {timeout_s:g} s",
            remedy="start it, or leave --broker out to use the embedded one",
        ) from None
    if code != ACCEPTED:
        raise UserError(
            f"the broker at {place} refuses the connection",
            where=where,
            why=CAUSES.get(code, f"return code {code}"),
            remedy="give the credentials as mqtt://user:password@host:port",
        )
