"""A scripted broker with the client under test, as the acceptance suite uses them."""

import pytest
from edge_broker import DISCONNECT, Peer, ScriptedBroker, publish
from edge_process import Process, drive

DOWN, UP = 0, 3
NAMES = tuple(
    "attempts connects losses sent received oversize offline_drops queue_drops unresolved "  # noqa: SIM905
    "refused rejected closed reset timeout garbage crash memory untrusted".split()
)
QUEUE = 32  # messages kept for a broker that is slow
BACKOFF_S_MAX = 1.0  # of the first attempt after a loss
BOTH = pytest.mark.parametrize("runtime", ["micropython", "cpython"])


class Pair:
    """A scripted broker and the client under test."""

    def __init__(self, runtime: str = "micropython", **options: object) -> None:
        self.broker = ScriptedBroker()
        self.client: Process = drive(runtime, self.broker.port, **options)

    def __enter__(self) -> "Pair":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.kill()
        self.broker.close()

    def up(self) -> Peer:
        """Accept the client and bring it up."""
        peer = self.broker.accept()
        peer.settle()
        return peer

    def counts(self, peer: Peer) -> dict[str, int]:
        """Ask the client for its counters; the connection works, or this fails."""
        start = len(self.client.rows)
        peer.send(publish("t/in", b"report"))
        row = self.client.until(lambda row: "turns" in row, start=start)
        return {"turns": row["turns"], **dict(zip(NAMES, row["counts"], strict=True))}

    def stop(self, peer: Peer) -> dict[str, int]:
        """End the client in order; return its last counters."""
        peer.send(publish("t/in", b"stop"))
        peer.until(lambda seen: seen.kind == DISCONNECT)
        peer.close()
        row = self.client.until(lambda row: "end" in row)
        assert self.client.end() == 0
        assert self.client.noise == []
        return dict(zip(NAMES, row["end"], strict=True))
