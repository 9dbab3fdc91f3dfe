"""Tags on frames: what is believed, what is not, and what each refusal is counted as."""

import hashlib
import hmac
import random
from pathlib import Path

import pytest
from quelea.secure import keys
from quelea_agent.agent import Agent
from quelea_agent.port import auth, session
from quelea_proto import topics
from quelea_proto.frames import NODE, SEQ, SESSION, STATE, Frame, frame_bytes, pack
from ring import FLEET, IDS, MASTER, Node, greet, settings_of

MODES = ("fleet", "pairwise")


@pytest.fixture(params=MODES)
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> list[Node]:
    """Three nodes in their second session that have heard each other."""
    made = [Node(tmp_path, number, request.param).boot(2) for number in sorted(IDS)]
    greet(*made)
    for one in made:
        one.heard.clear()
        one.guard.counts[:] = [0] * len(auth.NAMES)
        one.guard._refused[:] = [0] * len(one.guard._refused)
    return made


def test_tags_are_hmac_sha256(seed: int) -> None:
    """REQ-AUTH-2."""
    rng = random.Random(seed)
    for _ in range(200):
        key, body = rng.randbytes(32), rng.randbytes(rng.randrange(300))
        topic, form = rng.randbytes(rng.randrange(60)), rng.randrange(256)
        expected = hmac.digest(key, topic + b"\0" + body + bytes((form,)), hashlib.sha256)
        assert auth.mac(auth._pads(key), topic, body, form) == expected[:8]


def test_keys_are_hkdf_of_rfc_5869() -> None:
    """REQ-AUTH-3. Appendix A.1; the first of its two blocks."""
    secret, salt, info = b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA))
    expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert keys.hkdf(secret, salt, info).hex() == expected


def test_a_node_is_given_the_keys_of_its_own_pairs_only() -> None:
    made = {
        n: keys.key_file(MASTER, FLEET, "pairwise", IDS[n], [IDS[m] for m in IDS if m != n])
        for n in IDS
    }
    pair = {
        (a, b): keys.pair_key(MASTER, FLEET, IDS[a], IDS[b]) for a in IDS for b in IDS if a < b
    }
    assert len(set(pair.values())) == 3
    assert made[1] == pair[1, 2] + pair[1, 3]
    assert made[2] == pair[1, 2] + pair[2, 3]
    assert pair[2, 3] not in made[1] and MASTER not in made[1]
    assert keys.pair_key(MASTER, "other", "n01", "n02") != pair[1, 2]


def test_what_is_sent_byte_by_byte(tmp_path: Path) -> None:
    """REQ-AUTH-1, REQ-AUTH-2: written out from the words."""
    one, two, _ = (Node(tmp_path, number, "pairwise").boot(0x1234) for number in sorted(IDS))
    greet(one, two)
    topic = b"quelea/1/demo/n/n01/x"
    body = b"payload" + b"\x34\x12" + b"\x03\0\0\0" + b"\x34\x12" + b"\0\0"
    tags = b""
    for other in ("n02", "n03"):
        key = keys.pair_key(MASTER, FLEET, other, "n01")
        tags += hmac.digest(key, topic + b"\0" + body + b"\x02", "sha256")[:8]
    assert one.say(b"payload") == (topic, body + tags + b"\x02")
    topic = b"quelea/1/demo/d/n01/n02"
    body = b"payload" + b"\x34\x12" + b"\x04\0\0\0" + b"\x34\x12"
    key = keys.pair_key(MASTER, FLEET, "n01", "n02")
    tag = hmac.digest(key, topic + b"\0" + body + b"\x01", "sha256")[:8]
    assert one.say(b"payload", "direct", "n02") == (topic, body + tag + b"\x01")


def test_what_peers_say_goes_on_without_its_tags(nodes: list[Node]) -> None:
    one, two, three = nodes
    for name, to in (("frame", ""), ("headroom", ""), ("direct", "n02")):
        assert two.hear(one.say(b"payload", name, to)), name
        assert two.heard[-1][1] == b"payload"
    assert two.counts == {"taken": 3}
    assert one.counts == {"sealed": 3}
    assert three.counts == {}


def test_the_host_opens_what_it_hears(nodes: list[Node]) -> None:
    for name, to in (("frame", ""), ("direct", "n02")):
        assert keys.opened(nodes[0].say(b"payload", name, to)[1]) == b"payload"
    assert keys.opened(b"") == b"" and keys.opened(b"x") == b"x"


