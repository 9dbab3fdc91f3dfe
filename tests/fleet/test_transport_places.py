"""A cluster's node: the servers are tried in turn, and cfg.json says which they are."""

import pytest
from edge_broker import ScriptedBroker
from quelea_agent.port import config, mqtt
from quelea_agent.port.backlog import Places
from test_transport_scripted import Ticks, connect
from waiting import until

HOST = "127.0.0.1"


def transport_to(ticks: Ticks, *ports: int) -> mqtt.Transport:
    others = [[HOST, port] for port in ports[1:]]
    row = {"host": HOST, "port": ports[0], "others": others, "keepalive_s": 10}
    return mqtt.Transport(ticks, row, "n01", 1, (b"w", b"x"), lambda *_: None)


def lose(transport: mqtt.Transport, ticks: Ticks) -> None:
    """Wait for the end of the connection, then let the time of the next attempt come."""
    until(lambda: transport.poll(ticks.ticks_ms() + 10) or not transport.state(), 5, "the end")
    ticks.ahead_ms += 20_000


def test_after_a_lost_connection_the_next_server_is_tried() -> None:
    ticks = Ticks()
    with ScriptedBroker() as first, ScriptedBroker() as second:
        transport = transport_to(ticks, first.port, second.port)
        for broker in (first, second, first):
            peer = connect(transport, ticks, broker)
            peer.close()
            lose(transport, ticks)
        assert transport.counts[mqtt.NAMES.index("connects")] == 3
        assert transport.counts[mqtt.NAMES.index("refused")] == 0
        transport.close(0)


def test_a_dead_server_is_passed_over() -> None:
    ticks = Ticks()
    with ScriptedBroker() as dead, ScriptedBroker() as living:
        port = dead.port
        dead.__exit__(None, None, None)
        transport = transport_to(ticks, port, living.port)
        transport.connect()
        lose(transport, ticks)
        until(lambda: transport.counts[mqtt.NAMES.index("refused")] == 1, 5, "the refusal")
        connect(transport, ticks, living)
        transport.close(0)


def test_names_are_resolved_once_for_one_server_and_at_each_turn_for_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> tuple[int, tuple[str, int]]:
        asked.append((host, port))
        return 2, (host, port)

    monkeypatch.setattr("quelea_agent.port.tcp.resolve", resolve)
    alone = Places({"host": "a", "port": 1})
    for forget in (False, True, False):
        assert alone.address() == (2, ("a", 1))
        alone.turn(forget)
    assert asked == [("a", 1)] * 2
    asked.clear()
    several = Places({"host": "a", "port": 1, "others": [["b", 2], ["c", 3]]})
    for _ in range(4):
        several.address()
        several.turn(False)
    assert asked == [("a", 1), ("b", 2), ("c", 3), ("a", 1)]


@pytest.mark.parametrize(
    "others",
    [5, [["h"]], [["", 1]], [["h", 0]], [["h", 70_000]], [["h", True]], [[1, 1]], [["h", 1]] * 9],
)
def test_faulty_lists_are_refused(others: object) -> None:
    assert "others" in config._broker({"host": "h", "port": 1, "others": others})
    assert config._broker({"host": "h", "port": 1, "others": [["h", 1]]}) == ""
    assert "qos_max" in config._broker({"host": "h", "port": 1, "qos_max": 2})
