"""What becomes of messages: leases, gaps, contradictions, strangers, rubbish; no broker needed."""

import json
import random
from typing import Any

import pytest
from quelea.coordinator.account import WINDOW_SEQS, Account
from quelea.coordinator.intake import (
    DOCUMENT_BYTES_MAX,
    STRANGERS_MAX,
    TOLD_MAX,
    Intake,
)
from quelea.coordinator.lease import Lease
from quelea.journal import MemoryRecorder, NodeRow
from quelea_proto.frames import HELD, STATE, Frame, frame_bytes, pack
from quelea_proto.topics import build

FLEET = "demo"
NODES = (
    NodeRow(1, "n01", (2, 3)),
    NodeRow(2, "n02", (1, 3)),
    NodeRow(3, "n03", (1, 2), ("liar",)),
)
S = 1_000_000  # microseconds


def frame(node: int, seq: int, *, value_q: int = 5, session: int = 1, epoch: int = 0) -> bytes:
    out = Frame(2)
    out.kind, out.flags = STATE, HELD
    out.head = [node, session, epoch, seq, 7, value_q]
    buffer = bytearray(frame_bytes(STATE, 2))
    return bytes(buffer[: pack(out, buffer)])


class Desk:
    """An intake with its events, fed by short calls."""

    def __init__(self, nodes: tuple[NodeRow, ...] | None = NODES) -> None:
        self.recorder = MemoryRecorder()
        self.events: list[tuple[str, str, dict[str, Any], int]] = []
        self.intake = Intake(
            FLEET, self.recorder, nodes, 500, on_event=lambda *event: self.events.append(event)
        )
        self.intake.hearing(0)

    def say(self, name: str, node: str, payload: bytes | str, t_us: int, **more: Any) -> None:
        data = payload.encode() if isinstance(payload, str) else payload
        topic = build(name, FLEET, node, more.get("to", ""))
        self.intake.take(topic, data, more.get("retained", False), t_us)

    def named(self, name: str) -> list[dict[str, Any]]:
        return [detail for _, event, detail, _ in self.events if event == name]


# -- leases -------------------------------------------------------------------------------------


def test_a_lease_ends_with_silence_and_sooner_after_a_will() -> None:
    lease = Lease(length_us=2_000, will_us=500)
    assert lease.expire(10**9) == "", "who never came cannot go"
    assert lease.hear(100) and not lease.hear(200)
    assert lease.expire(2_199) == "" and lease.expire(2_200) == "silent"
    assert lease.expire(2_300) == "", "it is told once"
    assert lease.hear(3_000)
    lease.will(3_100)
    assert lease.expire(3_599) == "" and lease.expire(3_600) == "last will"
    lease.hear(4_000)
    lease.will(4_100)
    lease.hear(4_200)  # an old connection's will: the node goes on speaking
    assert lease.expire(4_700) == "" and lease.expire(6_200) == "silent"
    lease.hear(7_000)
    lease.will(8_900)
    assert lease.expire(9_000) == "silent", "a will never makes a lease longer"


def test_presence_follows_frames_and_status_not_what_the_broker_kept() -> None:
    desk = Desk()
    desk.say("state", "n01", "ready", 0, retained=True)
    desk.say("birth", "n01", '{"node":1}', 0, retained=True)
    desk.say("frame", "n01", frame(1, 1), 0, retained=True)
    assert not desk.intake.view(0).node("n01").present
    assert desk.intake.view(0).node("n01").state == "ready"
    desk.say("frame", "n01", frame(1, 2), 1 * S)
    desk.say("status", "n02", "{}", 1 * S)
    assert desk.named("present") == [{"node": "n01"}, {"node": "n02"}]
    desk.intake.tick(3 * S - 1)
    assert desk.named("absent") == []
    desk.say("status", "n02", "{}", 3 * S - 1)
    desk.intake.tick(3 * S)
    assert desk.named("absent") == [{"node": "n01", "reason": "silent", "silent_ms": 2000}]
    journal = desk.recorder.journal()
    assert [(r.node, r.value) for r in journal.states() if r.name == "lease"] == [
        (1, "present"), (2, "present"), (1, "absent: silent"),
    ]  # fmt: skip
    assert [row.name for row in journal.events()] == ["present", "present", "absent"]
    assert journal.causes() == {"retained": 1}, "an old run's frame is none of this one"


def test_a_farewell_ends_presence_at_once_and_a_will_within_two_periods() -> None:
    desk = Desk()
    for node in ("n01", "n02"):
        desk.say("state", node, "ready", 0)
    desk.say("state", "n01", "disconnected", 10)
    assert desk.named("absent") == [{"node": "n01", "reason": "disconnected", "silent_ms": 0}]
    desk.say("state", "n02", "lost", 10)
    desk.intake.tick(1 * S)
    assert desk.intake.view(1 * S).node("n02").present
    desk.intake.tick(1 * S + 10)
    assert desk.named("absent")[1] == {"node": "n02", "reason": "last will", "silent_ms": 1000}
    assert desk.intake.view(2 * S).node("n02").state == "lost"


