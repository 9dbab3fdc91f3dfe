"""The link without a broker: what a node says when, and what it does with what it hears."""

import json
import random

import pytest
from quelea_agent import link as module
from quelea_agent.agent import Agent
from quelea_agent.link import Link
from quelea_agent.settings import load
from quelea_proto import limits
from quelea_proto.frames import NODE, SEQ, SESSION, STATE, VALUE_Q, Frame, frame_bytes, pack
from quelea_proto.topics import build

OWN = b"quelea/1/demo/n/n02/"
COMMAND = b"quelea/1/demo/cmd/n02/"
CFG = {
    "fleet": "demo",
    "id": "n02",
    "node": 2,
    "neighbours": [[1, "n01", 0], [3, "n03", 1], [9, "n09", 0]],
    "faults_max": 1,
    "period_ms": 100,
}


class World:
    """A link with its agent; said() empties and returns what it wants to publish."""

    def __init__(self, status_ms: int = 5000, emulated: bool = True) -> None:
        settings, problem = load(CFG)
        assert problem is None
        self.agent = Agent(settings, 7)
        self.link = Link(settings, 7, status_ms, (("fw", '"0"'),), emulated)
        self.agent.step(0, ())

    def tick(self, now_ms: int) -> list[tuple[str, bytes, int, bool]]:
        self.link.tick(now_ms, self.agent, lambda: [("extra", "1")])
        return self.said()

    def said(self) -> list[tuple[str, bytes, int, bool]]:
        rows = list(self.link.outgoing)
        self.link.outgoing.clear()
        assert all(topic.startswith(OWN) for topic, *_ in rows), "a node writes below its own id"
        return [(topic[len(OWN) :].decode(), *rest) for topic, *rest in rows]

    def up(self, now_ms: int = 0) -> list[tuple[str, bytes, int, bool]]:
        self.link.connected(now_ms)
        return self.tick(now_ms)

    def command(self, verb: str, **args: object) -> dict:
        self.link.receive(COMMAND + verb.encode(), json.dumps(args).encode())
        return json.loads([row[1] for row in self.said() if row[0] == "rpl"][-1])


def words(rows: list[tuple[str, bytes, int, bool]]) -> list[bytes]:
    return [row[1] for row in rows if row[0] == "$state"]


def test_on_a_cluster_a_node_that_comes_back_lets_nothing_be_stored() -> None:
    """A server that cannot store, while leaders are elected, takes in nothing else for seconds."""
    world = World()
    world.link.qos_max = 0
    first = world.up()
    assert [(row[0], row[3]) for row in first[:3]] == [
        ("$state", True),
        ("$birth", True),
        ("$state", True),
    ]
    world.link.lost(100, "closed")
    again = world.up(200)
    assert ("$state", b"ready", 0, False) in again
    assert "evt" in [row[0] for row in again], "it was away, and says so"
    assert all((qos, retain) == (0, False) for _, _, qos, retain in again)
    world.link.receive(OWN + b"$state", b"ready")
    world.link.receive(OWN + b"$state", b"lost")
    assert world.said() == [("$state", b"ready", 0, True)], "what is kept was wrong"


def test_birth_order_and_qos() -> None:
    rows = World().up()
    assert [(topic, qos, retain) for topic, _, qos, retain in rows] == [
        ("$state", 1, True),
        ("$birth", 1, True),
        ("$state", 1, True),
        ("evt", 1, False),
        ("status", 0, False),
    ]
    assert words(rows) == [b"init", b"ready"]
    birth = json.loads(rows[1][1])
    assert birth["session"] == 7 and birth["neighbours"] == 3 and birth["fw"] == "0"
    assert json.loads(rows[3][1])["event"] == "start"


def test_subscriptions_are_what_the_access_list_allows() -> None:
    from paho.mqtt.client import topic_matches_sub
    from quelea.fleet.accounts import node_reads

    filters = [topic.decode() for topic, _ in World().link.subscriptions()]
    assert len(filters) == len(set(filters)) == 3 + 5
    for topic in filters:
        assert any(topic_matches_sub(allowed, topic) for allowed in node_reads("demo", "n02"))


def test_will_is_lost_on_the_own_state() -> None:
    assert World().link.will == (OWN + b"$state", b"lost")


def test_frames_are_credited_to_the_topic_they_came_on() -> None:
    link = World().link
    link.receive(build("frame", "demo", "n09").encode(), b"a")
    link.receive(build("direct", "demo", "n03", "n02").encode(), b"b")
    assert link.frames == [(9, b"a"), (3, b"b")]


