"""Which frames a node takes, and what refused ones leave behind: nothing but a count."""

import random

import pytest
from exact import frames as oracle
from quelea_proto.frames import CAUSES, Frame, unpack
from small_fleet import K4, agent, counted, due, frame

EXACT = {"mode": "exact"}


def listener(**more):
    """Node 1 of K4, begun, with nothing heard yet."""
    one = agent(1, K4, **more)
    due(one)
    return one


def hear(one, payload, source=0):
    one.step(one.next_wake_ms - 1, [(source, payload)])


def test_every_payload_is_counted_once():
    """REQ-ACCEPT-9: frames_in = accepted + the sum of all causes of refusal."""
    one = listener()
    other = frame(node=2, seq=5, used=[0] * 3)
    mix = [b"", other, other, frame(node=2, seq=4), frame(node=9), frame(kind=2, node=2), b"x" * 9]
    for payload in mix:
        hear(one, payload)
    refused = [*CAUSES[1:]]
    names = [f"bad_{cause}" for cause in refused]
    names += ["bad_sender", "unknown_sender", "session_old", "stale", "duplicate"]
    names += ["equivocation", "wrong_mode", "accepted"]
    assert counted(one, "frames_in") == len(mix) == sum(counted(one, name) for name in names)
    assert counted(one, "accepted") == 1


@pytest.mark.parametrize("cause", CAUSES[1:])
def test_a_refused_payload_changes_nothing_but_its_counter(cause):
    """REQ-ACCEPT-1, REQ-ACCEPT-3: by cause, in the order of the words."""
    bad = [payload for payload, _ in oracle._refused() if oracle.cause(payload) == cause]
    assert bad
    one = listener()
    before = one.state()
    for number, payload in enumerate(bad, 1):
        hear(one, payload)
        assert counted(one, f"bad_{cause}") == number
    after = list(one.state())
    changed = [i for i in range(len(after)) if after[i] != before[i]]
    assert len(changed) == 2, "frames_in and the cause's own counter"


def test_mutated_frames_never_raise_and_are_judged_as_the_oracle_judges(seed):
    """REQ-ACCEPT-1, REQ-ACCEPT-2: 20,000 mutated frames; also truncated and lengthened ones."""
    rng = random.Random(seed)
    good = [oracle.seal(oracle.body(fields)) for fields, _ in oracle.GOOD]
    kept = Frame()
    causes = dict.fromkeys(CAUSES, 0)
    for _ in range(20000):
        payload = bytearray(rng.choice(good))
        for _ in range(rng.randrange(3)):
            payload[rng.randrange(len(payload))] = rng.randrange(256)
        if rng.random() < 0.3:
            payload = bytearray(oracle.seal(bytes(payload[:-2])))
        if rng.random() < 0.1:
            payload = payload[: rng.randrange(len(payload) + 1)]
        got = unpack(payload, kept)
        word = CAUSES[kept.cause]
        assert word == oracle.cause(bytes(payload)), payload.hex()
        assert (got is None) == (word != "ok")
        causes[word] += 1
    assert min(causes.values()) > 0, causes


def test_a_frame_on_another_nodes_topic_is_refused():
    """REQ-ACCEPT-4: the node in the frame must be the one whose topic carried it, where known."""
    one = listener()
    payload = frame(node=2, seq=1, used=[0] * 3)
    hear(one, payload, source=3)
    assert counted(one, "bad_sender") == 1 and counted(one, "accepted") == 0
    hear(one, payload, source=2)
    hear(one, frame(node=3, seq=1, used=[0] * 3), source=0)
    assert counted(one, "accepted") == 2


def test_a_stranger_is_refused():
    """REQ-ACCEPT-5."""
    one = listener()
    hear(one, frame(node=77), source=77)
    hear(one, frame(node=1), source=1)
    assert counted(one, "unknown_sender") == 2


@pytest.mark.parametrize("first, later", [(1, 2), (65535, 1), (40000, 7000)])
def test_sessions_go_up_on_their_ring(first, later):
    """REQ-ACCEPT-6: a new session counts whatever its seq; an older one is refused."""
    one = listener()
    hear(one, frame(node=2, session=first, seq=900, value_q=10))
    hear(one, frame(node=2, session=later, seq=1, value_q=20))
    hear(one, frame(node=2, session=first, seq=901, value_q=30))
    slot = one.neighbours.slot_of(2)
    assert counted(one, "accepted") == 2 and counted(one, "session_old") == 1
    assert one.neighbours.value_q[slot] == 20


def test_of_two_frames_with_one_seq_the_first_counts():
    """REQ-ACCEPT-7: stale, duplicate and equivocation are told apart; the first wins."""
    one = listener()
    slot = one.neighbours.slot_of(2)
    hear(one, frame(node=2, seq=5, value_q=10))
    hear(one, frame(node=2, seq=4, value_q=99))
    assert counted(one, "stale") == 1
    hear(one, frame(node=2, seq=5, value_q=10))
    assert counted(one, "duplicate") == 1 and one.neighbours.suspicion[slot] == 0
    hear(one, frame(node=2, seq=5, value_q=11))
    assert counted(one, "equivocation") == 1 and one.neighbours.suspicion[slot] == 1
    assert one.neighbours.value_q[slot] == 10 and counted(one, "accepted") == 1


@pytest.mark.parametrize("mode, kind", [("resilient", 2), ("exact", 1)])
def test_a_frame_of_the_other_mode_is_refused(mode, kind):
    """REQ-ACCEPT-8."""
    one = listener(mode=mode)
    columns = {"used": [0], "flow_q": [0], "turn": [0], "residue": [0]} if kind == 2 else {}
    hear(one, frame(kind=kind, node=2, **columns))
    assert counted(one, "wrong_mode") == 1 and counted(one, "accepted") == 0


def test_a_frame_of_longest_length_is_taken():
    """REQ-ACCEPT-2: 126 neighbours are allowed, 127 are not."""
    one = listener()
    hear(one, frame(node=2, used=[0] * 126))
    hear(one, frame(node=3, used=[0] * 127))
    assert counted(one, "accepted") == 1 and counted(one, "bad_length") == 1