def test_what_has_no_tags_passes(nodes: list[Node]) -> None:
    for name in ("command", "config", "state"):
        topic = topics.build(name, FLEET, "n02", "status").encode()
        assert nodes[1].hear((topic, b"{}"))
        assert nodes[1].transport.seal(topic, b"{}") == b"{}"
    assert nodes[1].counts == {}


def test_its_own_words_are_neither_taken_nor_counted(nodes: list[Node]) -> None:
    assert not nodes[0].hear(nodes[0].say(b"row", "headroom"))
    assert nodes[0].counts == {"sealed": 1}


def test_every_bit_counts(nodes: list[Node]) -> None:
    one, two, _ = nodes
    topic, sealed = one.say(b"payload")
    own = range(len(sealed) - 1 - 8 * (1 if sealed[-1] & 128 else 2), len(sealed) - 1)[:8]
    for place in [*range(8 * own.start), *range(8 * own.start, 8 * own.stop)]:
        altered = bytearray(sealed)
        altered[place // 8] ^= 1 << place % 8
        assert not two.hear((topic, bytes(altered))), place
    assert set(two.counts) == {"mac"}
    assert two.hear((topic, sealed)), "the message itself"


def test_another_topic_is_another_message(nodes: list[Node]) -> None:
    one, two, three = nodes
    _, sealed = one.say(b"payload")
    for name, fleet, node_id, to in (
        ("frame", FLEET, "n03", ""),  # as another neighbour
        ("headroom", FLEET, "n01", ""),  # as another kind
        ("frame", FLEET, "n09", ""),  # as somebody unknown
        ("direct", FLEET, "n01", "n02"),
        ("direct", FLEET, "n09", "n02"),
    ):
        topic = topics.build(name, fleet, node_id, to).encode()
        assert not two.hear((topic, sealed)), topic
    assert set(two.counts) <= {"mac", "form"} and sum(two.counts.values()) == 5
    named = dict(two.guard.figures())["auth_refused"]
    assert "n01" in named and "n03" in named and "n09" not in named
    assert three.counts == {}


def test_a_forged_neighbour_is_not_believed(nodes: list[Node]) -> None:
    """An insider with the keys of its own pairs speaks as another; in fleet mode that works."""
    _, two, three = nodes
    pairwise = not two.guard._fleet
    key = keys.pair_key(MASTER, FLEET, "n02", "n03") if pairwise else keys.fleet_key(MASTER, FLEET)
    topic = topics.build("frame", FLEET, "n01").encode()
    forged = keys.seal(b"lie", topic.decode(), 9, 1, [2, 2], [key] * (2 if pairwise else 1),
                       fleet=not pairwise)  # fmt: skip
    assert two.hear((topic, forged)) is not pairwise
    if pairwise:
        assert two.counts == {"mac": 1}
        assert three.id in IDS.values()


def test_a_message_is_taken_once(nodes: list[Node]) -> None:
    one, two, _ = nodes
    message = one.say(b"payload")
    assert two.hear(message)
    assert not any(two.hear(message) for _ in range(5))
    assert two.counts == {"taken": 1, "replay": 5}


def test_window_is_that_of_a_set(nodes: list[Node], seed: int) -> None:
    """REQ-AUTH-4, the plain definition: above the highest, or within 32 of it and never taken."""
    rng = random.Random(seed)
    one, two, _ = nodes
    messages = [one.say(b"%d" % number) for number in range(2000)]
    taken: set[int] = set()
    highest = -1
    for _ in range(1000):
        at = highest + rng.choice((-40, -33, -32, -31, -30, -9, -2, -1, 0, 1, 1, 2, 3, 31, 32, 33))
        at = min(len(messages) - 1, max(0, at))
        fresh = at > highest or (at > highest - 32 and at not in taken)
        assert two.hear(messages[at]) is fresh, (at, highest)
        if fresh:
            taken.add(at)
            highest = max(highest, at)
    assert two.counts["replay"] > 100


def test_an_hour_of_traffic_again(nodes: list[Node]) -> None:
    """REQ-AUTH-4."""
    one, two, _ = nodes
    hour = [one.say(b"round %d" % number) for number in range(3600)]
    assert all(two.hear(message) for message in hour)
    assert not any(two.hear(message) for message in hour)
    assert two.counts == {"taken": 3600, "replay": 3600}
    # after a boot the node has forgotten all numbers, but none was said to this session
    two.boot(3)
    assert not any(two.hear(message) for message in hour)
    assert two.counts == {"echo": 3600}
    # and once the others have heard it, it goes on
    greet(*nodes)
    assert two.hear(one.say(b"now"))
    assert not any(two.hear(message) for message in hour)


def test_what_an_agent_refuses_by_itself() -> None:
    """Without tags: all that is old, but for what reaches it before the sender does."""

    def said(session_of: int, seq: int) -> tuple[int, bytes]:
        frame = Frame(2)
        frame.kind = STATE
        frame.head[NODE], frame.head[SESSION], frame.head[SEQ] = 2, session_of, seq
        buffer = bytearray(frame_bytes(STATE, 2))
        pack(frame, buffer)
        return 2, bytes(buffer)

    agent = Agent(settings_of(1), 9)
    old = [said(4, seq) for seq in (1, 2, 3)]
    agent.step(0, old[:1])
    assert agent.counters.named() == {"frames_in": 1, "accepted": 1}, "the gap that auth closes"
    agent.step(0, [said(5, 1), said(5, 2)])
    agent.step(0, [*old, said(5, 1), said(5, 2)])
    named = agent.counters.named()
    assert named["accepted"] == 3
    assert (named["session_old"], named["stale"], named["duplicate"]) == (3, 1, 1)


def test_a_boot_of_both_ends(nodes: list[Node]) -> None:
    old = [one.say(b"old") for one in nodes]
    for one in nodes:
        one.boot(7)
    for one in nodes:  # the recorded ones come first
        assert not any(one.hear(message) for message in old)
    greet(*nodes)
    for one in nodes:
        for other in nodes:
            assert one is other or other.hear(one.say(b"new")), (one.id, other.id)
        assert not any(one.hear(message) for message in old)


def test_an_older_session_is_refused(nodes: list[Node]) -> None:
    one, two, _ = nodes
    old = one.say(b"old")
    one.boot(3)
    greet(*nodes)
    assert two.hear(one.say(b"new"))
    assert not two.hear(old)
    assert two.counts["session"] == 1


def test_numbers_begin_again_with_a_session(nodes: list[Node]) -> None:
    one, two, _ = nodes
    assert all(two.hear(one.say(b"%d" % number)) for number in range(100))
    one.boot(3)
    greet(*nodes)
    assert all(two.hear(one.say(b"%d" % number)) for number in range(10))


def test_an_addressed_frame_is_for_one(nodes: list[Node]) -> None:
    """Even its sender cannot put the tags of a broadcast behind it."""
    _, two, _ = nodes
    topic = topics.build("direct", FLEET, "n01", "n02")
    fleet = two.guard._fleet
    pair = keys.pair_key(MASTER, FLEET, "n01", "n02")
    key = keys.fleet_key(MASTER, FLEET) if fleet else pair
    for peers in (2, 1):
        tags = [key] * (1 if fleet else peers)
        sealed = keys.seal(b"x", topic, 2, 50, [2] * peers, tags, fleet=fleet)
        assert two.hear((topic.encode(), sealed)) is (peers == 1)
    assert two.counts == {"form": 1, "taken": 1}


@pytest.mark.parametrize("session, stored", [(1, True), (5, False)])
def test_a_node_whose_counter_was_lost_is_mute_and_deaf(
    nodes: list[Node], session: int, stored: bool
) -> None:
    """Else its numbers would begin again, and what was recorded long ago would be fresh."""
    one, two, _ = nodes
    recorded = two.say(b"recorded")
    one.boot(session, stored)
    assert one.say(b"payload")[1] == b""
    assert not one.hear(recorded) and not one.hear(two.say(b"now"))
    assert one.counts == {"muted": 3}


def test_sessions_of_a_lost_store_repeat_nothing(nodes: list[Node]) -> None:
    """Enrolled anew it begins beyond all sessions that it can have had: see ca.SESSION_STEP."""
    one, two, _ = nodes
    hour = [two.say(b"%d" % number) for number in range(50)]
    one.boot(2 + 1024)
    assert not any(one.hear(message) for message in hour)
    greet(*nodes)
    assert one.hear(two.say(b"now")) and two.hear(one.say(b"now"))
    assert not any(one.hear(message) for message in hour)


def test_where_sessions_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQ-AUTH-5. A new board jumps to its first session, once; a lost counter stays behind it."""
    monkeypatch.chdir(tmp_path)

    def boot(session_min: int) -> tuple[int, bool]:
        config = {"session_min": session_min}
        number, stored = session.begin(least=auth.least(config))
        guard = auth.Guard(settings_of(1), [], [], False)
        guard.begin(number, auth.least(config, 1), stored)
        if not guard.mute:
            assert auth._begin(session_min)
        return number, guard.mute

    assert [boot(1024) for _ in range(3)] == [(1024, False), (1025, False), (1026, False)]
    Path("session").unlink()
    assert [boot(1024) for _ in range(3)] == [(1, True), (2, True), (3, True)]
    assert [boot(2048) for _ in range(2)] == [(2048, False), (2049, False)]
    Path("session").write_text(str(65535))
    assert boot(2048) == (1, True), "after 2^16 boots it must be enrolled anew"
    assert [boot(3072)[0] for _ in range(2)] == [3072, 3073]
    Path("session").write_text(str(5000))  # a lost marker alone is no lost counter
    Path(auth.BEGUN_PATH).unlink()
    assert boot(3072) == (5001, False)
    Path(auth.BEGUN_PATH).write_bytes(b"\xff\xfe")
    assert boot(3072) == (5002, False)


def test_a_power_cut_at_the_first_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between counter and marker: the next boot goes on from the counter."""
    monkeypatch.chdir(tmp_path)
    assert session.begin(least=auth.least({"session_min": 1024})) == (1024, True)
    assert session.begin(least=auth.least({"session_min": 1024})) == (1025, True)


@pytest.mark.parametrize("length", [0, 1, 2, 31, 33, 64, 95, 97])
def test_a_key_file_of_another_length_is_refused(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(auth.PATH).write_bytes(bytes(length))
    for mode in MODES:
        config = {"mode": mode, "peers": [[2, "n02", 0], [3, "n03", 0]]}
        if length == (32 if mode == "fleet" else 64):
            continue
        guard, problem = auth.load(settings_of(1), config, 2, True)
        assert guard is None and "enrol" in problem


@pytest.mark.parametrize(
    "config",
    [
        None, [], {}, {"mode": "none"}, {"mode": "fleet"}, {"mode": "fleet", "peers": []},
        {"mode": "fleet", "peers": [[2, "n02"]]}, {"mode": "fleet", "peers": [[2, "n02", -1]]},
        {"mode": "fleet", "peers": [[2, 3, 0]]}, {"mode": "fleet", "peers": [[2, "n02", 126]]},
        {"mode": "fleet", "peers": [[n, "n", 0] for n in range(127)]},
    ],
)  # fmt: skip
def test_a_faulty_configuration_is_one_sentence(
    config: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    guard, problem = auth.load(settings_of(1), config, 2, True)
    assert guard is None and problem.startswith("auth: ")


@pytest.mark.parametrize("times, sent", [(1, True), (2, False)])
def test_a_shortage_of_memory_costs_one_message_at_most(
    nodes: list[Node], times: int, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = nodes
    left = [times]
    mac = auth.mac

    def short(*args: object) -> bytes:
        if left[0]:
            left[0] -= 1
            raise MemoryError
        return mac(*args)

    monkeypatch.setattr(auth, "mac", short)
    assert two.hear(one.say(b"first")) is sent
    assert one.counts.get("shortages", 0) == (not sent)
    assert two.hear(one.say(b"second"))


def test_bytes_of_any_kind_raise_nothing_and_pass_nothing(nodes: list[Node], seed: int) -> None:
    rng = random.Random(seed)
    one, two, _ = nodes
    whole = [one.say(rng.randbytes(rng.randrange(1, 60))) for _ in range(20)]
    sources = list(two.guard._sources)
    for _ in range(20_000):
        topic, sealed = rng.choice(whole)
        altered = bytearray(sealed)
        for _ in range(rng.randrange(1, 4)):
            altered[rng.randrange(len(altered))] = rng.randrange(256)
        if rng.random() < 0.3:
            altered = altered[: rng.randrange(len(altered))]
        if rng.random() < 0.1:
            altered = bytearray(rng.randbytes(rng.randrange(40)))
        if bytes(altered) == sealed or not two.guard._fleet:
            altered[len(altered) // 2 : len(altered) // 2 + 1] = b"\xff\xff"
        two.hear((rng.choice((topic, *sources)), bytes(altered)))
    assert not two.heard
    assert set(two.counts) == {"form", "mac"} and sum(two.counts.values()) == 20_000
