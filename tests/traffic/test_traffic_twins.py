"""Signals with hardly a road in between are one intersection; nobody is caught between them."""

from quelea.traffic import networks, roads, twins
from quelea.traffic.roads import Link, Signal
from quelea.traffic.run import GENERATED
from test_traffic_world import need_sumo

SHORT_M = {"a1": 12.0, "b1": 12.0, "b2": 12.0}


def pair() -> list[Signal]:
    """West and east: west lets its arm and its side street into b1 and b2, b2 turns and yields."""
    west = Signal(
        "west", (0.0, 0.0), ["arm", "side", "a1"], [14.0] * 3,
        [Link(0, 0, "b1"), Link(1, 0, "b2"), Link(2, 1, "b1"), Link(3, 2, "out")],
        ["GGrG", "rrGr"], [30, 30], 3, 0, parts=(("west", 4),),
    )  # fmt: skip
    east = Signal(
        "east", (10.0, 0.0), ["b1", "b2", "far", "cross"], [14.0] * 4,
        [Link(0, 0, "go"), Link(1, 1, "left"), Link(2, 2, "a1"), Link(3, 3, "left")],
        ["GgGr", "GGrr", "rrrG"], [30, 10, 30], 3, 1, parts=(("east", 4),),
    )  # fmt: skip
    return [west, east]


def test_twins_have_the_phases_in_which_nobody_is_caught_between() -> None:
    """REQ-TRAFFIC-6."""
    (whole,) = twins.joined(pair(), SHORT_M)
    assert whole.parts == (("west", 4), ("east", 4))
    assert (whole.yellow_s, whole.red_s, whole.place) == (3, 1, (5.0, 0.0))
    between = {"a1", "b1", "b2"}
    for state in whole.greens:
        free = {whole.lanes[link.lane] for link in whole.links if state[link.lamp] == "G"}
        for link in whole.links:
            if link.out in between and state[link.lamp] in "Gg":
                assert link.out in free, state
    assert "GrrGGgGr" in whole.greens  # straight on both ways, without whoever would wait to turn
    assert "GGrGGGrr" in whole.greens
    assert len(whole.greens) == len(set(whole.greens)) < 6
    served = {lane for state in whole.greens for lane in whole.lanes_of_state(state)}
    assert served == set(range(len(whole.lanes)))


def test_signals_with_a_road_in_between_stay_apart() -> None:
    apart = twins.joined(pair(), {lane: 60.0 for lane in SHORT_M})
    assert [signal.id for signal in apart] == ["west", "east"]
    assert [len(signal.greens) for signal in apart] == [2, 3]


def test_twins_that_would_leave_a_lane_out_stay_apart() -> None:
    west, east = pair()
    east.greens = ["rrGr", "rrrG"]  # nobody ever leaves b1
    assert len(twins.joined([west, east], SHORT_M)) == 2


def test_the_grid_has_no_twins() -> None:
    need_sumo()
    networks.sumo_home()
    net = networks.files(networks.find("grid"), GENERATED).net
    assert len(roads.read(net, join=twins.joined).signals) == 4
