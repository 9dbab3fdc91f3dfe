"""The live model of a fleet whose limit has leases: who is gone, who came back, who took over."""

from quelea.headroom.group import Group, Load, make
from quelea.headroom.members_world import MembersWorld
from quelea.headroom.terms import Terms
from quelea.journal import FrameRow, NodeRow, StatusRow
from quelea.journal.rows import HEADROOM, refusal
from quelea.watch import Facts, Model
from quelea.watch.attention import reason


def group_of(count: int) -> Group:
    loads = [Load(node, 300, most_q=9000) for node in range(1, count + 1)]
    return make(loads, [2000 * count], safety_percent=100, terms=Terms(majority=True))


def model_of(group: Group) -> Model:
    nodes = [
        NodeRow(load.node, f"n{load.node:02}", tuple(o.node for o in group.loads if o != load), ())
        for load in group.loads
    ]
    return Model(Facts(period_ms=1000, headroom=group.given[0]), nodes)


def follow(model: Model, world: MembersWorld, since: int) -> int:
    """Let the model hear what was published since; return how much was published."""
    for at, (t_us, source, payload) in enumerate(world.rows[since:]):
        model.take_frame(FrameRow(at, t_us, "hr", source, 0, payload, *refusal(HEADROOM)))
    model.tick(world.t_us)
    return len(world.rows)


def test_a_member_that_goes_and_comes_back_is_seen_and_the_sums_hold() -> None:
    group = group_of(6)
    world = MembersWorld(group, 1, documents=False, trouble=0.0)
    model = model_of(group)
    for number, node in world.nodes.items():
        node.demand_q = 9000 if number == 3 else 0
    world.run(15)
    for node in world.nodes.values():
        node.demand_q = 9000
    world.send_away(3)
    heard = follow(model, world, 0)
    assert not model.events and model.budget.members.pulses > 60 and model.refused == {}
    world.run(10)
    heard = follow(model, world, heard)
    assert model.budget.members.gone == set()
    world.run(40)
    heard = follow(model, world, heard)
    assert model.budget.members.gone == {3}
    (event,) = model.events
    assert (event.name, event.source) == ("member-gone", "n03") and event.detail["by"] != "n03"
    assert model.budget.cap_q(3) == 300 and model.budget.violations == 0
    assert (model.budget.headroom_q or 0) < 20, "what it held is in use"
    model.nodes[3].heard_us = model.t_us
    assert reason(model, model.nodes[3]) == "gone: its account is closed"
    world.bring_back(3)
    world.run(15)
    world.say(3, 1, True)
    for _ in range(4):
        world.spread(world.documents[-1])
    world.run(30)
    follow(model, world, heard)
    assert [event.name for event in model.events] == ["member-gone", "member-back"]
    assert model.budget.members.number == 1
    assert model.budget.violations == 0 and not model.budget.impossible


def test_who_does_not_hear_a_member_and_who_took_over_is_told() -> None:
    group = group_of(5)
    world = MembersWorld(group, 2, documents=False, trouble=0.0)
    model = model_of(group)
    world.run(10)
    world._cut = {(2, 4)}  # 4 alone does not hear 2: no majority
    world.run(30)
    follow(model, world, 0)
    assert model.budget.members.unheard == {2: [4]} and not model.budget.members.gone
    model.nodes[2].heard_us = model.t_us
    assert reason(model, model.nodes[2]) == "not heard by n04"
    for at, units_q in enumerate((0, 0, 700, 700)):
        status = {"sharing": {"members": [{"reclaimed_q": units_q}]}}
        model.take_status(StatusRow(at, model.t_us, 1, status))
    (event,) = model.events
    assert (event.name, event.source, event.detail) == ("reclaimed", "n01", {"units_q": 700})


def test_pulses_that_make_no_sense_are_left_alone() -> None:
    group = group_of(3)
    model = model_of(group)
    for payload in (b"\x2c", b"\x2c\x00" + bytes(41), b"\x2c\x09" + bytes(19)):
        model.take_frame(FrameRow(1, 1, "hr", 2, 0, payload, *refusal(HEADROOM)))
    assert model.budget.members.pulses == 0 and not model.events
