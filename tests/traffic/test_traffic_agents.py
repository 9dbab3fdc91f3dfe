"""The intersections' agents: what they believe, what lies cost, what the lamps show."""

import random

import pytest
from quelea.traffic import lies
from quelea.traffic.controllers.agents import LIES
from quelea.traffic.run import Job, run
from quelea_agent.crossing import BINS, CAR_Q, OPTIONS, Crossing, Plan
from quelea_proto.claim_row import Claim, pack, row_bytes, unpack
from test_traffic_world import need_sumo

FREE_Q = 100_000


def crossing(neighbours: int = 3, **options: int) -> Crossing:
    """Two lanes, two phases; lane 0 leads to exit 0 and so to neighbour 2, lane 1 to exit 1."""
    return Crossing(
        Plan({
            "node": 1,
            "numbers": list(range(2, 2 + neighbours)),
            "back_slots": [0] * neighbours,
            "phases": [[[0, 0, FREE_Q, [0]]], [[1, 0, FREE_Q, [1]]]],
            "rooms_q": [20 * CAR_Q, 20 * CAR_Q],
            "exits": 2,
            "exit_slots": [0, -1],
            "slots": [[[1], 14, 6, 300] for _ in range(neighbours)],
            "shared": [],
            "yellow_s": 3,
            "red_s": 1,
            "options": options,
        }),
        1,
    )  # fmt: skip


def claim(node: int, seq: int, load: int, full: int = 0, sent: int = 0) -> bytes:
    buffer = bytearray(row_bytes(1))
    pack(buffer, node, 1, seq, load, ([full], [sent]))
    return bytes(buffer)


def steps(one: Crossing, count: int) -> None:
    for _ in range(count):
        one.step(())
        one.head.tick()


def test_cars_that_stand_get_green_and_none_is_given_to_nobody() -> None:
    one = crossing()
    one.queue_q[1] = 5 * CAR_Q
    steps(one, 12)
    assert one.head.phase == 1
    one.queue_q[1] = 0
    steps(one, 20)
    assert one.head.phase == 1  # nobody comes: no change for its own sake
    one.coming_q[0][1] = 3 * CAR_Q
    steps(one, 6)
    assert one.head.next == 0


def test_demand_that_cannot_arrive_in_time_is_no_demand() -> None:
    near, far = crossing(), crossing()
    near.coming_q[1][2] = far.coming_q[1][BINS - 1] = 6 * CAR_Q
    for one in (near, far):
        one.queue_q[0] = CAR_Q
        steps(one, 6)
    assert near.head.next == 1
    assert far.head.next == 0


def test_a_lane_that_waited_too_long_goes_first() -> None:
    one = crossing(red_s_max=30, green_s_max=200)
    one.queue_q[:] = [30 * CAR_Q, CAR_Q]
    steps(one, 29)
    assert one.head.changes == 0
    steps(one, 3)
    assert one.head.next == 1


def test_nothing_is_sent_into_a_full_road() -> None:
    one = crossing()
    one.queue_q[:] = [10 * CAR_Q, CAR_Q]
    steps(one, 6)
    assert one.head.next == 0
    one.exit_full[0] = 100
    steps(one, 1)
    assert one.head.next == 1


def test_a_claim_alone_stops_nobody_whose_own_detector_sees_room() -> None:
    """REQ-TRAFFIC-4."""
    one = crossing()
    one.queue_q[:] = [10 * CAR_Q, CAR_Q]
    for second in range(20):
        one.step([(2, claim(2, second + 1, 100, full=100))])
        one.head.tick()
    assert one.head.changes == 0
    one.exit_full[0] = 30
    one.step([(2, claim(2, 21, 100, full=100))])
    assert one.braked[0] > 50


def test_one_liar_does_not_move_what_is_agreed_out_of_the_honest_range(seed: int) -> None:
    """REQ-TRAFFIC-8."""
    draws = random.Random(seed)
    for _ in range(200):
        one = crossing()
        one.queue_q[:] = [8 * CAR_Q, 8 * CAR_Q]  # a load of 40 percent
        near = one.neighbourhood
        loads = [draws.randrange(38, 43) for _ in range(2)]
        lie = draws.choice([0, 100])
        for node, load in zip((2, 3, 4), [*loads, lie], strict=True):
            near.take(node, claim(node, 1, load))
        one.step(())
        assert min(40, *loads) <= near.agreed <= max(40, *loads)


def test_with_two_claims_nothing_is_agreed() -> None:
    """REQ-TRAFFIC-8."""
    one = crossing()
    for node in (2, 3):
        one.neighbourhood.take(node, claim(node, 1, 90))
    one.step(())
    assert one.neighbourhood.agreed == 0  # the own load


def test_a_lane_that_stands_at_green_is_left_to_another_phase() -> None:
    plan = crossing().plan
    plan.phases = [[[0, 0, FREE_Q, []]], [[0, 0, CAR_Q, []]]]  # the second lets some of it go
    one = Crossing(plan, 1)
    one.queue_q[0] = 9 * CAR_Q
    steps(one, 30)
    assert one.head.changes == 0
    one.stands[0] = 1
    steps(one, 7)
    assert one.head.next == 1


