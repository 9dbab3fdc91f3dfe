"""The edges of a node in a cluster: what it subscribes to, whom it believes, when it speaks."""

from types import SimpleNamespace

import pytest
from quelea.adversaries.forge import Attack
from quelea.hierarchy.plan import ring_of
from quelea_agent.port import cluster as edge
from quelea_proto import cluster_row

IDS = {number: f"n{number:02}" for number in range(1, 16)}


def topic(number: int) -> bytes:
    return f"quelea/1/demo/n/{IDS[number]}/ct".encode()


@pytest.fixture
def node():
    """Node 1 of three clusters of five, with edges that only keep what is said."""
    settings = SimpleNamespace(fleet="demo", id="n01", node=1, period_ms=100, lo_q=0, hi_q=999)
    said, passed = [], []
    made = SimpleNamespace(
        said=said,
        passed=passed,
        agent=SimpleNamespace(
            next_wake_ms=0,
            session=3,
            settled_q=70,
            neighbours=SimpleNamespace(live=bytearray((1, 1, 0, 1))),
        ),
        link=SimpleNamespace(settings=settings, subscriptions=lambda: [(b"own", 1)]),
        transport=SimpleNamespace(
            seal=None,
            receive=lambda *row: passed.append(row),
            publish=lambda where, data: said.append((where, bytes(data))),
        ),
        ticks=SimpleNamespace(ticks_ms=lambda: made.now_ms),
        attack=None,
        parts=[],
        now_ms=0,
    )
    config = ring_of((5, 5, 5), 1).node_config(1, IDS) | {"counted": True}
    assert edge.attach(made, config) == ""
    return made


def turn(node, now_ms):
    node.now_ms = now_ms
    node.parts[0].turn(now_ms)


def test_it_hears_delegates_and_passes_on_the_rest(node):
    wanted = node.link.subscriptions()
    assert sorted(row[0] for row in wanted) == sorted([b"own", *map(topic, range(2, 16))])
    node.transport.receive(b"quelea/1/demo/cfg", b"{}")
    assert node.passed == [(b"quelea/1/demo/cfg", b"{}")]
    machine = node.parts[0].machine
    out = bytearray(cluster_row.row_bytes(3))
    cluster_row.pack_head(out, 6, 1, 1, 0, 1, 5, 3)
    cluster_row.seal(out)
    node.transport.receive(topic(7), bytes(out))
    assert machine.refused == 1, "on the topic of another"
    node.transport.receive(topic(6), bytes(out))
    node.transport.receive(topic(6), b"")
    assert machine.refused == 2 and sum(machine.heard[1].live) == 1 and len(node.passed) == 1


def test_a_round_follows_each_round_of_the_agent(node):
    turn(node, 5)
    assert node.said == []
    node.agent.next_wake_ms = 100
    turn(node, 10)
    turn(node, 20)
    assert [row[0] for row in node.said] == [topic(1)]
    row = cluster_row.Row()
    assert cluster_row.unpack(node.said[0][1], row)
    assert (row.node, row.session, row.cluster, row.fleet_q) == (1, 3, 0, 70)
    assert cluster_row.size_at(row.payload, 0) == 4, "itself and three that live"
    name, text = node.parts[0].figures()[0]
    assert name == "cluster" and '"fleet_q":70' in text and '"ages":[0,255,255]' in text


def test_plain_members_get_the_head(node):
    config = ring_of((5, 5, 5), 1, candidates=4)
    plain = SimpleNamespace(**vars(node))
    plain.link = SimpleNamespace(
        settings=SimpleNamespace(**vars(node.link.settings)), subscriptions=lambda: []
    )
    plain.parts = []
    assert edge.attach(plain, config.node_config(1, IDS) | {"counted": False}) == ""
    plain.agent.next_wake_ms = 300
    turn(plain, 10)
    assert [row[0][-2:] for row in node.said] == [b"ct", b"cl"]
    assert len(node.said[1][1]) == 19
    plain.link.settings.node, plain.link.settings.id = 5, "n05"
    assert edge.attach(plain, config.node_config(5, IDS) | {"counted": False}) == ""
    wanted = [row[0] for row in plain.parts[1].subscriptions()][:4]
    assert all(where.endswith(b"/cl") for where in wanted)


def test_a_liar_says_something_else(node):
    node.link.settings.numbers = ()
    node.attack = Attack(node.link.settings, {"delegate": True}, SimpleNamespace())
    node.agent.next_wake_ms = 100
    turn(node, 10)
    row = cluster_row.Row()
    assert cluster_row.unpack(node.said[0][1], row)
    assert row.fleet_q == 999 and row.seq == 1
    assert {cluster_row.value_at(row.payload, at) for at in range(3)} == {999}


def test_with_tags_on_frames_it_is_refused(node):
    node.transport.seal = print
    assert "no tags" in edge.attach(node, {})


@pytest.mark.parametrize("broken", [None, {}, {"own": 0}, []])
def test_a_faulty_configuration_is_refused(node, broken):
    assert edge.attach(node, broken).startswith("cluster: ")
