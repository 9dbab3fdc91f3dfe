"""Rounds and ages, by the own clock only, also where it goes round at 2^30 ms."""

import pytest
from small_fleet import K4, PERIOD_MS, agent, counted, due, frame

RING_MS = 2**30


@pytest.mark.parametrize("start_ms", (0, 12345, RING_MS - 1, RING_MS - 1500))
def test_rounds_keep_their_period(start_ms):
    """REQ-CLOCK-1, REQ-CLOCK-3: the first at the node's phase, then one every period_ms."""
    one = agent(3, K4)
    assert one.step(start_ms, ()) == ()
    first_ms = 3 * 619 % PERIOD_MS
    wakes = []
    for _ in range(5):
        wakes.append((one.next_wake_ms - start_ms) % RING_MS)
        before = (one.next_wake_ms - 1) % RING_MS
        assert len(one.step(before, ())) == 0, "nothing before it is due"
        assert len(one.step(one.next_wake_ms, ())) == 1
    assert wakes == [first_ms + PERIOD_MS * i for i in range(5)]


def test_a_lost_period_is_counted_and_not_made_up_for():
    """REQ-CLOCK-4: one round, then the period counts from now."""
    one = agent(1, K4)
    due(one)
    late_ms = one.next_wake_ms + 5 * PERIOD_MS + 7
    assert len(one.step(late_ms, ())) == 1
    assert counted(one, "late") == 1 and one.next_wake_ms == late_ms + PERIOD_MS
    assert len(one.step(late_ms + 1, ())) == 0


@pytest.mark.parametrize("start_ms", (0, RING_MS - 2500))
def test_a_value_is_fresh_for_fresh_rounds(start_ms):
    """REQ-CLOCK-2: used while its frame is at most fresh_rounds * period_ms old."""
    one = agent(1, K4, fresh_rounds=3, rule="mean", faults_max=0)
    one.step(start_ms, ())
    one.step(one.next_wake_ms, ())
    heard_ms = one.next_wake_ms
    one.step(heard_ms, [(2, frame(node=2, value_q=90))])
    for _ in range(3):
        one.step(one.next_wake_ms, ())
        assert one.mode.used[0] == 2, "still fresh"
    one.step(one.next_wake_ms, ())
    assert one.mode.used[0] == 0 and one.held, "too old: as if it had not been heard"


def test_what_is_old_stays_old_after_half_a_ring():
    """REQ-CLOCK-2: an age is marked when it is passed, not compared again later."""
    one = agent(1, K4)
    one.step(0, [(2, frame(node=2))])
    now_ms = 0
    for _ in range(9):
        now_ms = (now_ms + RING_MS // 4) % RING_MS
        one.step(now_ms, ())
    assert one.neighbours.live[0] == 0