@pytest.mark.parametrize(
    "topic",
    [
        build("frame", "demo", "n04"),  # no neighbour
        build("frame", "other", "n01"),
        build("direct", "demo", "n01", "n03"),  # to somebody else
        build("direct", "demo", "n04", "n02"),
        "quelea/1/demo/ota",
        "",
        "x",
    ],
)
def test_other_topics_are_counted_only(topic: str) -> None:
    link = World().link
    link.receive(topic.encode(), b"a")
    assert link.frames == [] and link.counts[module.NAMES.index("unknown_topics")] == 1


def test_inbox_keeps_the_newest() -> None:
    link = World().link
    for number in range(limits.INBOX_FRAMES_MAX + 10):
        link.receive(build("frame", "demo", "n01").encode(), b"%d" % number)
    assert link.frames[0] == (1, b"10") and len(link.frames) == limits.INBOX_FRAMES_MAX
    assert link.counts[module.NAMES.index("inbox_drops")] == 10


def test_frames_go_to_all_or_to_one() -> None:
    link = World().link
    assert link.topic_to(0) == OWN + b"x"
    assert link.topic_to(9) == b"quelea/1/demo/d/n02/n09"


def test_stale_will_is_contradicted_once() -> None:
    """The broker publishes the will of the old connection after the new one said `ready`."""
    world = World()
    world.up()
    hear = world.link.receive
    hear(OWN + b"$state", b"lost")
    assert world.said() == [], "its own `ready` is still on the way and will be the last word"
    hear(OWN + b"$state", b"init")
    hear(OWN + b"$state", b"ready")
    hear(OWN + b"$state", b"lost")
    hear(OWN + b"$state", b"lost")
    assert words(world.said()) == [b"ready"]
    assert world.link.counts[module.NAMES.index("stale_wills")] == 1
    hear(OWN + b"$state", b"ready")
    hear(OWN + b"$state", b"lost")
    assert words(world.said()) == [b"ready"]


def test_nobody_is_contradicted_who_leaves() -> None:
    world = World()
    world.up()
    world.link.receive(OWN + b"$state", b"ready")
    world.link.stop()
    world.link.receive(OWN + b"$state", b"lost")
    assert words(world.said()) == [b"disconnected"]


def test_status_has_its_period_and_follows_changes() -> None:
    world = World(status_ms=1000)
    world.up(0)

    def statuses(now_ms: int) -> list[dict]:
        return [json.loads(row[1]) for row in world.tick(now_ms) if row[0] == "status"]

    assert statuses(999) == [] and world.link.next_wake_ms == 1000
    (status,) = statuses(1000)
    assert (status["session"], status["extra"], status["demand_q"]) == (7, 1, 0)
    assert statuses(1001) == [] and world.link.next_wake_ms == 2000
    world.link.receive(b"quelea/1/demo/cfg", b'{"seq": 4}')
    assert statuses(1002) == [] and world.link.next_wake_ms == 1000 + limits.STATUS_MS_MIN
    assert statuses(1000 + limits.STATUS_MS_MIN)[0]["cfg_seq"] == 4


def test_status_follows_the_clock_over_its_end() -> None:
    world = World(status_ms=1000)
    begin = limits.TICKS_MASK - 1500
    world.up(begin)
    said = []
    for step in range(0, 5001, 100):
        now_ms = (begin + step) & limits.TICKS_MASK
        said += [step for row in world.tick(now_ms) if row[0] == "status"]
    assert said == [1000, 2000, 3000, 4000, 5000]


def test_nothing_is_said_while_the_broker_is_away_and_the_outage_afterwards() -> None:
    world = World(status_ms=1000)
    world.up(0)
    world.link.lost(500, "closed")
    assert world.tick(600) == [] and world.tick(5000) == []
    assert world.link.next_wake_ms > 5000
    rows = world.up(6500)
    assert words(rows) == [b"init", b"ready"]
    event = json.loads(next(row[1] for row in rows if row[0] == "evt"))
    assert (event["event"], event["cause"], event["away_ms"]) == ("broker-back", "closed", 6000)


def frame_of(node: int, seq: int, value_q: int) -> bytes:
    frame = Frame(2)
    frame.kind = STATE
    frame.head[NODE], frame.head[SESSION], frame.head[SEQ] = node, 1, seq
    frame.head[VALUE_Q] = value_q
    buffer = bytearray(frame_bytes(STATE, 2))
    pack(frame, buffer)
    return bytes(buffer)


