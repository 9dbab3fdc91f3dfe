"""What a node sends: to whom, how often, with which numbers."""

import pytest
from exact.frames import cause
from quelea_proto.limits import SEQ_MAX
from small_fleet import K4, K5, agent, due

MODES = ("resilient", "exact")


@pytest.mark.parametrize("mode", MODES)
def test_a_round_sends_one_good_frame_to_everybody(mode):
    """REQ-FRAME-10, REQ-TOPIC-4: dest 0, seq from 1 by one; session and node as configured."""
    one = agent(4, K5, session=77, mode=mode)
    for seq in range(1, 6):
        sent = due(one)
        assert [dest for dest, _ in sent] == [0]
        payload = sent[0][1]
        assert cause(payload) == "ok"
        assert payload[0] == (33 if mode == "resilient" else 34)
        head = [
            int.from_bytes(payload[at : at + n], "little") for at, n in ((2, 2), (4, 2), (8, 4))
        ]
        assert head == [4, 77, seq]
        assert payload[18 if mode == "resilient" else 20] == 4, "its number of neighbours"


def test_the_last_seq_ends_the_session():
    """REQ-FRAME-10: after seq 2^30 - 1 a node is silent until its next session."""
    one = agent(1, K4)
    due(one)
    one.seq = SEQ_MAX - 1
    assert len(due(one)) == 1 and one.seq == SEQ_MAX
    assert len(due(one)) == 0 and one.seq == SEQ_MAX


@pytest.mark.parametrize("fanout", (1, 2, 3, 4, 9))
def test_fanout_chooses_different_neighbours_anew_each_round(fanout):
    """REQ-TOPIC-5: the same frame to `fanout` different neighbours, every one of them in time."""
    one = agent(1, K5, fanout=fanout)
    met = dict.fromkeys(one.settings.numbers, 0)
    for _ in range(400):
        sent = due(one)
        chosen = [dest for dest, _ in sent]
        assert len(chosen) == len(set(chosen)) == min(fanout, 4)
        assert len({payload for _, payload in sent}) == 1
        for dest in chosen:
            met[dest] += 1
    share = 400 * min(fanout, 4) / 4
    assert all(0.7 * share < count < 1.3 * share or fanout >= 4 for count in met.values()), met


def test_the_choice_depends_on_node_and_session_only():
    """REQ-TOPIC-5: two runs of one session choose alike; another session chooses otherwise."""
    runs = []
    for session in (1, 1, 2):
        one = agent(1, K5, session=session, fanout=2)
        runs.append([dest for _ in range(30) for dest, _ in due(one)])
    assert runs[0] == runs[1] != runs[2]


def test_readings_beyond_the_range_are_clamped_and_counted():
    """REQ-NUM-5."""
    one = agent(1, K4, lo_q=-50, hi_q=900)
    for reading_q, expected in ((-51, -50), (901, 900), (17, 17)):
        one.sense(0, reading_q)
        assert one.demand.demand_q == expected
    assert one.counters.counts[20] == 2
