"""Rules inside the agent: who is used, who is clamped, when a node holds, and the honest hull."""

import itertools
import random

import pytest
from exact import rules as oracle
from quelea_proto.limits import FAULTS_MAX, NEIGHBOURS_MAX, Q_MAX
from quelea_proto.rules import RULES
from small_fleet import K4, K5, agent, counted, due, exchange, fleet, frame

NAMES = [row[0] for row in RULES]
PAIRS = [row[:2] for row in RULES]
LIARS = [(name, apply) for name, apply, tolerant in RULES if tolerant]


def ask(apply, own_q, values_q, faults_max):
    return apply(own_q, [*values_q, 0], len(values_q), faults_max)


@pytest.mark.parametrize("name, apply", PAIRS, ids=NAMES)
def test_random_values_equal_exact_fractions(name, apply, seed):
    """REQ-RULE-1 to 6, REQ-RULE-11: 3,000 drawn cases a rule against the exact definition."""
    rng = random.Random(seed)
    for _ in range(3000):
        count = rng.choice((0, 1, 2, 3, 4, 5, 8, 9, 16, rng.randrange(NEIGHBOURS_MAX + 1)))
        span = rng.choice((2, 50, Q_MAX))
        values_q = [rng.randint(-span, span) for _ in range(count)]
        own_q = rng.randint(-span, span)
        faults_max = rng.randint(0, min(FAULTS_MAX, (count + 1) // 2))
        expected = oracle.estimate(name, own_q, values_q, faults_max)
        assert ask(apply, own_q, values_q, faults_max) == expected, (own_q, values_q, faults_max)


@pytest.mark.parametrize("name, apply", PAIRS, ids=NAMES)
def test_all_small_inputs_equal_exact_fractions(name, apply):
    """REQ-RULE-1 to 6, REQ-RULE-11: every own value and every four values in 0..3, F = 0 and 1."""
    for own_q, *values_q in itertools.product(range(4), repeat=5):
        for faults_max in (0, 1):
            expected = oracle.estimate(name, own_q, values_q, faults_max)
            assert ask(apply, own_q, values_q, faults_max) == expected, (own_q, values_q)


@pytest.mark.parametrize("name, apply", LIARS, ids=[row[0] for row in LIARS])
def test_f_liars_cannot_move_a_node_out_of_the_honest_hull(name, apply, seed):
    """REQ-RULE-9: own and honest values span the hull; at most F of the received are lies."""
    rng = random.Random(seed)
    for _ in range(3000):
        faults_max = rng.randint(0, 4)
        honest_q = [rng.randint(-1000, 1000) for _ in range(rng.randint(faults_max + 1, 12))]
        lies_q = [rng.choice((-Q_MAX, Q_MAX, rng.randint(-1100, 1100))) for _ in range(faults_max)]
        own_q = rng.choice((rng.randint(-1000, 1000), rng.choice(honest_q)))
        values_q = [*honest_q, *lies_q]
        rng.shuffle(values_q)
        hull = [own_q, *honest_q]
        estimate_q = ask(apply, own_q, values_q, faults_max)
        assert min(hull) <= estimate_q <= max(hull), (own_q, honest_q, lies_q)


def test_the_plain_mean_is_no_protection():
    """The same liar does move the mean: the test above can fail."""
    apply = RULES[0][1]
    assert ask(apply, 0, [0, 0, Q_MAX], 1) > 0


class Widest(int):
    """An integer that remembers the widest value any of its kind reached."""

    seen = 0

    def _wrap(self, value):
        Widest.seen = max(Widest.seen, abs(int(value)))
        return Widest(value)

    def __add__(self, other):
        return self._wrap(int(self) + int(other))

    __radd__ = __add__

    def __sub__(self, other):
        return self._wrap(int(self) - int(other))

    def __rsub__(self, other):
        return self._wrap(int(other) - int(self))

    def __mul__(self, other):
        return self._wrap(int(self) * int(other))

    __rmul__ = __mul__

    def __floordiv__(self, other):
        return self._wrap(int(self) // int(other))

    def __neg__(self):
        return self._wrap(-int(self))


@pytest.mark.parametrize("name, apply", PAIRS, ids=NAMES)
@pytest.mark.parametrize("count", (1, 3, 125, 126))
def test_every_intermediate_is_a_small_integer(name, apply, count):
    """REQ-NUM-4: |intermediate| < 2^30 with every value at an end of the range."""
    for own_q, low in itertools.product((-Q_MAX, Q_MAX), (0, 1, count // 2, count)):
        values_q = [Widest(-Q_MAX)] * low + [Widest(Q_MAX)] * (count - low)
        for faults_max in {0, (len(values_q) - 1) // 2}:
            Widest.seen = 0
            ask(apply, Widest(own_q), values_q, faults_max)
            assert Widest.seen < 2**30, (own_q, low, faults_max, Widest.seen)


def rounds_of(one, values_q, **more):
    """Hand one frame of each of the nodes 2, 3, ... over, then do a round."""
    for node, value_q in enumerate(values_q, 2):
        one.step(one.next_wake_ms - 1, [(node, frame(node=node, value_q=value_q, **more))])
    return due(one)


def test_a_round_uses_the_rule_and_names_its_inputs():
    """REQ-FRAME-5: used is 1 + seq % 255 of the frame whose value went in."""
    one = agent(1, K4)
    one.sense(0, 100)
    due(one)
    sent = rounds_of(one, (200, 300, 400), seq=510)
    assert one.value_q == oracle.estimate("wmsr", 100, [200, 300, 400], 1) == 200
    assert list(one.mode.used) == [1, 1, 1] and sent[0][1][19:22] == b"\1\1\1"
    assert counted(one, "held") == 0


def test_too_few_values_hold_and_say_so():
    """REQ-RULE-7: F is configured; below 2F + 1 fresh values nothing moves, whatever arrived."""
    one = agent(1, K4)
    one.sense(0, 100)
    due(one)
    sent = rounds_of(one, (200, 300))
    assert one.value_q == 100 and one.held and counted(one, "held") == 1
    payload = sent[0][1]
    assert payload[1] == 1, "the flag `held`"
    assert payload[19:22] == bytes(3), "no input named"


def test_values_are_moved_into_the_signals_range_first():
    """REQ-RULE-8: a value beyond lo_q..hi_q is clamped and counted before the rule sees it."""
    one = agent(1, K4, rule="mean", faults_max=0)
    one.sense(0, 0)
    due(one)
    rounds_of(one, (0, 0, 2**23 - 1))
    assert one.value_q == 2500 and counted(one, "clamped") == 1


def test_only_values_of_the_own_epoch_count():
    """REQ-EPOCH-5: a neighbour one epoch behind or ahead is left out of the rule."""
    one = agent(1, K5)
    one.sense(0, 100)
    due(one)
    one.step(one.next_wake_ms - 1, [(5, frame(node=5, epoch=1, value_q=9000))])
    rounds_of(one, (200, 300, 400))
    assert one.epoch == 0 and list(one.mode.used) == [2, 2, 2, 0]
    assert one.value_q == oracle.estimate("wmsr", 100, [200, 300, 400], 1)


def test_a_frame_can_be_recomputed_from_the_frames_it_names():
    """REQ-FRAME-5: used names the inputs, so that a listener can check every honest step."""
    agents = fleet(K5)
    for node, one in agents.items():
        one.sense(0, 100 * node)
    heard = {node: {} for node in agents}
    own, checked = {}, 0
    for _ in range(12):
        for node, payload in exchange(agents).items():
            seq, value_q = (
                int.from_bytes(payload[8:12], "little"),
                int.from_bytes(payload[15:18], "little"),
            )
            used = payload[19:-2]
            peers = agents[node].settings.numbers
            if any(used):
                values_q = [heard[p][mark] for p, mark in zip(peers, used) if mark]
                assert oracle.estimate("wmsr", own[node], values_q, 1) == value_q
                checked += 1
            own[node] = value_q
            heard[node][1 + seq % 255] = value_q
    assert checked == 5 * 11