def test_a_host_without_broker_ends_no_lease() -> None:
    desk = Desk()
    desk.say("frame", "n01", frame(1, 1), 0)
    desk.intake.deaf(1 * S)
    desk.intake.tick(60 * S)
    assert desk.named("absent") == [] and not desk.intake.view(60 * S).connected
    desk.intake.hearing(60 * S)
    desk.intake.tick(61 * S)
    assert desk.named("absent") == [], "after its return everybody has a whole lease"
    desk.intake.tick(62 * S)
    assert len(desk.named("absent")) == 1


def test_a_late_tick_of_ours_costs_nobody_the_lease() -> None:
    desk = Desk()
    desk.say("frame", "n01", frame(1, 1), 0)
    desk.intake.tick(9 * S, late_us=8 * S)
    assert desk.named("absent") == []
    desk.intake.tick(20 * S)
    assert len(desk.named("absent")) == 1


# -- accounts -----------------------------------------------------------------------------------


def test_gaps_count_and_late_frames_take_them_back() -> None:
    account = Account()
    for seq, newer in [(10, True), (11, True), (14, True), (12, False), (12, False), (9, False)]:
        assert account.take(1, seq, frame(1, seq)) is newer
    assert (account.lost, account.late, account.repeated) == (1, 2, 1)
    assert account.take(2, 1, frame(1, 1)) and account.take(2, 3, frame(1, 3))
    assert not account.take(1, 15, frame(1, 15))
    assert (account.lost, account.old, account.sessions) == (2, 1, 2)
    assert account.frames == 9 and account.bytes == 9 * len(frame(1, 1))


def test_random_loss_and_reordering_are_counted_exactly(seed: int) -> None:
    rng = random.Random(seed)
    heard = [seq for seq in range(1, 2_000) if seq == 1 or rng.random() > 0.2]
    shuffled = sorted(heard, key=lambda seq: (seq > 1, seq + rng.uniform(0, 30)))
    account = Account()
    for seq in shuffled:
        account.take(1, seq, frame(1, seq))
        if rng.random() < 0.1:
            account.take(1, seq, frame(1, seq))
    assert WINDOW_SEQS > 30
    assert account.lost == max(heard) - len(heard)
    assert account.contradictions == 0


def test_two_frames_of_one_number_are_evidence_and_copies_are_not() -> None:
    desk = Desk()
    for dest in ("n02", "n03"):
        desk.say("direct", "n01", frame(1, 1), 0, to=dest)
    assert desk.named("equivocation") == []
    for seq in range(2, 30):
        desk.say("direct", "n03", frame(3, seq, value_q=1), 0, to="n01")
        desk.say("direct", "n03", frame(3, seq, value_q=2), 0, to="n02")
    view = desk.intake.view(0)
    assert view.node("n01").contradictions == 0 and view.node("n01").repeated == 1
    assert view.node("n03").contradictions == 28
    assert len(desk.named("equivocation")) == TOLD_MAX, "evidence is told a few times, not always"
    told = desk.named("equivocation")[0]
    assert bytes.fromhex(told["payload"]) == frame(3, 2, value_q=2) and told["dest"] == 2
    assert view.node("n03").value_q == 1, "the first one counts"
    rows = list(desk.recorder.journal().frames(node=3))
    assert [(row.channel, row.dest) for row in rows[:2]] == [("d", 1), ("d", 2)]


# -- who speaks ---------------------------------------------------------------------------------


def test_impostors_and_strangers_are_refused_and_told_apart() -> None:
    desk = Desk()
    desk.say("frame", "n02", frame(1, 1), 0)  # node 2 speaks as node 1
    desk.say("frame", "evil", frame(9, 1), 0)
    desk.say("frame", "n01", b"\x00" * 30, 0)
    desk.intake.take("quelea/1/demo/unheard/of", b"?", False, 0)
    desk.intake.take("quelea/1/other/n/n01/x", frame(1, 1), False, 0)
    view = desk.intake.view(0)
    assert view.refused == {"sender": 1, "stranger": 1, "version": 1}
    assert view.foreign == 2 and view.frames == 0
    assert [(node.number, node.id) for node in view.nodes][-1] == (-1, "evil")
    assert view.node("n01").value_q is None
    journal = desk.recorder.journal()
    assert list(journal.frames()) == []
    assert [row.source for row in journal.frames(good=False)] == [2, -1, 1]
    assert NodeRow(-1, "evil") in journal.nodes(strangers=True)


def test_many_strangers_fill_no_memory() -> None:
    desk = Desk()
    for number in range(3 * STRANGERS_MAX):
        desk.say("frame", f"x{number}", frame(9, 1), 0)
        desk.intake.take(f"quelea/1/demo/junk/{number}", b"", False, 0)
    view = desk.intake.view(0)
    assert len(view.nodes) == len(NODES) + STRANGERS_MAX + 1
    assert view.refused["stranger"] == 3 * STRANGERS_MAX
    assert len(desk.named("foreign-topic")) == TOLD_MAX


