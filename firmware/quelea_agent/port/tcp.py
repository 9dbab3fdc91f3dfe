"""One TCP connection that never waits: dialled, wrapped for the MQTT client, told when readable.

MicroPython and CPython differ in three places, all of them here: how bytes are read into a
buffer, what a read that would wait returns, and what getaddrinfo lists.
"""

import errno
import socket

# why a connection ended, as far as the socket knows
OPEN = 0
CLOSED = 1  # the other side sent its end of file
RESET = 2  # any error of the operating system

_TCP = 6  # IPPROTO_TCP
_NODELAY = 1  # TCP_NODELAY: without it a small packet waits for the ack of the one before
_IN_PROGRESS = (errno.EINPROGRESS, errno.EAGAIN)


def resolve(host: str, port: int):
    """Return (family, address) of host; raises OSError. A name may wait for the resolver."""
    rows = socket.getaddrinfo(host, port)
    for row in rows:
        if row[0] == socket.AF_INET:  # "localhost" lists ::1 first, where few brokers listen
            return row[0], row[-1]
    return rows[0][0], rows[0][-1]


def dial(family: int, address):
    """Return a socket on its way to address: writable once connected. Raises OSError."""
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        raw.setblocking(False)
        try:
            raw.setsockopt(_TCP, _NODELAY, 1)
        except OSError:
            pass  # some boards refuse the option; the connection is slower, not wrong
        try:
            raw.connect(address)
        except OSError as error:
            if error.errno not in _IN_PROGRESS:
                raise
    except OSError:
        raw.close()
        raise
    return raw


class Wire:
    """A connected socket in the shape that the MQTT client expects.

    readable: set by the owner when poll said so; cleared by a read that emptied the socket, so
    that a turn which only sends costs no read. blocked: the last send did not take everything.
    cause: OPEN, CLOSED or RESET.
    """

    def __init__(self, raw) -> None:
        self.raw = raw
        self.readable = False
        self.blocked = False
        self.cause = OPEN
        self._read = raw.readinto if hasattr(raw, "readinto") else raw.recv_into

    def recv_into(self, buffer, size: int) -> int:
        """Read at most size bytes; 0 is the end; raises OSError(EAGAIN) when nothing is there."""
        if not self.readable:
            raise OSError(errno.EAGAIN, "")
        try:
            got = self._read(buffer, size)
        except OSError as error:
            if error.errno == errno.EAGAIN:
                self.readable = False
            else:
                self.cause = RESET
            raise
        if got is None:  # how MicroPython says EAGAIN
            self.readable = False
            raise OSError(errno.EAGAIN, "")
        if got == 0:
            self.cause = CLOSED
        self.readable = got == size
        return got

    def send(self, data) -> int:
        """Send what the socket takes now; return how many bytes; raises OSError."""
        try:
            sent = self.raw.send(data)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                self.cause = RESET
            self.blocked = True
            raise
        if sent is None:
            sent = 0
        self.blocked = sent < len(data)
        return sent

    def setblocking(self, flag: bool) -> None:
        """Do nothing: the socket never blocks."""

    def close(self) -> None:
        """Close the socket; never raises."""
        try:
            self.raw.close()
        except OSError:
            pass
