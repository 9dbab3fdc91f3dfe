"""What a broker's message costs on this machine, and what fleets of 10^4 to 10^6 boards need.

    .venv/bin/python tools/scale.py                      measure, then compute: about 15 s
    .venv/bin/python tools/scale.py --clients 3000       more of them, each the slower
    .venv/bin/python tools/scale.py --us-alone 40 --us-cluster 90 --free 0.5      compute only

Paced gossip as a fleet's: every client publishes one frame a period on its own topic and hears
k neighbours. Clients are bare sockets in this process, so the CPU time is that of the servers.
"""

import argparse
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from quelea.fleet import broker as brokers
from quelea.fleet import mqtt_probe, procfs
from quelea.fleet.broker import EmbeddedBroker
from quelea.fleet.forkserver import Launcher
from quelea.fleet.nats_cluster import NatsCluster
from quelea_proto import topics
from quelea_proto.frames import STATE, frame_bytes

CLIENTS, NEIGHBOURS, FRAMES_PER_S, WINDOW_S = 300, 8, 600, 4.0
SETTLE_S = 1.0  # interest reaches the other servers of a cluster in this time
FLEET_BOARDS = 1000  # of one fleet in the plan below: one level of a hierarchy
BOARDS = (10_000, 100_000, 1_000_000)
PERIODS_S = (1, 10)


class Cost(NamedTuple):
    """What one kind of broker spent. us: of CPU for a message delivered. share: delivered."""

    kind: str
    out_per_s: float
    share: float
    us: float
    memory_mb: float


def packet(head: int, body: bytes) -> bytes:
    """Return an MQTT packet of less than 128 bytes of body."""
    assert len(body) < 128
    return bytes((head, len(body))) + body


def text(value: str) -> bytes:
    """Return an MQTT string."""
    return len(value).to_bytes(2, "big") + value.encode()


def topic(number: int) -> str:
    """Return the topic of a client's frames; all are of one length."""
    return topics.build("frame", "scale", f"n{number:04d}")


def connect(host: str, port: int, number: int, clients: int) -> socket.socket:
    """Return one of `clients`, accepted and subscribed to its neighbours."""
    link = socket.create_connection((host, port), 10)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.sendall(mqtt_probe.connect_packet(f"n{number:04d}"))
    assert link.recv(4)[:2] == b"\x20\x02", "no CONNACK"
    for step in range(1, NEIGHBOURS + 1):
        wanted = text(topic((number + step) % clients)) + b"\0"
        link.sendall(packet(0x82, step.to_bytes(2, "big") + wanted))
        assert link.recv(5)[:1] == b"\x90", "no SUBACK"
    link.setblocking(False)
    return link


def usage(servers: Sequence[EmbeddedBroker]) -> tuple[float, float]:
    """Return (CPU time in s, memory in MB) of all servers together."""
    found = [server.usage() for server in servers]
    rows: list[procfs.Usage] = [one for one in found if one is not None]
    return sum(row.cpu_s for row in rows), sum(row.private_kb for row in rows) / 1024


def gossip(links: Sequence[socket.socket], seconds: float) -> tuple[int, int]:
    """Publish in turn, FRAMES_PER_S of all; return (messages sent, bytes heard)."""
    frame = bytes(frame_bytes(STATE, NEIGHBOURS))
    said = [packet(0x30, text(topic(number)) + frame) for number in range(len(links))]
    with selectors.DefaultSelector() as selector:
        for link in links:
            selector.register(link, selectors.EVENT_READ)
        sent = heard = 0
        began_s = time.perf_counter()
        total = int(seconds * FRAMES_PER_S)
        quiet_s = 0.0
        while sent < total or quiet_s < 0.5:
            due_s = began_s + sent / FRAMES_PER_S - time.perf_counter()
            if sent < total and due_s <= 0:
                links[sent % len(links)].sendall(said[sent % len(links)])
                sent += 1
                due_s = 0.0
            wait_s = max(0.0, due_s) if sent < total else 0.1
            ready = selector.select(wait_s)
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                taken = len(key.fileobj.recv(65536))
                assert taken, "the server closed a connection: too many clients for this machine"
                heard += taken
            quiet_s = 0.0 if ready or sent < total else quiet_s + 0.1
    return sent, heard