def test_an_observer_learns_the_numbers_from_what_is_said() -> None:
    desk = Desk(nodes=None)
    desk.say("frame", "n07", b"garbage", 0)
    desk.say("frame", "n07", frame(7, 1), 1)
    desk.say("birth", "n08", '{"node":8,"neighbours":2}', 2, retained=True)
    desk.say("direct", "n08", frame(8, 1), 3, to="n07")
    desk.say("frame", "fake", frame(7, 9), 4)  # the number is taken
    view = desk.intake.view(5)
    assert [(node.number, node.id) for node in view.nodes] == [
        (7, "n07"),
        (8, "n08"),
        (-3, "fake"),
    ]
    assert view.refused == {"version": 1, "stranger": 1}
    rows = list(desk.recorder.journal().frames())
    assert [(row.source, row.dest) for row in rows] == [(7, 0), (8, 7)]
    assert [row.number for row in desk.recorder.journal().nodes()] == [7, 8]


def test_no_message_raises_whatever_it_holds(seed: int) -> None:
    desk = Desk()
    rng = random.Random(seed)
    topics = [
        f"quelea/1/demo/{rest}"
        for rest in (
            "n/n01/x", "n/n01/status", "n/n01/$birth", "n/n01/$state", "n/n01/evt", "n/n01/rpl",
            "d/n01/n02", "d/n01/nobody", "cfg", "ota", "host/host/$state", "cmd/n01/stop", "n", "",
        )
    ]  # fmt: skip
    texts = ["{}", "[]", "null", "1e999", '{"tok":[]}', '{"event":{"a":1}}', "{" * 200, "\ud800"]
    for t_us in range(20_000):
        if rng.random() < 0.3:
            payload = rng.choice(texts).encode("utf-8", "surrogatepass")
        else:
            payload = rng.randbytes(rng.randrange(64))
        desk.intake.take(rng.choice(topics), payload, rng.random() < 0.2, t_us)
    desk.intake.take(topics[1], b"x" * (DOCUMENT_BYTES_MAX + 1), False, 0)
    assert len(desk.named("document-too-long")) == 1
    desk.intake.view(20_000)
    assert desk.recorder.incomplete is None, "what was heard could be recorded"
    assert len(list(desk.recorder.journal().frames(good=None))) > 1_000


# -- documents ----------------------------------------------------------------------------------


def test_documents_reach_the_view_the_journal_and_the_one_who_asked() -> None:
    desk = Desk()
    replies = []
    desk.intake.on_reply = lambda node_id, document: replies.append((node_id, document))
    status = {"heap": {"high": 9}, "agent": {"rounds": 3}, "value_q": 4}
    desk.say("status", "n01", json.dumps(status), 1)
    desk.say("event", "n01", '{"event":"start","session":1}', 2)
    desk.say("reply", "n01", '{"tok":5,"ok":true}', 3)
    desk.say("birth", "n01", '{"node":1}', 4)
    desk.say("birth", "n01", '{"node":1}', 5, retained=True)  # again, at our next connection
    node = desk.intake.view(5).node("n01")
    assert node.heap == {"high": 9} and node.counters == {"rounds": 3}
    assert node.birth == {"node": 1} and node.age_s == 1e-6
    assert replies == [("n01", {"tok": 5, "ok": True})]
    assert ("n01", "start", {"event": "start", "session": 1}, 2) in desk.events
    journal = desk.recorder.journal()
    assert [row.document for row in journal.statuses()] == [status]
    assert len([row for row in journal.states() if row.name == "$birth"]) == 1


def test_the_view_has_the_spread_of_honest_nodes_in_the_newest_epoch() -> None:
    desk = Desk()
    assert desk.intake.view(0).spread_q is None
    desk.say("frame", "n01", frame(1, 1, value_q=10, epoch=65535), 0)
    desk.say("frame", "n02", frame(2, 1, value_q=40, epoch=65535), 0)
    desk.say("frame", "n03", frame(3, 1, value_q=9999, epoch=65535), 0)  # its claim counts not
    view = desk.intake.view(0)
    assert (view.epoch, view.spread_q) == (65535, 30)
    assert view.node("n03").value_q == 9999 and view.node("n03").liar
    desk.say("frame", "n01", frame(1, 2, value_q=12, epoch=0), 0)  # round the ring
    assert desk.intake.view(0)[-2:] == (0, 0)
    assert view.node("n01").held
    with pytest.raises(KeyError):
        view.node("n99")


def test_rates_are_of_the_last_seconds() -> None:
    desk = Desk()
    for seq in range(1, 41):
        desk.say("frame", "n01", frame(1, seq), seq * S // 10)
    desk.intake.tick(4 * S)
    view = desk.intake.view(4 * S)
    assert view.frames_per_s == 10.0 and view.node("n01").frames_per_s == 10.0
    desk.intake.tick(6 * S)
    assert desk.intake.view(6 * S).frames_per_s == 0.0
    assert view.frames == 40 and view.bytes == 40 * len(frame(1, 1))


def test_a_listener_may_ask_for_a_view_while_it_holds_its_own_lock() -> None:
    desk = Desk()
    seen = []
    desk.intake.on_event = lambda *_: seen.append(desk.intake.view(0).node("n01").present)
    desk.say("frame", "n01", frame(1, 1), 0)
    assert seen == [True]
