"""The generator of the traces: 31-bit integers, repeatable, and no cause of the agent left out."""

from collections import Counter

import pytest
from quelea.conform.device import trace
from quelea.conform.device.ghosts import Ghost, seal, spoil
from quelea.conform.device.prng import MASK, Random, fold, fold_bytes
from quelea.conform.device.world import World
from quelea_agent.counters import NAMES
from quelea_proto.rules import RULES

SMALL_MAX = 2**30 - 1


def test_random_numbers_stay_small_and_fill_their_range():
    random = Random(3, 5)
    seen = Counter(random.below(8) for _ in range(8000))
    assert sorted(seen) == list(range(8)) and min(seen.values()) > 850
    for _ in range(2000):
        assert 0 <= random.bits() <= MASK
        assert max(random.a, random.b) <= SMALL_MAX
    assert all(-3 <= random.between(-3, 4) <= 4 for _ in range(100))


def test_streams_of_neighbouring_seeds_and_cases_differ():
    streams = {tuple(Random(seed, case).bits() for _ in range(3))
               for seed in range(20) for case in range(20)}  # fmt: skip
    assert len(streams) == 400
    assert [Random(7, 9).bits() for _ in range(2)] == [Random(7, 9).bits() for _ in range(2)]


def test_a_digest_tells_order_sign_and_length():
    values = [fold(fold(1, a), b) for a, b in ((1, 2), (2, 1), (-1, 2), (1, -2), (0, 0))]
    assert len(set(values)) == 5 and all(0 <= value <= MASK for value in values)
    assert fold_bytes(1, b"\x00") != fold_bytes(1, b"\x00\x00")


def test_cases_reach_every_counter_every_rule_and_every_turn():
    totals = [0] * len(NAMES)
    rules, turns, waits, jumped = set(), set(), 0, set()
    for case in range(90):
        world = World(1, case, trace.make_agent)
        for _ in range(320):
            node = world.step()[0]
            jumped.add(node.machine.epoch > 32767)
        for node in world.nodes:
            totals = [a + b for a, b in zip(totals, node.machine.counters.counts)]
            if world.exact:
                turns |= set(node.machine.flows.turn)
                waits += node.machine.flows.waits
            else:
                rules.add(node.settings["rule"])
    assert [name for name, count in zip(NAMES, totals) if count == 0] == []
    assert rules == {row[0] for row in RULES}
    assert turns == set(range(7)) and waits > 0 and jumped == {False, True}
    # Most steps do a round with values that count: else the traces would prove little.
    assert totals[NAMES.index("rounds")] > 0.7 * 90 * 320
    assert totals[NAMES.index("accepted")] > totals[NAMES.index("rounds")]
    assert totals[NAMES.index("held")] < 0.4 * totals[NAMES.index("rounds")]


def test_frames_made_up_here_are_taken_by_the_protocol_and_spoilt_ones_mostly_not():
    from quelea_proto.frames import Frame, unpack

    world = World(1, 3, trace.make_agent)
    for _ in range(40):
        node = world.step()[0]
    frame, taken, spoilt = Frame(), 0, 0
    for exact in (False, True):
        ghost = Ghost(world.random, node.numbers[0], exact, 0)
        for _ in range(200):
            made = ghost.frame(world.random, world, node)
            taken += unpack(made, frame) is not None
            spoilt += unpack(spoil(world.random, made), frame) is None
    assert taken == 400 and spoilt > 340
    assert seal(bytearray(b"123456789\0\0"))[-2:] == b"\xb1\x29"


@pytest.mark.parametrize("case", [0, 1, 2])
def test_a_case_is_the_same_again(case):
    assert trace.run_case(5, case, trace.make_agent) == trace.run_case(5, case, trace.make_agent)
    assert trace.run_case(5, case, trace.make_agent) != trace.run_case(6, case, trace.make_agent)


def test_settings_that_the_agent_refuses_are_an_error():
    with pytest.raises(ValueError, match="fleet"):
        trace.make_agent({"node": 1}, 1)
