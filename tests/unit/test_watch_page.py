"""Behind the live page: following journals, looking back, what pages are sent, who may ask."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from journals import NODES, hear, payload
from quelea.errors import UserError
from quelea.headroom import audit as headroom
from quelea.journal import Recorder, Writer, begin
from quelea.watch import Facts, Model, notices
from quelea.watch.budget import Budget
from quelea.watch.course import RECENT_POINTS, STEP_US, WHOLE_POINTS, Course
from quelea.watch.follow import BROKEN_OFF, FINISHED, RUNNING, Follower
from quelea.watch.guard import Guard
from quelea.watch.hub import Hub
from quelea.watch.look_back import model_at
from quelea.watch.sources import JournalBack

SETTINGS = {"mode": "resilient", "rule": "wmsr", "faults_max": "0", "period_ms": "200",
            "lo_q": 0, "hi_q": 1000, "epoch_rounds": 40}  # fmt: skip
ROUND_US = 200_000


def talk(recorder: Recorder, first: int, last: int) -> None:
    """Let the three nodes of NODES say a round every 200 ms; the values meet half way."""
    for seq in range(first, last):
        for node in (1, 2, 3):
            used = [1 + (seq - 1) % 255] * 2 if seq > 1 else [0, 0]
            hear(recorder, seq * ROUND_US + node, node, seq, used=used, value_q=100 + 10 * node,
                 input_q=100 + 10 * node, flags=2 if seq == 1 else 0)  # fmt: skip


def run_in(folder: Path, rounds: int = 30) -> Writer:
    writer = Writer(folder / "journal.sqlite")
    begin(writer, name="watched", nodes=NODES, settings=SETTINGS, command=[])
    talk(writer, 1, rounds)
    for node in NODES:
        writer.state(node.number, "lease", "present", 1)
        writer.status(node.number, json.dumps({"demand_q": 7, "live": 2}), ROUND_US * 2)
    writer.event("fleet", "hello", {"why": "test"}, ROUND_US)
    writer.fault("cut", "n02", 5 * ROUND_US, 6 * ROUND_US, 1)
    assert writer.flush()
    return writer


def read_in(follower: Follower) -> Follower:
    for _ in range(200):
        follower.step()
        if follower.whole and not follower.audit_behind:
            return follower
    raise AssertionError("never whole")


def test_a_journal_is_followed_while_it_is_written_and_ends_with_it(tmp_path: Path) -> None:
    writer = run_in(tmp_path)
    follower = read_in(Follower(tmp_path / "journal.sqlite", audited=False))
    assert follower.phase == RUNNING
    assert (follower.model.frames, follower.model.nodes[1].seq) == (87, 29)
    talk(writer, 30, 35)
    writer.close()
    read_in(follower)
    assert follower.phase == FINISHED and follower.model.nodes[1].seq == 34
    assert follower.model.faults[1].target == "n02" and follower.model.events[0].name == "hello"
    assert follower.model.spread_q() == 10  # n03 is known to lie
    follower.close()
    blind = read_in(Follower(tmp_path / "journal.sqlite", blind=True))
    assert blind.model.nodes[3].attack == "" and not blind.model.nodes[3].liar
    blind.close()


def test_a_killed_run_is_told_from_a_quiet_one(tmp_path: Path) -> None:
    script = (
        "import os, sys, time; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path; from test_watch_page import run_in\n"
        "run_in(Path(sys.argv[1])); print('there', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), *sys.path], stdout=subprocess.PIPE
    )
    assert child.stdout is not None and child.stdout.readline() == b"there\n"
    follower = read_in(Follower(tmp_path / "journal.sqlite"))
    assert follower.phase == RUNNING
    child.kill()
    child.wait()
    child.stdout.close()
    read_in(follower)
    assert follower.phase == BROKEN_OFF and follower.model.frames == 87
    follower.close()
    again = read_in(Follower(tmp_path / "journal.sqlite"))
    assert again.phase == BROKEN_OFF and again.model.frames == 87
    again.close()


def test_the_audit_accuses_in_the_picture_too(tmp_path: Path) -> None:
    run_in(tmp_path).close()
    follower = read_in(Follower(tmp_path / "journal.sqlite"))
    accused = follower.model.accused
    assert set(accused) == {1, 3}  # their values never move; that of n02 is the mean
    assert "wmsr" in accused[1].what
    follower.close()


def test_looking_back_shows_what_was_known_then(tmp_path: Path) -> None:
    run_in(tmp_path).close()
    follower = read_in(Follower(tmp_path / "journal.sqlite"))
    model = model_at(follower.journal, follower.facts, 10 * ROUND_US + 2)
    assert [model.nodes[n].seq for n in (1, 2, 3)] == [10, 10, 9]
    assert model.nodes[1].round == 9 and model.nodes[1].figure("demand_q") == 7
    assert all(model.hears(model.nodes[1], slot) for slot in (0, 1))
    early = model_at(follower.journal, follower.facts, 0)
    assert not early.nodes[1].heard and not early.faults
    back = JournalBack(follower)
    begun_s = time.perf_counter()
    answer = json.loads(back.look(20 * ROUND_US))
    assert time.perf_counter() - begun_s < 1.0
    assert answer["look_us"] == 20 * ROUND_US and len(answer["nodes"]) == 3
    assert "n01 says 110 q" in back.why("n01", 4.0)
    with pytest.raises(UserError):
        back.why("n99", 4.0)
    back.close()
    follower.close()


def test_a_slow_page_is_given_the_latest_state_and_nothing_waits_for_it(tmp_path: Path) -> None:
    writer = run_in(tmp_path)
    hub = Hub(read_in(Follower(tmp_path / "journal.sqlite")), {"where": "here"})
    hub.turn()
    text, cursor = hub.hello()
    assert len(json.loads(text)["nodes"]) == 3 and json.loads(text)["members"][2]["liar"]
    text, quick = hub.news(cursor)
    assert json.loads(text)["nodes"] == []
    for first in range(30, 60, 5):
        talk(writer, first, first + 5)
        writer.flush()
        hub.turn()
        text, quick = hub.news(quick)
        assert [row[0] for row in json.loads(text)["nodes"]] == [1, 2, 3]
    slow = json.loads(hub.news(cursor)[0])  # has missed six ticks: one row a node, the newest
    assert [row[0] for row in slow["nodes"]] == [1, 2, 3]
    fields = json.loads(hub.hello()[0])["node_fields"]
    assert {row[fields.index("seq")] for row in slow["nodes"]} == {59}
    assert len(hub._texts) <= 2, "what was told is not kept"
    writer.close()
    hub.stop()


def test_the_course_is_bounded_and_keeps_the_worst_spread() -> None:
    model, course = Model(Facts(period_ms=200), NODES), Course()
    for step in range(WHOLE_POINTS * 3):
        model.tick(step * STEP_US)
        course.note(model, step * STEP_US)
    assert len(course.recent) <= 2 * RECENT_POINTS and len(course.whole) <= WHOLE_POINTS
    assert course.step_us == 4 * STEP_US
    times = [point.t_us for point in course.whole]
    assert times == sorted(times) and times[-1] > (WHOLE_POINTS * 3 - 10) * STEP_US
    assert len(course.newer(-1)) == RECENT_POINTS and course.newer(times[-1] + STEP_US * 9) == []


def headroom_row(node: int, entry: int, cap_q: int, given: list[int], taken: list[int]) -> bytes:
    count = len(given)
    body = bytes([0x23, 0]) + node.to_bytes(2, "little") + entry.to_bytes(4, "little")
    body += cap_q.to_bytes(3, "little") + bytes(6) + bytes([count])
    for value in given + taken:
        body += value.to_bytes(4, "little")
    body += bytes(3 * count)
    return body + headroom.crc(body).to_bytes(2, "little")


def test_the_budget_adds_caps_and_units_under_way_and_sees_a_broken_limit() -> None:
    members = [{"node": n, "floor_q": 10, "initial_q": 20} for n in (1, 2)]
    budget = Budget()
    budget.set_up({"limit_q": 100, "safety_percent": 80, "members": members})
    assert (budget.budget_q, budget.caps_q, budget.headroom_q) == (80, 20, 60)
    budget.take(1, 1, headroom_row(1, 1, 25, [5], [0]))
    budget.take(2, 2, headroom_row(2, 1, 30, [0], [0]))
    assert (budget.caps_q, budget.under_way_q, budget.headroom_q) == (55, 5, 20)
    budget.take(3, 2, headroom_row(2, 2, 35, [0], [5]))
    assert (budget.caps_q, budget.under_way_q, budget.violations) == (60, 0, 0)
    budget.take(4, 2, b"garbage")
    budget.take(4, 2, headroom_row(1, 9, 99, [0], [0]))  # speaks for another
    assert budget.cap_q(2) == 35
    budget.take(5, 2, headroom_row(2, 3, 35, [0], [5]))
    assert budget.headroom_q == 20 and budget.impossible == {}
    small = Budget()
    small.set_up({"limit_q": 70, "members": members})
    small.take(1, 1, headroom_row(1, 1, 30, [0], [0]))
    small.take(2, 2, headroom_row(2, 1, 30, [0], [0]))
    assert (small.violations, small.headroom_q) == (1, -4) and "60" in small.found[0][1]


def test_what_a_liar_says_of_the_limit_counts_for_nothing() -> None:
    members = [{"node": n, "floor_q": 10, "initial_q": 20, "reserve_q": 12} for n in (1, 2)]
    budget = Budget()
    budget.set_up({"limit_q": 100, "members": members})
    budget.take(1, 2, headroom_row(2, 1, 30, [0], [0]))
    budget.take(2, 1, headroom_row(1, 1, 90, [0], [0]))  # more than it owns
    assert "90" in budget.impossible[1] and budget.violations == 0
    assert (budget.caps_q, budget.reserve_q, budget.headroom_q) == (30, 12, 38)
    budget.take(3, 1, headroom_row(1, 2, 10, [60], [0]))
    assert budget.under_way_q == 0 and budget.headroom_q == 38
    unsaid = Budget()  # no reserve in the configuration: all that a member may begin with
    unsaid.set_up({"limit_q": 100, "members": [{"node": 1, "floor_q": 10, "initial_q": 20}]})
    unsaid.leave_out(1)
    assert unsaid.reserve_q == 30
    model = Model(
        Facts(headroom={"limit_q": 100, "members": [*members, {**members[0], "node": 3}]}), NODES
    )
    assert model.budget.left_out == {3} and model.budget.reserve_q == 12
    model.budget.impossible[1] = "owns -5"
    assert [one.text for one in notices(model) if one.name == "headroom"] == [
        "n01 owns -5: that cannot be"
    ]


ORIGIN = b"http://127.0.0.1:8000"
GOOD = {b"host": b"127.0.0.1:8000"}
ACT = GOOD | {b"origin": ORIGIN, b"x-quelea-token": b"secret"}


@pytest.mark.parametrize(
    ("method", "headers", "why"),
    [
        ("GET", GOOD, ""),
        ("GET", {b"host": b"localhost:8000"}, ""),
        ("GET", {b"host": b"evil.example:8000"}, "this machine only"),
        ("GET", {b"host": b"127.0.0.1:8001"}, "this machine only"),
        ("GET", {}, "this machine only"),
        ("GET", GOOD | {b"origin": b"http://evil.example"}, "another site"),
        ("GET", GOOD | {b"origin": b"null"}, "another site"),
        ("POST", ACT, ""),
        ("POST", GOOD | {b"x-quelea-token": b"secret"}, "from the page itself"),
        ("POST", ACT | {b"x-quelea-token": b"guess"}, "token"),
        ("POST", GOOD | {b"origin": ORIGIN}, "token"),
        ("POST", ACT | {b"sec-fetch-site": b"cross-site"}, "another site"),
        ("POST", ACT | {b"origin": b"https://127.0.0.1:8000"}, "another site"),
        ("DELETE", ACT, "only GET and POST"),
    ],
)
def test_the_door(method: str, headers: dict[bytes, bytes], why: str) -> None:
    passed, sent = [], []

    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        passed.append(scope["method"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message) -> None:  # type: ignore[no-untyped-def]
        sent.append(message)

    scope = {"type": "http", "method": method, "headers": list(headers.items())}
    asyncio.run(Guard(app, 8000, "secret")(scope, lambda: None, send))  # type: ignore[arg-type]
    assert bool(passed) == (not why)
    assert sent[0]["status"] == (403 if why else 200)
    assert b"default-src 'none'" in dict(sent[0]["headers"])[b"content-security-policy"]
    if why:
        assert why in sent[1]["body"].decode()


def test_without_a_token_nothing_may_be_done() -> None:
    guard = Guard(lambda *_: None, 8000, "")  # type: ignore[arg-type, return-value]
    assert "only looks" in guard.refusal("POST", ACT | {b"x-quelea-token": b""})


def test_garbage_in_a_journal_is_sent_as_text(tmp_path: Path) -> None:
    writer = run_in(tmp_path)
    writer.status(1, '{"heap": [1], "reason": "<img src=x onerror=alert(1)>", "cap_q": true}', 1)
    writer.event("n01", "<b>x</b>", {"a": "\u2028" + "x" * 999}, 1)
    writer.state(2, "$birth", '{"fw": {"a": 1}, "fanout": "many"}', 1)
    writer.frame(1, "x", 2, 0, b"", None)
    writer.frame(1, "x", 2, 0, payload(2, 1, used=[1] * 40))
    writer.close()
    hub = Hub(read_in(Follower(tmp_path / "journal.sqlite")), {})
    hub.turn()
    text, _ = hub.hello()
    assert "\n" not in text and json.loads(text)
    hub.stop()