def measure(kind: str, launcher: Launcher, folder: Path, clients: int) -> Cost:
    """Start a broker, let its clients gossip, and return what it spent."""
    made = brokers.create(kind, folder / kind, launcher)
    made.start()
    servers: Sequence[EmbeddedBroker]
    if isinstance(made, NatsCluster):
        servers = made.servers
    else:
        assert isinstance(made, EmbeddedBroker)
        servers = (made,)
    links = []
    try:
        for number in range(clients):
            door = brokers.address(made, number + 1)
            links.append(connect(door["host"], door["port"], number, clients))
        time.sleep(SETTLE_S)
        before_s, _ = usage(servers)
        sent, heard = gossip(links, WINDOW_S)
        after_s, memory_mb = usage(servers)
    finally:
        for link in links:
            link.close()
        made.stop()
    size = len(packet(0x30, text(topic(0)) + bytes(frame_bytes(STATE, NEIGHBOURS))))
    out = heard // size
    return Cost(
        kind,
        out / WINDOW_S,
        out / (sent * NEIGHBOURS),
        (after_s - before_s) * 1e6 / out,
        memory_mb,
    )


def plan(us_alone: float, us_cluster: float, free: float) -> str:
    """Return the table of what fleets need. free: share of a core that gossip may take."""
    size = frame_bytes(STATE, NEIGHBOURS) + 2 + len(text(topic(0)))
    lines = [
        f"k = {NEIGHBOURS} neighbours, {size} bytes a message, {us_alone:.0f} us a message on one "
        f"server, {us_cluster:.0f} us on three, a core is {free:.0%} filled",
        "",
        "| boards | period | in/s | out/s | Mbit/s out | cores, fleets apart | "
        "cores, one cluster | fleets of 1,000 |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for boards in BOARDS:
        for period_s in PERIODS_S:
            into = boards / period_s
            out = into * NEIGHBOURS
            lines.append(
                f"| {boards:,} | {period_s} s | {into:,.0f} | {out:,.0f} | "
                f"{out * size * 8 / 1e6:,.0f} | {out * us_alone / 1e6 / free:,.1f} | "
                f"{out * us_cluster / 1e6 / free:,.1f} | {boards // FLEET_BOARDS:,} |"
            )
    return "\n".join(lines)


def main() -> int:
    """Measure unless told the costs, then print the plan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--us-alone", type=float, help="CPU for a message on one server")
    parser.add_argument("--us-cluster", type=float, help="CPU for a message on three servers")
    parser.add_argument("--free", type=float, default=0.5, help="share of a core for gossip")
    parser.add_argument("--clients", type=int, default=CLIENTS, help="how many gossip")
    given = parser.parse_args()
    us = {"nats": given.us_alone, "nats-cluster": given.us_cluster}
    if None in us.values():
        period_s = given.clients / FRAMES_PER_S
        print(f"{given.clients} clients, {NEIGHBOURS} neighbours, a frame every {period_s} s")
        with tempfile.TemporaryDirectory() as name, Launcher() as launcher:
            for kind in us:
                cost = measure(kind, launcher, Path(name), given.clients)
                print(
                    f"{cost.kind:13} {cost.out_per_s:,.0f} out/s, {cost.share:.2%} delivered, "
                    f"{cost.us:.0f} us CPU a message, {cost.memory_mb:.0f} MB"
                )
                us[kind] = us[kind] or cost.us
    print(plan(us["nats"], us["nats-cluster"], given.free))
    return 0


if __name__ == "__main__":
    sys.exit(main())
