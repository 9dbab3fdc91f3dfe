"""The edge of a node with a part in a limit: what it does first, what it says, what it obeys."""

from types import SimpleNamespace

import pytest
from quelea.headroom.group import Load, make
from quelea_agent import sharing
from quelea_agent.port import share as edge
from quelea_agent.port import store

IDS = {1: "n01", 2: "n02", 3: "n03"}
SETTINGS = SimpleNamespace(fleet="demo", id="n01")


def group(**more):
    loads = [Load(node, 100, 0, 4000) for node in IDS]
    return make(loads, [6000], safety_percent=100, **more)


def part_of(one, node):
    """Return the Sharing of a member that is enrolled, and its files."""
    settings = SimpleNamespace(fleet="demo", id=IDS[node])
    part, problem = sharing.load(settings, one.node_config(node, IDS))
    assert problem is None
    files = one.records(node)
    for share in part.shares:
        assert share.headroom.load(*(files.get(share.name(slot), b"") for slot in (0, 1)))
    return part, files


@pytest.fixture
def node(monkeypatch, tmp_path):
    """A node whose edges write into a list."""
    monkeypatch.chdir(tmp_path)
    made = edge.ShareNode.__new__(edge.ShareNode)
    made.log = []
    made.port = SimpleNamespace(drive=lambda point_q: made.log.append(("drive", point_q)))
    made.transport = SimpleNamespace(
        publish=lambda topic, data, *_: made.log.append(("say", topic, bytes(data)))
    )
    made.link = SimpleNamespace(sharing=None, topic_to=lambda dest: b"x")
    made.attack = None
    made.heap = SimpleNamespace(sample=lambda: None)
    demand = SimpleNamespace(demand_q=3000)
    made.agent = SimpleNamespace(demand=demand, settled_q=0, epoch=0)
    write = store.write

    def logged(name, data):
        made.log.append(("write", name))
        return made.good and write(name, data)

    made.good = True
    monkeypatch.setattr(store, "write", logged)
    for name, data in group().records(1).items():
        assert write(name, data)
    part, _ = sharing.load(SETTINGS, group().node_config(1, IDS))
    made.take_part(part)
    return made


def words(node):
    """Return what was done since the last look, without the amounts."""
    done = [row[0] for row in node.log]
    node.log.clear()
    return done


def test_load_then_storage_then_speech(node):
    """REQ-HEADROOM-9: and a record that could not be stored is not spoken of."""
    taker, _ = part_of(group(), 2)
    now_ms = 0
    for demand_q in (3000, 0, 0):
        now_ms += 1000
        node.agent.demand.demand_q = demand_q
        node._round(now_ms, ())
        assert words(node) == ["drive", "say"], "nothing has changed hands"
    taker.receive(node.sharing.topic, node.sharing.shares[0].headroom.row())
    taker.round(now_ms, 4000, 0, 0)
    node.sharing.receive(taker.topic, taker.shares[0].headroom.row())
    for good in (False, True):
        node.good = good
        node._round(now_ms, ())
        entry = node.sharing.shares[0].headroom._kept.entry
        assert words(node) == ["drive", "write", "say"] and entry == 1 + good
    again, problem = sharing.load(SETTINGS, group().node_config(1, IDS))
    assert problem is None
    assert again.shares[0].headroom.load(store.read("headroom.0.0"), store.read("headroom.0.1"))
    assert again.shares[0].headroom.owned_q < 1900 == group().splits[0].members[0].initial_q


def test_a_silent_round_sets_the_load_and_stores_what_is_due(node, monkeypatch):
    """REQ-CADENCE-9."""
    settings = SimpleNamespace(
        fleet="demo", id="n01", period_ms=1000, quiet_rounds_max=16, dead_band_q=40
    )
    part, _ = sharing.load(settings, group().node_config(1, IDS))
    node.parts = []
    node.take_part(part)
    taker, _ = part_of(group(), 2)
    for at in range(1, 40):
        node.agent.demand.demand_q = 3000 + at % 30
        node._round(1000 * at, ())
    done = words(node)
    assert done.count("drive") == 39 and done.count("say") <= 8 and "write" not in done
    node.agent.demand.demand_q = 0
    taker.round(40_000, 4000, 0, 0)
    node.sharing.receive(taker.topic, taker.shares[0].row())
    node._round(40_000, ())
    assert words(node) == ["drive", "write", "say"], "units that move are news"


def test_a_node_without_a_record_stays_at_its_floor():
    """REQ-HEADROOM-4."""
    part, _ = sharing.load(SETTINGS, group().node_config(1, IDS))
    for now_ms in range(0, 9000, 1000):
        assert part.round(now_ms, 4000, 0, 0) == 100
        assert part.shares[0].headroom.row() is None


def test_percent_holds_at_once_and_comes_back():
    """REQ-HEADROOM-10."""
    parts = [part_of(group(), number)[0] for number in IDS]
    now_ms = 0

    def rounds(count):
        nonlocal now_ms
        for _ in range(count):
            now_ms += 1000
            for part in parts:
                part.round(now_ms, 4000, 0, 0)
                if part.shares[0].slot >= 0:
                    part.shares[0].stored(True)
                row = bytes(part.shares[0].headroom.row())
                for other in parts:
                    other.receive(part.topic, row)
        return [part.point_q for part in parts]

    assert rounds(9) == [2000] * 3
    for part in parts:
        part.percent = 30
    assert rounds(1) == [600] * 3
    assert sum(rounds(9)) <= 1800
    for part in parts:
        part.percent = 0
    assert rounds(1) == [0] * 3
    for part in parts:
        part.percent = 100
    assert rounds(9) == [2000] * 3


@pytest.mark.parametrize("percent", [None, -1, 101, "5", 3.5])
def test_the_command_takes_whole_percents(percent):
    link = edge.Link.__new__(edge.Link)
    link.sharing = SimpleNamespace(percent=100)
    assert "from 0 to 100" in link._do("limit", {"percent": percent})
    assert link._do("limit", {"percent": 40}) == "" and link.sharing.percent == 40
    assert "the verbs are" in link._do("dance", {})


def test_news_is_said_again_half_a_round_later(node):
    """REQ-CADENCE-9."""
    settings = SimpleNamespace(
        fleet="demo", id="n01", period_ms=1000, quiet_rounds_max=16, dead_band_q=40
    )
    node.agent.settings = settings
    node.parts = []
    node._deadline_ms = lambda now_ms: now_ms + 900
    part, _ = sharing.load(settings, group().node_config(1, IDS))
    node.take_part(part)
    (again,) = node.parts
    node.agent.demand.demand_q = 3000
    said = []
    for now_ms in range(10_000, 40_000, 100):
        if now_ms % 1000 == 0:
            node._round(now_ms, ())
        again.turn(now_ms)
        due = node._deadline_ms(now_ms)
        said += [(now_ms, row[2]) for row in node.log if row[0] == "say"]
        if part.shares[0].hush.again is not None:
            assert due % 1000 == 500 or due == now_ms + 900
        node.log.clear()
    pairs = [(now_ms, row) for now_ms, row in said if now_ms % 1000 == 500]
    assert len(pairs) == again.repeated == 4
    assert all((now_ms - 500, row) in said for now_ms, row in pairs)
    assert len(said) == len(pairs) + 6, "five rounds, and a heartbeat that is said once"
