"""A broker for the fleet: started here on loopback, or somebody else's, behind one interface.

`BROKERS` names the kinds; each is a file with a class `BROKER` (see `nats.py`). A kind says how
its binary is found and configured; starting, probing and breaking it are the same for all.
"""

import contextlib
import importlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Protocol

from quelea.errors import UserError
from quelea.fleet import mqtt_probe, nodelog, procfs
from quelea.fleet.accounts import HOST_USER, Accounts
from quelea.fleet.forkserver import Child, Launcher, LaunchError

LOOPBACK = "127.0.0.1"
READY_S = 20.0  # 30 ms on a quiet machine; this is for one that is not
STOP_S = 5.0
PROBE_USER = "doctor"  # of TLS: a second client with the host's certificate would end the first
PORT_TRIES = 5  # a port found free can be taken before the broker binds it
PACKET_BYTES_MAX = 65536  # the largest is the host's document of a fleet of 400

BROKERS = {
    "nats": "quelea.fleet.nats",
    "nats-cluster": "quelea.fleet.nats_cluster",
    "mosquitto": "quelea.fleet.mosquitto",
}


class Broker(Protocol):
    """What the fleet needs to know of any broker."""

    host: str
    port: int

    @property
    def kind(self) -> str:
        """Name of the kind, for people."""
        ...

    def credentials(self, user: str) -> tuple[str, str]:
        """Return (user name, password) for a node id or HOST_USER; empty strings: anonymous."""
        ...

    def start(self) -> None:
        """Return once an MQTT client is accepted; UserError when that cannot be."""
        ...

    def stop(self) -> None:
        """End it, if it is ours."""
        ...


class EmbeddedBroker:
    """A broker process on loopback whose files are all in one folder.

    folder: made if missing. port: 0 takes a free one and keeps it over restarts. accounts: who
    may log in and say what; None lets everybody. authority: the folder of one, for TLS with
    certificates in place of accounts. binary: None finds one.
    """

    kind: ClassVar[str] = ""

    def __init__(
        self,
        folder: Path,
        launcher: Launcher,
        *,
        port: int = 0,
        accounts: Accounts | None = None,
        authority: Path | None = None,
        binary: Path | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.host = LOOPBACK
        self.port = port
        self.accounts = accounts if authority is None else None
        self.authority = authority
        self.binary = binary or self.find_binary()
        self.log = self.folder / "broker.log"
        self._launcher = launcher
        self._child: Child | None = None
        self._port_wanted = port

    # -- what a kind supplies -------------------------------------------------------------------
    @classmethod
    def find_binary(cls) -> Path:
        """Return the path of the program; UserError with the remedy when there is none."""
        raise NotImplementedError

    def configure(self) -> Sequence[str]:
        """Write the configuration for self.port into self.folder; return the command line."""
        raise NotImplementedError

    # -- life -----------------------------------------------------------------------------------
    @property
    def running(self) -> bool:
        """Whether the process exists, frozen or not."""
        return self._child is not None and self._child.exit_code is None

    @property
    def pid(self) -> int | None:
        """Process id, or None when it does not run."""
        return self._child.pid if self._child is not None and self.running else None

    def credentials(self, user: str) -> tuple[str, str]:
        """Return (user name, password) for a node id or HOST_USER; empty strings: anonymous."""
        return self.accounts.of(user) if self.accounts is not None else ("", "")

    def tls_context(self, user: str) -> ssl.SSLContext | None:
        """Return how a host program of this name connects, or None without TLS."""
        if self.authority is None:
            return None
        from quelea.secure import ca, emulated  # what has no TLS needs no `cryptography`

        return emulated.context(ca.Authority(self.authority), user)

    def start(self) -> None:
        """Start and wait for a real CONNACK; UserError when the port or the program forbids it."""
        self.make_folder()
        if self._port_wanted:
            require_free(self._port_wanted)
        for attempt in range(PORT_TRIES):
            if not self._port_wanted:
                self.port = free_port()
            try:
                self._launch()
                return
            except UserError:
                lost_race = "address already in use" in self._log_text().lower()
                if self._port_wanted or not lost_race or attempt == PORT_TRIES - 1:
                    raise

    def make_folder(self) -> None:
        """Make the folder of its files; UserError where that cannot be."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"the broker's folder {self.folder} cannot be made",
                why=error.strerror or "",
                remedy="choose a folder that can be written",
            ) from None

    def stop(self) -> None:
        """End it in good order, then by force; returns within 2 STOP_S."""
        if self._child is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._child.signal(number)
            self._child.signal(signal.SIGCONT)  # a frozen one cannot end
            if self._child.wait(STOP_S) is not None:
                break

    def kill(self) -> None:
        """End it as a crash does (SIGKILL); returns once it is gone."""
        if self._child is not None:
            self._child.signal(signal.SIGKILL)
            self._child.wait(STOP_S)

    def restart(self, down_s: float = 0.0) -> None:
        """Kill it and start it again on the same port with the same store, down_s later."""
        self.kill()
        time.sleep(down_s)  # the length of the outage is what the caller asked for
        self._launch()

    def freeze(self) -> None:
        """Stop it from running while its connections stay open."""
        if self._child is not None:
            self._child.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen broker run on."""
        if self._child is not None:
            self._child.signal(signal.SIGCONT)

    def usage(self) -> procfs.Usage | None:
        """Return memory and CPU time, or None when it does not run or cannot be read."""
        return procfs.usage(self.pid) if self.pid is not None else None

    def _log_text(self) -> str:
        return "\n".join(nodelog.tail(self.log, 40))

    def _launch(self) -> None:
        self.spawn()
        self.settle()

    def spawn(self) -> None:
        """Start the process and return at once; `settle` waits for it."""
        if self.running:
            raise RuntimeError(f"{self.kind} already runs")
        try:
            self._child = self._launcher.spawn(self.configure(), cwd=self.folder, log=self.log)
        except (OSError, subprocess.SubprocessError, LaunchError) as error:
            raise UserError(
                f"the {self.kind} broker {self.binary} cannot be started",
                why=str(error),
                remedy="choose a folder that can be written, or another broker with --broker",
            ) from None

    def settle(self) -> None:
        """Wait until a client is accepted; UserError when that does not come to pass."""
        child = self._child
        assert child is not None
        user, password = self.credentials(HOST_USER)
        tls = self.tls_context(PROBE_USER)
        try:
            code = mqtt_probe.await_ready(
                self.host,
                self.port,
                user,
                password,
                timeout_s=READY_S,
                alive=lambda: child.exit_code is None,
                tls=tls,
            )
            failure = "" if code == mqtt_probe.ACCEPTED else mqtt_probe.CAUSES.get(code, str(code))
        except mqtt_probe.NoAnswer as error:
            failure = str(error)
        if failure:
            self.kill()
            last = (self._log_text().splitlines() or ["it wrote nothing"])[-1]
            raise UserError(
                f"the {self.kind} broker {self.binary} did not start on port {self.port}",
                why=f"{failure}; its last line: {last[:200]}",
                remedy=f"read {self.log}, or choose another broker with --broker",
            )


class Place(Protocol):
    """Where nodes may connect."""

    host: str
    port: int


def address(door: Place, number: int) -> dict[str, Any]:
    """Return what cfg.json says of where a node connects: host and port, a cluster's others.

    door: a broker or what stands before it. The nodes are spread over a cluster by their number;
    each goes on to the next server when its own is lost. They subscribe to nothing at QoS 1 there:
    each such subscription is state that the servers vote on, and stalls while they cannot.
    """
    servers: Sequence[Place] = getattr(door, "servers", (door,))
    first = (number - 1) % len(servers)
    own, *others = (*servers[first:], *servers[:first])
    row: dict[str, Any] = {"host": own.host, "port": own.port}
    if others:
        row["others"] = [[other.host, other.port] for other in others]
        row["qos_max"] = 0
    return row


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(port: int, where: str = "--port") -> None:
    """UserError unless port can be bound on loopback."""
    if not 1 <= port <= 65535:
        raise UserError(
            f"{port} is no port", where=where, why="ports are 1 to 65535", remedy="choose one"
        )
    with socket.socket() as probe:
        # As brokers do: a port whose old connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise UserError(
                f"port {port} on {LOOPBACK} cannot be used",
                where=where,
                why=error.strerror or "",
                remedy="end the program that holds it, or leave the port out to get a free one",
            ) from None


