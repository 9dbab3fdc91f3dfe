"""Three nats-servers on loopback as one broker: what a fleet runs on that one server cannot carry.

Gossip (QoS 0) goes through the routes between the servers and touches no disk, so it survives the
loss of a server without a pause. What is kept (retained messages, QoS 1) lies in streams on all
three and needs two of them. After the loss of a server it waits for an election, 4 to 9 s, and so
does a new connection if the lost server led; nodes that are connected do without (`link.py`). The
killed server sends none of the last wills it held: who is there is known by leases alone.
"""

import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

from quelea.errors import UserError
from quelea.fleet.accounts import Accounts
from quelea.fleet.broker import LOOPBACK, free_port
from quelea.fleet.forkserver import Launcher
from quelea.fleet.nats import NatsBroker

SERVERS = 3  # two are a majority: one may be lost
LEADER = "new metadata leader"  # with "JetStream cluster" before or in the middle of it
LEADER_S = 5.0  # for the servers to find each other and vote; 0.2 to 0.6 s
POLL_S = 0.01
START_TRIES = 3  # a port for the routes can be taken before the server binds it
# Streams live on all servers, or the loss of one could end them; a subscription's own state need
# not, and on one it is made in a quarter of the time.
REPLICAS = f"stream_replicas: {SERVERS}\n  consumer_replicas: 1"


class Server(NatsBroker):
    """One server of the cluster; `name` is its own, unique in the cluster."""

    def __init__(
        self,
        folder: Path,
        launcher: Launcher,
        name: str,
        *,
        port: int = 0,
        accounts: Accounts | None = None,
        binary: Path | None = None,
    ) -> None:
        super().__init__(folder, launcher, port=port, accounts=accounts, binary=binary)
        self.server_name = name
        self.mqtt_text = REPLICAS

    def join(self, cluster: str, own: int, routes: Sequence[int], password: str) -> None:
        """Set where the servers meet: own port, all ports, and the password among them."""
        known = [f"nats://route:{password}@{LOOPBACK}:{port}" for port in routes if port != own]
        self.cluster_text = f"""\
cluster {{
  name: {cluster}
  listen: "{LOOPBACK}:{own}"
  authorization {{ user: route, password: "{password}" }}
  no_advertise: true
  routes: [{", ".join(f'"{route}"' for route in known)}]
}}"""

    def said(self) -> str:
        """Return its log, "" when there is none yet."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def has_leader(self) -> bool:
        """Whether it knows who leads the cluster, or has ended."""
        return LEADER in self.said().replace("JetStream cluster ", "") or not self.running


class NatsCluster:
    """servers: of which nodes take one each (`broker.address`). host, port: of one that runs.

    port: of the first server, 0 for a free one. The other arguments are those of a single broker.
    """

    kind: ClassVar[str] = "nats-cluster"

    def __init__(
        self,
        folder: Path,
        launcher: Launcher,
        *,
        port: int = 0,
        accounts: Accounts | None = None,
        binary: Path | None = None,
    ) -> None:
        self.accounts = accounts
        self.servers = tuple(
            Server(
                folder / f"s{number}",
                launcher,
                f"s{number}",
                port=port if number == 1 else 0,
                accounts=accounts,
                binary=binary,
            )
            for number in range(1, SERVERS + 1)
        )

    @property
    def _living(self) -> Server:
        return next((one for one in self.servers if one.running), self.servers[0])

    @property
    def host(self) -> str:
        """Of the first server that runs."""
        return self._living.host

    @property
    def port(self) -> int:
        """Of the first server that runs."""
        return self._living.port

    def credentials(self, user: str) -> tuple[str, str]:
        """Return (user name, password) for a node id or HOST_USER; empty strings: anonymous."""
        return self.servers[0].credentials(user)

    def start(self) -> None:
        """Start all servers and wait until each accepts a client; 1 to 6 s."""
        for server in self.servers:
            server.make_folder()
        for attempt in range(1, START_TRIES + 1):
            try:
                self._start()
                return
            except UserError:
                self.stop()
                if attempt == START_TRIES or not self._lost_race():
                    raise

    def _start(self) -> None:
        password = secrets.token_urlsafe(16)
        routes = [free_port() for _ in self.servers]
        for server, own in zip(self.servers, routes, strict=True):
            server.log.unlink(missing_ok=True)
            server.port = server.port or free_port()
            server.join("quelea", own, routes, password)
            server.spawn()
        # A client that comes before they have chosen a leader waits 5 s for it.
        deadline_s = time.monotonic() + LEADER_S
        while time.monotonic() < deadline_s and not all(one.has_leader() for one in self.servers):
            time.sleep(POLL_S)
        for server in self.servers:
            server.settle()

    def _lost_race(self) -> bool:
        return any("address already in use" in one.said().lower() for one in self.servers)

    def stop(self) -> None:
        """End all servers."""
        with ThreadPoolExecutor(len(self.servers)) as pool:
            list(pool.map(Server.stop, self.servers))

    def nodes_of(self, server: Server, count: int) -> list[int]:
        """Return the numbers, of 1..count, of the nodes that begin at this server."""
        first = self.servers.index(server) + 1
        return list(range(first, count + 1, len(self.servers)))


BROKER = NatsCluster
