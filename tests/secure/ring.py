"""Guards of a few nodes that all hear each other, without network or board."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from quelea.secure import keys
from quelea_agent.port import auth
from quelea_agent.settings import Settings, load
from quelea_proto import topics

FLEET = "demo"
MASTER = bytes(range(32))
IDS = {1: "n01", 2: "n02", 3: "n03"}


def settings_of(number: int) -> Settings:
    cfg = {
        "fleet": FLEET,
        "id": IDS[number],
        "node": number,
        "neighbours": [[n, IDS[n], 0] for n in sorted(IDS) if n != number],
    }
    settings, problem = load(cfg)
    assert problem is None
    return settings


def configs() -> dict[int, dict[str, object]]:
    return {
        n: {"id": IDS[n], "neighbours": [[m, IDS[m], 0] for m in sorted(IDS) if m != n]}
        for n in sorted(IDS)
    }


class Node:
    """A guard with a transport and link of its own: `heard` is what went on to the link."""

    def __init__(self, folder: Path, number: int, mode: str) -> None:
        self.number = number
        self.id = IDS[number]
        self.folder = folder / self.id
        self.folder.mkdir()
        self.settings = settings_of(number)
        self.config = keys.node_configs(configs(), mode, dict.fromkeys(IDS.values(), 2))[number]
        peers = [row[1] for row in self.config["peers"]]
        (self.folder / auth.PATH).write_bytes(keys.key_file(MASTER, FLEET, mode, self.id, peers))
        self.heard: list[tuple[bytes, bytes]] = []

    def boot(self, session: int, stored: bool = True) -> "Node":
        """Begin anew with nothing but the stored session."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            self.transport = SimpleNamespace(receive=self._link, seal=None)
            node = SimpleNamespace(
                link=SimpleNamespace(settings=self.settings),
                agent=SimpleNamespace(session=session),
                transport=self.transport,
                stored=stored,
                parts=[],
            )
            assert auth.attach(node, self.config) == ""
        self.guard = node.parts[0]
        self.heard.clear()
        return self

    def _link(self, topic: bytes, payload: bytes) -> None:
        self.heard.append((topic, payload))

    def say(self, payload: bytes, name: str = "frame", to: str = "") -> tuple[bytes, bytes]:
        topic = topics.build(name, FLEET, self.id, to).encode()
        sealed = self.transport.seal(topic, payload)
        return topic, bytes(sealed) if sealed is not None else b""

    def hear(self, message: tuple[bytes, bytes]) -> bool:
        """Return whether a message went on to the link."""
        before = len(self.heard)
        self.transport.receive(*message)
        return len(self.heard) > before

    @property
    def counts(self) -> dict[str, int]:
        return {name: n for name, n in zip(auth.NAMES, self.guard.counts, strict=True) if n}


def greet(*nodes: Node) -> None:
    """Let all hear of each other's sessions: two messages each."""
    for _ in range(2):
        for one in nodes:
            message = one.say(b"hello")
            for other in nodes:
                if other is not one:
                    other.hear(message)
