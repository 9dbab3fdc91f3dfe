"""One TCP connection that never waits: dialled, read and written as far as it goes.

MicroPython and CPython differ in three places, all of them here: how bytes are read into a
buffer, what a read that would wait returns, and what getaddrinfo lists.
"""

import errno
import socket

from quelea_proto.limits import const

# what read() returns besides a number of bytes; 0 is "nothing now"
CLOSED = -1  # the other side sent its end of file
BROKEN = -2  # any error of the operating system

_TCP = const(6)  # IPPROTO_TCP
_NODELAY = const(1)  # TCP_NODELAY: without it a small packet waits for the ack of the one before
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
    """A connected socket that does not raise.

    readable: set by the owner when poll said so; cleared by a read that emptied the socket, so
    that a turn which only sends costs no read. blocked: the last send did not take everything;
    cleared by the owner when poll said that the socket can be written. broken: a send failed.
    shaking, pending, untrusted: see tls_wire.py; never so here.
    """

    shaking = False
    pending = False
    untrusted = False

    def __init__(self, raw) -> None:
        self.raw = raw
        self.readable = False
        self.blocked = False
        self.broken = False
        self._read = raw.readinto if hasattr(raw, "readinto") else raw.recv_into

    def read(self, space) -> int:
        """Read into space; return the number of bytes, 0 for none now, CLOSED or BROKEN."""
        try:
            got = self._read(space)
        except OSError as error:
            self.readable = False
            return 0 if error.errno == errno.EAGAIN else BROKEN
        if got is None:  # how MicroPython says EAGAIN
            self.readable = False
            return 0
        if got == 0:
            return CLOSED
        self.readable = got == len(space)
        return got

    def send(self, data) -> int:
        """Send what the socket takes now; return how many bytes."""
        try:
            sent = self.raw.send(data)
        except OSError as error:
            self.blocked = True
            self.broken = self.broken or error.errno != errno.EAGAIN
            return 0
        self.blocked = sent < len(data)
        return sent

    def part(self, packet: bytes, poller, left_ms) -> None:
        """Send a last packet, then read until the other side closes. left_ms(): how long to wait.

        A socket closed with unread bytes resets the connection, and the broker might then see
        the reset before the packet and publish the will.
        """
        space = bytearray(256)
        self.send(packet)
        while not self.broken:
            wait_ms = left_ms()
            if wait_ms <= 0 or not (self.pending or poller.poll(wait_ms)):
                return
            if self.read(space) < 0:
                return
