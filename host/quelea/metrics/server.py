"""The endpoints: /metrics for Prometheus, /healthz for whoever restarts things."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from quelea.errors import UserError
from quelea.metrics.collect import Collector

TIMEOUT_S = 5.0  # for a client to say what it wants


class _Handler(BaseHTTPRequestHandler):
    server: "Server"
    server_version = "quelea"
    sys_version = ""

    def setup(self) -> None:
        self.request.settimeout(TIMEOUT_S)
        super().setup()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept", ""))
            self._answer(200, kind, encode(self.server.registry))
        elif path == "/healthz":
            health = self.server.collector.health()
            body = json.dumps(health).encode() + b"\n"
            self._answer(200 if health["ok"] else 503, "application/json", body)
        else:
            self._answer(404, "text/plain", b"/metrics and /healthz\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing about each scrape."""


class Server(ThreadingHTTPServer):
    """Serves a collector's figures; the port is chosen by the system where it is 0."""

    daemon_threads = True

    def __init__(self, collector: Collector, host: str, port: int) -> None:
        self.collector = collector
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(collector)
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise UserError(
                f"{host}:{port} cannot be had: {getattr(error, 'strerror', None) or error}",
                "--port",
                "0 (a free one) to 65535",
                "name another port or host",
            ) from None
