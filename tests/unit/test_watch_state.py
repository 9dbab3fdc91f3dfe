"""The live model of page and terminal: rows in, what each node says and what is odd out."""

from collections.abc import Iterable

from journals import payload
from quelea.coordinator.account import WINDOW_SEQS
from quelea.journal import Decoder, EventRow, FrameRow, NodeRow, StateRow, StatusRow
from quelea.watch import Facts, Model, notices
from quelea.watch.state import EVENTS_MAX, Accusation

PERIOD_US = 250_000
FACTS = Facts(mode="resilient", rule="wmsr", faults_max=1, period_ms=250, lo_q=0, hi_q=10_000)


def ring(count: int, liars: Iterable[int] = ()) -> list[NodeRow]:
    """Return nodes that all know each other."""
    lying = ("liar", "attack:drift")
    return [
        NodeRow(
            n,
            f"n{n:02}",
            tuple(m for m in range(1, count + 1) if m != n),
            lying if n in liars else (),
        )
        for n in range(1, count + 1)
    ]


class Talk:
    """Lets nodes of a model speak, round by round."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.decoder = Decoder()
        self.at = 0

    def say(self, t_us: int, node: int, seq: int, used: Iterable[int], **more: int) -> None:
        self.at += 1
        body = payload(node, seq, used=list(used), **more)
        decoded = self.decoder.decode(body, node)
        self.model.take_frame(FrameRow(self.at, t_us, "x", node, 0, body, *decoded))

    def round(
        self,
        seq: int,
        values: dict[int, int],
        deaf: Iterable[tuple[int, int]] = (),
        **more: int,
    ) -> None:
        """Let all say values[n]; deaf: (a, b) where a does not use what b says."""
        for node in values:
            near = self.model.nodes[node].neighbours
            used = [
                1 + seq % 255 if other in values and (node, other) not in deaf else 0
                for other in near
            ]
            self.say(seq * PERIOD_US, node, seq, used, value_q=values[node], **more)
        self.model.tick(seq * PERIOD_US)


def words(model: Model) -> list[str]:
    return [notice.text for notice in notices(model)]


def test_the_spread_is_that_of_honest_nodes_in_the_newest_epoch_of_most() -> None:
    model = Model(FACTS, ring(5, liars=[5]))
    talk = Talk(model)
    talk.round(1, {1: 100, 2: 200, 3: 300, 4: 400, 5: 9000})
    assert model.spread_q() == 300
    assert [node.number for node in model.trusted()] == [1, 2, 3, 4]
    # one node alone in a new epoch is no epoch of the fleet yet; two of four are
    talk.say(2 * PERIOD_US, 1, 2, [0] * 4, value_q=500, epoch=1, flags=2)
    assert (model.epoch(), model.spread_q()) == (0, 200)
    talk.say(2 * PERIOD_US, 2, 2, [0] * 4, value_q=530, epoch=1, flags=2)
    assert (model.epoch(), model.spread_q()) == (1, 30)
    assert [(epoch.epoch, epoch.spread_q) for epoch in model.epochs][-1] == (1, 30)
    assert model.nodes[1].round == 0


def test_a_blind_model_does_not_know_who_lies_until_the_audit_says_it() -> None:
    model = Model(FACTS, ring(5, liars=[5]), blind=True)
    talk = Talk(model)
    for seq in range(1, 20):
        talk.round(seq, {1: 100, 2: 101, 3: 100, 4: 102, 5: 4000 + seq})
    assert not model.nodes[5].liar and model.nodes[5].attack == ""
    assert model.spread_q() == 3919
    assert words(model) == ["n05 says 4,019, half of the others 101 ± 1"]
    model.accuse(5, Accusation(3, 0, "value 7 where the rule gives 5"))
    assert model.spread_q() == 2
    assert words(model) == ["n05 is proved wrong, 3 times: value 7 where the rule gives 5"]


def test_links_that_nobody_names_any_more_are_dead_and_named() -> None:
    model = Model(FACTS, ring(4))
    talk = Talk(model)
    same = dict.fromkeys(range(1, 5), 50)
    for seq in range(1, 12):
        talk.round(seq, same)
    assert words(model) == []
    for seq in range(12, 30):
        talk.round(seq, same, deaf=[(1, 2)])
    assert words(model) == ["n01 does not hear n02"]
    for seq in range(30, 50):
        talk.round(seq, same, deaf=[(1, 2), (2, 1)])
    assert words(model) == ["n01 and n02 do not hear each other"]
    assert len(model.parts()) == 1


def test_parts_of_a_fleet_and_a_node_alone_are_told() -> None:
    model = Model(FACTS, ring(5))
    talk = Talk(model)
    same = dict.fromkeys(range(1, 6), 50)
    sides = {1: "a", 2: "a", 3: "a", 4: "b", 5: "b"}
    cut = [(x, y) for x in sides for y in sides if sides[x] != sides[y]]
    for seq in range(1, 40):
        talk.round(seq, same, deaf=cut if seq > 10 else ())
    assert model.parts() == [[1, 2, 3], [4, 5]]
    assert "n04, n05 are a part of their own" in words(model)
    for seq in range(40, 80):
        talk.round(seq, same, deaf=[(x, y) for x, y in cut if 5 in (x, y)] + [(4, 5), (5, 4)])
    assert "n05 hears no other node" in words(model)


def test_presence_comes_from_leases_and_without_them_from_silence() -> None:
    model = Model(FACTS, ring(3))
    talk = Talk(model)
    talk.round(1, {1: 5, 2: 5, 3: 5})
    model.tick(PERIOD_US * 200)
    assert not model.trusted()
    assert "nobody was heard for 50 s" in words(model)
    model.take_state(StateRow(1, PERIOD_US * 200, 1, "lease", "present"))
    assert [node.id for node in model.trusted()] == ["n01"]
    model.take_state(StateRow(2, PERIOD_US * 201, 1, "lease", "absent: last will"))
    assert "n01 absent: last will" in words(model)


def test_a_lost_broker_is_said_and_nobody_is_blamed_for_it() -> None:
    model = Model(FACTS, ring(3))
    talk = Talk(model)
    for seq in range(1, 20):
        talk.round(seq, {1: 5, 2: 5, 3: 5})
    model.take_event(EventRow(1, 20 * PERIOD_US, "coordinator", "broker-lost", {}))
    model.tick(60 * PERIOD_US)
    assert words(model) == ["no broker for 10 s: nothing is heard"]
    model.take_event(EventRow(2, 60 * PERIOD_US, "coordinator", "broker-back", {}))
    assert not any("hear each other" in text for text in words(model))


def test_counts_restarts_refusals_status_and_events() -> None:
    model = Model(FACTS, ring(3))
    talk = Talk(model)
    talk.say(1, 1, 1, [0, 0], session=1)
    talk.say(2, 1, 1, [0, 0], session=2)
    assert model.nodes[1].resets == 1
    for at in range(9):
        model.take_frame(
            FrameRow(at, 3, "x", 2, 0, b"\x01junk", "short", *[None] * 7)  # type: ignore[arg-type]
        )
    assert model.refused == {"short": 9} and model.nodes[2].account.refused == 9
    heap = {"heap": {"high": 95, "bytes": 100}, "demand_q": 7, "cap_q": "much"}
    model.take_status(StatusRow(1, 4, 3, heap))
    assert model.nodes[3].heap() == (95, 100)
    assert (model.nodes[3].figure("demand_q"), model.nodes[3].figure("cap_q")) == (7, None)
    text = words(model)
    assert "n01 restarted once" in text and "n03 has used 95% of its heap" in text
    assert "n02: 9 of its payloads were no good frames" in text
    for at in range(EVENTS_MAX + 5):
        model.take_event(EventRow(at, 5, "fleet", "x", {}))
    assert len(model.events) == EVENTS_MAX and model.events[-1].number == EVENTS_MAX + 5


def test_rev_tells_what_changed_and_an_old_frame_changes_no_value() -> None:
    model = Model(FACTS, ring(3))
    talk = Talk(model)
    talk.round(WINDOW_SEQS, {1: 5, 2: 6, 3: 7})
    seen = model.rev
    talk.say(WINDOW_SEQS * PERIOD_US + 9, 2, WINDOW_SEQS - 1, [0, 0], value_q=99)
    assert model.nodes[2].value_q == 6
    assert [node.number for node in model.members() if node.rev > seen] == [2]


def test_garbage_about_unknown_nodes_is_left_alone() -> None:
    model = Model(FACTS, ring(3))
    Talk(model).say(1, 9, 1, [0, 0])
    model.take_state(StateRow(1, 1, 77, "lease", "present"))
    model.take_status(StatusRow(1, 1, 77, {"heap": 3}))
    model.take_status(StatusRow(2, 1, 1, {"heap": 3}))
    assert model.nodes[1].heap() == (None, None) and notices(Model()) == []


def test_facts_are_read_from_text_and_numbers_and_survive_nonsense() -> None:
    run = {"name": "x", "seed": 3, "settings": {"period_ms": "250", "faults_max": 2, "lo_q": "?"}}
    facts = Facts.of_run(run)
    assert (facts.period_ms, facts.faults_max, facts.lo_q, facts.seed) == (250, 2, None, 3)
    assert Facts.of_run({"settings": "broken"}).period_ms == 1000
