"""docs/protocol.md, Cadence: a fleet at rest is silent, within its bound, and no liar wakes it."""

import random
from itertools import combinations

import pytest
from quelea_agent.settings import load
from small_fleet import agent, config, fleet, frame

QUIET, BAND_Q = 16, 40
K7 = tuple(combinations(range(1, 8), 2))
RING = tuple((n, n % 8 + 1) for n in range(1, 9))


def play(agents, rounds, liars=(), lie=None):
    """Let the fleet live; return the frames that each honest node said, round by round."""
    said = []
    for number in range(rounds):
        sent = {}
        for node, one in agents.items():
            if not one._started:
                one.step(0, ())
            sent[node] = [bytes(buffer) for _, buffer in one.step(one.next_wake_ms, ())]
        for one in agents.values():
            for peer in one.settings.numbers:
                frames = lie(number, peer) if peer in liars else sent[peer]
                one.step(one.next_wake_ms - 1, [(peer, payload) for payload in frames])
        said.append(sum(bool(frames) for node, frames in sent.items() if node not in liars))
    return said


def spread_q(agents):
    values = [one.value_q for one in agents.values()]
    return max(values) - min(values)


@pytest.mark.parametrize("mode", ["resilient", "exact"])
def test_without_a_cadence_every_round_is_spoken_of(mode):
    """REQ-CADENCE-1, REQ-FRAME-10."""
    more = {"mode": mode, "faults_max": 0, "epoch_rounds": 10}
    plain, off = fleet(RING, **more), fleet(RING, quiet_rounds_max=0, dead_band_q=7, **more)
    for node in plain:
        for one in (plain[node], off[node]):
            one.sense(0, 100 * node)
    assert play(plain, 60) == play(off, 60) == [8] * 60
    assert [one.state() for one in plain.values()] == [one.state() for one in off.values()]


@pytest.mark.parametrize("edges, faults_max, bound", [(K7, 2, 2), (RING, 0, 4)])
def test_a_fleet_at_rest_is_within_its_bound(edges, faults_max, bound, seed):
    """REQ-CADENCE-2 and REQ-CADENCE-7: the span is checked in the first round that is silent."""
    rng = random.Random(seed)
    for _ in range(20):
        band_q = rng.choice([5, 40, 300])
        more = {"faults_max": faults_max, "quiet_rounds_max": QUIET, "dead_band_q": band_q}
        agents = fleet(edges, **more)
        for one in agents.values():
            one.sense(0, rng.randrange(10000))
        rounds = 0
        while rounds < 4 or play(agents, 1) != [0]:
            rounds += 1
            assert rounds < 300
        assert spread_q(agents) <= bound * band_q, band_q


def test_exact_estimates_at_rest_are_within_their_bound(seed):
    """REQ-CADENCE-3 and REQ-CADENCE-7: and the sum of flows is none, whoever was silent."""
    rng = random.Random(seed)
    for _ in range(10):
        agents = fleet(RING, mode="exact", quiet_rounds_max=QUIET, dead_band_q=BAND_Q)
        for one in agents.values():
            one.sense(0, rng.randrange(10000))
        rounds = 0
        while rounds < 20 or play(agents, 1) != [0]:
            rounds += 1
            assert rounds < 500
        assert spread_q(agents) <= 2 * BAND_Q * 4
        mean_q = sum(one.input_q for one in agents.values()) / 8
        assert all(abs(one.value_q - mean_q) <= 2 * BAND_Q * 4 for one in agents.values())


@pytest.mark.parametrize("mode", ["resilient", "exact"])
def test_a_quiet_fleet_says_a_sixteenth_and_news_at_once(mode):
    """REQ-CADENCE-1, REQ-CADENCE-4, REQ-CADENCE-5: heartbeats keep the neighbours fresh."""
    more = {"mode": mode, "faults_max": 0, "epoch_rounds": 0, "fresh_rounds": 2}
    agents = fleet(RING, quiet_rounds_max=QUIET, dead_band_q=BAND_Q, **more)
    for node, one in agents.items():
        one.sense(0, 5000 + node)
    play(agents, 60)
    said = play(agents, 160)
    assert sum(said) == 8 * 10
    assert all(sum(one.neighbours.live) == 2 for one in agents.values())
    if mode == "exact":
        agents[3].sense(0, 9000)
        assert play(agents, 1)[0] >= 1
        play(agents, 400)
        mean_q = sum(one.input_q for one in agents.values()) / 8
        assert all(abs(one.value_q - mean_q) <= 2 * BAND_Q * 4 for one in agents.values())


def test_a_silent_neighbour_expires():
    """REQ-CADENCE-5: after fresh_rounds + Q - 1 periods its silence says nothing any more."""
    one = agent(1, K7, quiet_rounds_max=QUIET, faults_max=1, fresh_rounds=3)
    one.step(0, ())
    one.step(one.next_wake_ms, ())
    heard = {"node": 2, "session": 1, "epoch": 0, "seq": 1, "input_q": 5, "value_q": 5}
    now_ms = one.next_wake_ms - 1000
    one.step(now_ms, [(2, frame(kind=1, used=(0,) * 6, **heard))])
    for turn in range(1, 3 + QUIET + 1):
        one.step(one.next_wake_ms, ())
        assert one.neighbours.live[0] == (turn <= 3 + QUIET - 1), turn


