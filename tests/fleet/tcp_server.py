"""A plain TCP server that keeps what it was sent, for tests of what lies in front of it."""

import contextlib
import socket
import threading


class Server:
    """A TCP server that keeps what each connection has sent, and can answer."""

    def __init__(self, echo: bool = True) -> None:
        self.echo = echo
        self.links: list[socket.socket] = []
        self.got: list[bytearray] = []
        self.ends: list[str] = []  # "fin" or "rst", by connection
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self.links.append(link)
            self.got.append(bytearray())
            self.ends.append("")
            threading.Thread(target=self._serve, args=(len(self.links) - 1,), daemon=True).start()

    def _serve(self, at: int) -> None:
        link = self.links[at]
        try:
            while data := link.recv(65536):
                self.got[at] += data
                if self.echo:
                    link.sendall(data)
            self.ends[at] = "fin"
        except OSError:
            self.ends[at] = self.ends[at] or "rst"

    def close(self) -> None:
        for sock in [self._listener, *self.links]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