def test_a_queue_that_cannot_reach_the_stop_line_gets_no_green() -> None:
    """REQ-TRAFFIC-5: it stands behind a car of another lane; nobody would use the green."""
    one = crossing()
    one.plan.shared = [0, 1]
    one.queue_q[:] = [9 * CAR_Q, 2 * CAR_Q]
    one.stands[:] = [0, 1]
    steps(one, 10)
    assert one.head.next == 1
    moving = crossing()
    moving.plan.shared = [0, 1]
    moving.queue_q[:] = [9 * CAR_Q, 2 * CAR_Q]
    moving.stands[:] = [0, 1]
    moving.coming_q[0][1] = CAR_Q  # the queue dissolves
    steps(moving, 10)
    assert moving.head.changes == 0


def test_no_more_cars_are_expected_than_lanes_can_pass() -> None:
    """REQ-TRAFFIC-4."""
    one = crossing(ahead=1)
    near = one.neighbourhood
    near.take(2, claim(2, 1, 0, sent=0))
    for _ in range(9):
        one.step(())
    near.take(2, claim(2, 2, 0, sent=200))
    total_q = sum(near.ahead_q(1, at) for at in range(BINS))
    assert total_q == 5 * CAR_Q  # in nine seconds, one lane


def test_claims_of_strangers_old_ones_and_garbage_change_nothing(seed: int) -> None:
    """REQ-TRAFFIC-1, REQ-TRAFFIC-2."""
    one = crossing()
    near = one.neighbourhood
    near.take(2, claim(2, 5, 10, full=20))
    before = (list(near.full), list(near.load), list(near.age_s))
    near.take(2, claim(2, 5, 90, full=90))
    near.take(9, claim(9, 1, 90))
    near.take(3, claim(2, 6, 90))
    draws = random.Random(seed)
    row = Claim()
    for _ in range(2000):
        damaged = bytearray(claim(2, 7, 30, full=40))
        for _ in range(draws.randrange(1, 4)):
            damaged[draws.randrange(len(damaged))] ^= 1 << draws.randrange(8)
        if draws.random() < 0.3:
            del damaged[draws.randrange(len(damaged)) :]
        if not unpack(damaged, row):
            near.take(2, damaged)
    assert (list(near.full), list(near.load), list(near.age_s)) == before
    assert near.refused > 1500


def test_a_claim_has_these_bytes() -> None:
    """REQ-TRAFFIC-1."""
    buffer = bytearray(row_bytes(2))
    pack(buffer, 0x0102, 3, 0x040506, 70, ([100, 5], [256 + 9, 255]))
    head = bytes([1 << 5 | 21, 2, 1, 3, 0, 6, 5, 4, 0, 70, 2, 100, 5, 9, 255])
    crc = 0xFFFF
    for byte in head:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    assert bytes(buffer) == head + crc.to_bytes(2, "little")


def test_an_intersection_with_no_news_speaks_once_a_minute() -> None:
    """REQ-TRAFFIC-3."""
    one = crossing(ahead=1)
    said = 0
    for _ in range(300):
        said += one.step(()) is not None
        one.head.tick()
    assert said == 5
    one.left[0] = 1
    assert sum(one.step(()) is not None for _ in range(30)) == 10  # every third car
    other = crossing()
    other.left[0] = 1
    said = sum(other.step(()) is not None for _ in range(30))
    assert said == 1, "without a forecast nobody needs to know how many were sent"


@pytest.mark.parametrize("name", [row[0] for row in LIES])
def test_lies_are_claims_that_say_something_else(name: str) -> None:
    honest = claim(2, 9, 40, full=30, sent=7)
    row = Claim()
    assert unpack(dict(lies.LIES)[name](honest), row)
    assert (row.node, row.seq) == (2, 9)
    assert (row.load, row.full_at(0), row.sent_at(0)) != (40, 30, 7)


def test_the_lamps_never_skip_a_stage_and_the_agents_beat_the_program() -> None:
    need_sumo()
    shown: list[list[str]] = []
    result = run(
        Job("grid", "agents", 1, liars=1, cuts=1),
        watch=lambda _, lamps: shown.append([lamp.shown for lamp in lamps]),
    )
    for course in zip(*shown, strict=True):
        spans = spans_of(course)
        assert len(spans) > 8
        for (before, _), (state, seconds), (after, _) in zip(spans, spans[1:], spans[2:]):
            if "y" in state:
                assert seconds == 3
                assert "y" not in after and all(
                    a == "r" or a == b for a, b in zip(after, before, strict=True)
                )
            elif any(a in "Gg" and b in "Gy" for a, b in zip(state, after, strict=True)):
                assert seconds >= dict(OPTIONS)["green_s_min"]
    assert result.delay_s < run(Job("grid", "fixed", 1)).delay_s
    assert result.extra["lies"] > 0


def spans_of(course: tuple[str, ...]) -> list[tuple[str, int]]:
    spans: list[tuple[str, int]] = []
    for state in course:
        if spans and spans[-1][0] == state:
            spans[-1] = (state, spans[-1][1] + 1)
        else:
            spans.append((state, 1))
    return spans