def test_epochs_last_longer_without_news_and_no_longer_with_it():
    """REQ-CADENCE-6, and REQ-CADENCE-8: by its own count no node begins one sooner."""
    more = {"faults_max": 2, "epoch_rounds": 10, "quiet_rounds_max": 4, "dead_band_q": BAND_Q}
    agents = fleet(K7, **more)
    for node, one in agents.items():
        one.sense(0, 5000 + node)
    play(agents, 9)
    assert [one.settled_q for one in agents.values()] == [5000 + node for node in agents]
    play(agents, 30)
    assert {one.epoch for one in agents.values()} == {0}
    assert all(one.settled_q == one.value_q for one in agents.values())
    play(agents, 6)
    assert {one.epoch for one in agents.values()} == {1}
    agents[4].sense(0, 5000 + 4 + BAND_Q)  # not above the band
    play(agents, 20)
    assert {one.epoch for one in agents.values()} == {1}
    agents[4].sense(0, 9000)
    play(agents, 3)
    assert {one.epoch for one in agents.values()} == {2}
    agents[4].sense(0, 5000)
    play(agents, 5)
    assert {one.epoch for one in agents.values()} == {2}
    play(agents, 8)
    assert {one.epoch for one in agents.values()} == {3}


LIES = {
    "value": lambda number: {"value_q": 10000 * (number & 1), "epoch": 0, "session": 1},
    "epoch": lambda number: {"value_q": 5000, "epoch": number * 4 % 65536, "session": 1},
    "session": lambda number: {"value_q": 5000, "epoch": 0, "session": 1 + number},
}


@pytest.mark.parametrize("lie", LIES)
def test_liars_that_flicker_wake_nobody_or_cost_what_always_speaking_costs(lie):
    """REQ-CADENCE-8."""
    more = {"faults_max": 2, "quiet_rounds_max": QUIET, "dead_band_q": BAND_Q, "epoch_rounds": 0}
    agents = fleet(K7, **more)
    for node, one in agents.items():
        one.sense(0, 5000 + node)

    def forge(number, peer):
        fields = {"node": peer, "seq": 1 + number, "input_q": 1, **LIES[lie](number)}
        return [frame(kind=1, used=(0,) * 6, **fields)]

    play(agents, 60, (1, 2), forge)
    said = play(agents, 160, (1, 2), lambda n, p: forge(n + 60, p))
    assert max(said) <= 5
    if lie == "session":
        assert sum(said) == 5 * 160  # a new session is greeted, whoever's
    else:
        assert sum(said) == 5 * 10
    honest = [one.value_q for node, one in agents.items() if node > 2]
    assert min(honest) >= 5003 and max(honest) <= 5007


def test_cadence_settings_out_of_range_are_refused():
    """REQ-SET-1."""
    for changes in ({"quiet_rounds_max": 49}, {"quiet_rounds_max": -1}, {"dead_band_q": 1 << 23}):
        got, problem = load(config(1, K7, **changes))
        largest = "48" if "quiet_rounds_max" in changes else "8388607"
        assert got is None and next(iter(changes)) in problem and largest in problem


def spoken(one, rounds, heard):
    """Return how many rounds are spoken of; heard: (node, epoch, value_q) after each."""
    out = 0
    for _ in range(rounds):
        out += len(one.step(one.next_wake_ms, ()))
        for node, epoch, value_q in heard:
            fields = {"node": node, "seq": 1 + one.counters.counts[16], "input_q": 1}
            fields |= {"session": 1, "epoch": epoch, "value_q": value_q}
            one.step(one.next_wake_ms - 1, [(node, frame(kind=1, used=(0,) * 6, **fields))])
    return out


def test_what_f_liars_say_is_left_out_of_what_is_news():
    """REQ-CADENCE-2: the rule would move the value by some q, within the band: no news."""
    one = agent(1, K7, faults_max=2, quiet_rounds_max=48, dead_band_q=BAND_Q)
    one.sense(0, 5000)
    one.step(0, ())
    for turn in range(40):
        near_q = 5000 + (turn & 1) * (BAND_Q - 10)
        near = [(node, 0, near_q) for node in range(2, 6)]
        said = spoken(one, 1, [*near, (6, 0, 10000), (7, 0, 0)])
        assert turn < 12 or said == 0, turn
    assert spoken(one, 3, [*near[:3], (5, 0, 10000), (6, 0, 10000), (7, 0, 10000)]) >= 2


def test_more_than_f_neighbours_elsewhere_are_news():
    """REQ-CADENCE-2: they may have missed what this node said."""
    one = agent(1, K7, faults_max=2, quiet_rounds_max=48, epoch_rounds=0)
    one.sense(0, 5000)
    one.step(0, ())
    spoken(one, 1, [(node, 3, 5000) for node in range(2, 8)])  # all go to epoch 3
    spoken(one, 30, [(node, 3, 5000) for node in range(2, 8)])
    assert one.epoch == 3
    here = [(node, 3, 5000) for node in range(4, 8)]
    assert spoken(one, 20, [*here, (2, 2, 0), (3, 2, 0)]) <= 1
    assert spoken(one, 20, [*here[1:], (2, 2, 0), (3, 2, 0), (4, 2, 0)]) >= 18