def test_equivocation_is_named_and_its_events_are_bounded() -> None:
    world = World(status_ms=0)
    world.up(0)
    events = []
    for step in range(40):
        frames = [(3, frame_of(3, step + 1, value_q)) for value_q in (5, 6)]
        world.agent.step(step * 100, frames)
        events += [json.loads(row[1]) for row in world.tick(step * 100) if row[0] == "evt"]
    assert world.agent.neighbours.suspicion == [0, 40, 0], "the fault was not injected"
    assert {(event["event"], event["of"]) for event in events} == {("equivocation", "n03")}
    assert len(events) <= limits.EVENTS_MAX
    later = world.tick(limits.EVENTS_MS + 100)
    assert sum(row[0] == "evt" for row in later) <= limits.EVENTS_MAX
    assert world.link.counts[module.NAMES.index("events_dropped")] > 20


def test_commands() -> None:
    world = World()
    world.up()
    assert world.command("status", tok="a") == {"tok": "a", "verb": "status", "ok": True}
    assert world.command("sense", tok=1, value_q=123)["ok"]
    assert world.link.demand_q == 123
    assert world.command("sense", value_q=None)["ok"]
    assert world.link.demand_q is None
    world.link.receive(b"quelea/1/demo/cmd/all/sense", b'{"value_q": -5}')
    assert world.link.demand_q == -5
    assert not world.link.stopping
    assert world.command("stop")["ok"]
    assert world.link.stopping


def test_redelivered_command_is_answered_but_not_done_again() -> None:
    world = World()
    world.up()
    world.command("sense", tok="t1", value_q=1)
    world.command("sense", tok="t2", value_q=2)
    answer = world.command("sense", tok="t1", value_q=1)
    assert answer["ok"] and answer["again"]
    assert world.link.demand_q == 2
    assert world.link.counts[module.NAMES.index("repeated_commands")] == 1
    for number in range(limits.TOKENS_MAX):
        world.command("sense", tok=number, value_q=number)
    assert not world.command("sense", tok="t1", value_q=1).get("again")


@pytest.mark.parametrize(
    ("verb", "payload"),
    [
        ("sense", b'{"value_q": 8388608}'),
        ("sense", b'{"value_q": 1.5}'),
        ("sense", b'{"value_q": true}'),
        ("sense", b'{"value_q": "7"}'),
        ("sense", b"[1]"),
        ("sense", b"{"),
        ("sense", b"\xff\xfe"),
        ("status", b"7"),
        ("reboot", b"{}"),
        ("", b""),
        ("a/b", b""),
    ],
)
def test_bad_commands_are_refused_and_counted(verb: str, payload: bytes) -> None:
    world = World()
    world.up()
    world.link.receive(COMMAND + verb.encode(), payload)
    answer = json.loads(world.said()[-1][1])
    assert answer["ok"] is False and answer["err"]
    assert world.link.counts[module.NAMES.index("bad_commands")] == 1
    assert world.link.demand_q is None and not world.link.stopping


def test_real_sensor_cannot_be_overruled() -> None:
    world = World(emulated=False)
    world.up()
    assert world.command("sense", value_q=5)["err"] == "this node has a real sensor"
    assert world.link.demand_q is None


def test_flood_of_commands_does_not_flood_the_answers() -> None:
    world = World()
    world.up()
    for _ in range(500):
        world.link.receive(COMMAND + b"status", b"{}")
    assert len(world.said()) <= limits.SEND_QUEUE_MAX


def test_garbage_on_every_topic_changes_nothing(seed: int) -> None:
    """JSON-like and random bytes on all topics that are listened to; nothing raises."""
    rng = random.Random(seed)
    world = World()
    world.up()
    topics = [topic.replace(b"+", b"sense") for topic, _ in world.link.subscriptions()]
    parts = [b'{"tok":', b'"', b"{", b"}", b"[", b"null", b"1e999", b'"seq":', b"-", b"\xff", b","]
    for _ in range(20_000):
        if rng.random() < 0.5:
            payload = b"".join(rng.choices(parts, k=rng.randrange(12)))
        else:
            payload = rng.randbytes(rng.randrange(80))
        world.link.receive(rng.choice(topics), payload)
        world.agent.step(0, world.link.frames)
        world.link.frames.clear()
        world.said()
    assert world.link.demand_q is None and not world.link.stopping
    assert world.agent.counters.counts[0] > 1000  # frames_in
    assert world.agent.neighbours.live == bytes(3)
