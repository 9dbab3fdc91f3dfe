"""The life of a node at its broker, as the link says it; and what goes on without one."""

import json

import pytest
from quelea_agent.link import NAMES, Link
from quelea_agent.port import session
from quelea_proto import topics
from quelea_proto.limits import INBOX_FRAMES_MAX
from small_fleet import K4, K5, agent, counted, due, frame, settings

OWN = b"quelea/1/demo/n/n01/"


def link(**more):
    return Link(settings(1, K4), 7, 5000, **more)


def links(one, name):
    """Return one of the link's counters."""
    return one.counts[NAMES.index(name)]


def said(one):
    """Return and clear what the node wants to publish: (last levels, payload, QoS, retained)."""
    rows = [(topic.split(b"/", 3)[3].decode(), *rest) for topic, *rest in one.outgoing]
    one.outgoing.clear()
    return rows


def test_the_last_will():
    """REQ-LIFE-1."""
    assert link().will == (OWN + b"$state", b"lost")


def test_a_node_introduces_itself_in_order():
    """REQ-LIFE-2: init, birth, ready; each QoS 1 and retained; the same on every connection."""
    one = link()
    for _ in range(2):
        one.connected(1000)
        rows = said(one)
        assert [(row[0], row[2], row[3]) for row in rows] == [
            ("n/n01/$state", 1, True),
            ("n/n01/$birth", 1, True),
            ("n/n01/$state", 1, True),
        ]
        assert rows[0][1] == b"init" and rows[2][1] == b"ready"
        birth = json.loads(rows[1][1])
        assert (birth["id"], birth["node"], birth["session"]) == ("n01", 1, 7)
        one.lost(2000, "closed")


def test_a_node_leaves_in_order():
    """REQ-LIFE-3."""
    one = link()
    one.connected(0)
    said(one)
    one.stop()
    assert said(one) == [("n/n01/$state", b"disconnected", 1, True)]


def test_a_stale_will_is_answered():
    """REQ-LIFE-4: once its own `ready` came back, `lost` can only be a will of the past."""
    one = link()
    one.connected(0)
    said(one)
    one.receive(OWN + b"$state", b"lost")
    assert said(one) == [], "the own `ready` is still on its way and will be the last word"
    one.receive(OWN + b"$state", b"ready")
    one.receive(OWN + b"$state", b"lost")
    assert said(one) == [("n/n01/$state", b"ready", 1, True)]


@pytest.mark.parametrize(
    "before, now", [("", 1), ("1", 2), ("65535", 1), ("rubbish", 1), ("70000", 1)]
)
def test_the_session_rises_with_each_boot(tmp_path, before, now):
    """REQ-LIFE-5: 1..65535 and round again; an unreadable file counts as none."""
    path, new = tmp_path / "session", tmp_path / "session.new"
    if before:
        path.write_text(before)
    assert session.begin(str(path), str(new)) == (now, True)
    assert session.begin(str(path), str(new)) == (now % 65535 + 1, True)


@pytest.mark.parametrize("cut", ("open", "write", "rename"))
def test_a_power_cut_leaves_the_old_session_or_the_new(tmp_path, monkeypatch, cut):
    """REQ-LIFE-5: the cut comes at each of the three steps; the file is one of the two."""
    path, new = tmp_path / "session", tmp_path / "session.new"
    path.write_text("41")
    cuts = []

    def fails(*_):
        cuts.append(cut)
        raise OSError("power is gone")

    if cut == "rename":
        monkeypatch.setattr(session.os, "rename", fails)
    elif cut == "write":
        new.mkdir()  # opening it for writing fails
        cuts.append(cut)
    else:
        monkeypatch.setattr("builtins.open", fails)
    assert session.begin(str(path), str(new))[1] is False
    monkeypatch.undo()
    assert cuts and path.read_text() == "41"


def test_rounds_go_on_without_a_broker():
    """REQ-LIFE-6: no frames for a long time, then they come back."""
    one = agent(1, K5, fresh_rounds=2)
    one.sense(0, 500)
    due(one)

    def hear(seq):
        for node in (2, 3, 4, 5):
            one.step(one.next_wake_ms - 1, [(node, frame(node=node, seq=seq, value_q=900))])

    hear(1)
    due(one)
    moved_q = one.value_q
    assert moved_q != 500
    for _ in range(50):
        assert len(due(one)) == 1, "it still does its rounds"
    assert one.held and abs(one.value_q - moved_q) <= 400 and counted(one, "rounds") == 52
    stood_q = one.value_q
    hear(2)
    due(one)
    assert not one.held and one.value_q >= stood_q


def test_only_frames_of_neighbours_reach_the_agent():
    """REQ-LIFE-7, REQ-TOPIC-2, REQ-TOPIC-3: each with the node that may publish there."""
    one = link()
    one.receive(b"quelea/1/demo/n/n03/x", b"a")
    one.receive(b"quelea/1/demo/d/n04/n01", b"b")
    for topic in (b"quelea/1/demo/n/n09/x", b"quelea/1/demo/d/n03/n02", b"other/\xff", b""):
        one.receive(topic, b"c")
    assert one.frames == [(3, b"a"), (4, b"b")]
    assert links(one, "unknown_topics") == 4
    for number in range(INBOX_FRAMES_MAX + 3):
        one.receive(b"quelea/1/demo/n/n02/x", bytes([number]))
    assert len(one.frames) == INBOX_FRAMES_MAX and one.frames[-1] == (2, bytes([number]))
    assert links(one, "inbox_drops") == 5, "the oldest went"


def test_frames_go_to_their_topics():
    """REQ-TOPIC-4, REQ-TOPIC-5."""
    one = link()
    assert one.topic_to(0) == b"quelea/1/demo/n/n01/x"
    assert topics.row_of("frame")[2:4] == topics.row_of("direct")[2:4] == (0, False)
    assert one.topic_to(3) == b"quelea/1/demo/d/n01/n03"


def test_a_command_is_done_once_a_token():
    """REQ-LIFE-8: delivered again it is answered again, and not done again."""
    one = link(emulated=True)
    one.connected(0)
    said(one)
    command = b"quelea/1/demo/cmd/n01/sense"
    one.receive(command, b'{"tok":5,"value_q":17}')
    one.demand_q = 18
    one.receive(command, b'{"tok":5,"value_q":17}')
    assert one.demand_q == 18 and links(one, "repeated_commands") == 1
    answers = [json.loads(row[1]) for row in said(one)]
    assert [answer["tok"] for answer in answers] == [5, 5]
    assert [answer["ok"] for answer in answers] == [True, True]
    one.receive(command, b"no object")
    assert links(one, "bad_commands") == 1