def find_program(name: str, *, dist: str = "", folders: Sequence[str] = ()) -> Path | None:
    """Return a program from a wheel's files, beside this Python, on PATH, or in folders."""
    places: list[Path] = []
    if dist:
        with contextlib.suppress(metadata.PackageNotFoundError):
            files = metadata.distribution(dist).files or []
            places += [Path(str(file.locate())) for file in files if file.name == name]
    places.append(Path(sys.executable).parent / name)
    on_path = shutil.which(name)
    if on_path:
        places.append(Path(on_path))
    places += [Path(folder) / name for folder in folders]
    for place in places:
        if shutil.which(str(place)):
            return place.resolve()
    return None


def create(
    kind: str,
    folder: Path,
    launcher: Launcher,
    *,
    port: int = 0,
    accounts: Accounts | None = None,
    authority: Path | None = None,
) -> Broker:
    """Return a broker that is not started yet.

    kind: a name of BROKERS, such a name with the path of its program (`mosquitto:/opt/mosquitto`),
    or the address of a running broker (`mqtt://user:password@host:port`). UserError for others.
    authority: the folder of one, for TLS; mosquitto has it.
    """
    if authority is not None and kind.partition(":")[0] != "mosquitto":
        raise UserError(
            f"the broker {kind} with certificates",
            where="--broker",
            why="that needs a broker which takes the user name from the certificate",
            remedy="give --broker mosquitto",
        )
    if "://" in kind:
        from quelea.fleet.external import ExternalBroker

        return ExternalBroker(kind)
    name, _, path = kind.partition(":")
    if name not in BROKERS:
        raise UserError(
            f"{kind!r} is no broker",
            where="--broker",
            why=f"known are {', '.join(BROKERS)} and mqtt://host:port",
            remedy="leave --broker out to use the embedded one",
        )
    binary = Path(path).expanduser().resolve() if path else None
    if binary is not None and shutil.which(str(binary)) is None:
        raise UserError(
            f"there is no program {binary}", where="--broker", remedy="give the path of the broker"
        )
    maker: Callable[..., Broker] = importlib.import_module(BROKERS[name]).BROKER
    more = {"authority": authority} if authority is not None else {}
    return maker(folder, launcher, port=port, accounts=accounts, binary=binary, **more)
