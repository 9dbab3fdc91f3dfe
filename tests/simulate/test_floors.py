"""Floors and the limit by signed documents: followed in the calm, and no limit is ever exceeded.

QUELEA_SEEDS=1000 makes the runs longer.
"""

import os
from collections import Counter

import pytest
import quelea_agent.floors as floors
import quelea_agent.membership as membership
from quelea.errors import UserError
from quelea.headroom import documents, members_command, roster, terms
from quelea.headroom.group import Load, make
from quelea.headroom.members_world import MembersWorld
from quelea.headroom.terms import Terms

SEEDS = int(os.environ.get("QUELEA_SEEDS", "4"))
SECONDS = 240
COUNT = 6
BUDGET_Q = 2000 * COUNT


def group(seed=0, liars=0, vacant=False):
    loads = [
        Load(node, 300, most_q=9000, vacant=vacant and node == COUNT)
        for node in range(1, COUNT + 1)
    ]
    return make(
        loads, [BUDGET_Q], safety_percent=100, faults_max=liars, settle_rounds=seed % 3,
        terms=Terms(majority=seed % 2 == 0),
    )  # fmt: skip


def world(seed, liars=0):
    lying = (1 + seed % (COUNT - 1),) if liars else ()
    one = MembersWorld(group(seed, liars, vacant=not liars), seed, liars=lying)
    one.changing = True
    return one


def calm(seed):
    """Return a group without faults in which all want everything, after 15 s."""
    one = MembersWorld(group(seed), seed, documents=False, trouble=0.0)
    for node in one.nodes.values():
        node.demand_q = 9000
    one.run(15)
    return one


def say(one, floors_q, percent=100):
    """Sign a document, see to it that all hear it, and let 25 s go by."""
    one.floors_q, one.percent = floors_q, percent
    one.say(1, 0, True)
    for _ in range(6):
        one.spread(one.documents[-1])
    one.run(25)


def caps(one):
    return {n: node.sharing.shares[0].headroom.cap_q for n, node in one.nodes.items()}


def points(one):
    return {n: node.sharing.point_q for n, node in one.nodes.items()}


def test_a_raised_floor_is_filled_and_a_lowered_one_goes_back(seed):
    """REQ-MEMBERS-7: before its cap rises others gave, which the world checks at every event."""
    one = calm(seed)
    assert set(caps(one).values()) == {2000}
    one.nodes[3].demand_q = 0
    say(one, {3: 5000})
    owned_q = one.nodes[3].sharing.shares[0].headroom.owned_q
    assert 300 + owned_q == 5000, "kept for it, though it asks for nothing"
    assert sum(points(one).values()) == BUDGET_Q - 5000
    one.nodes[3].demand_q = 9000
    one.run(2)
    assert points(one)[3] == 5000, "and there at once"
    say(one, {2: 4000})
    assert points(one)[2] == 4000 and sum(points(one).values()) == BUDGET_Q
    say(one, {})
    assert set(points(one).values()) == {2000}


def test_without_a_lease_the_configured_floor_is_left(seed):
    """REQ-MEMBERS-7"""
    one = calm(seed)
    say(one, {3: 5000})
    one._cut = {(a, b) for a in one.nodes for b in one.nodes if (a == 3) != (b == 3)}
    one.run(15)
    assert caps(one)[3] == 300
    one._cut.clear()


def test_the_limit_goes_up_by_a_document_alone(seed):
    """REQ-MEMBERS-8"""
    one = calm(seed)
    say(one, {}, 50)
    assert set(points(one).values()) == {1000}
    for node in one.nodes.values():
        node.sharing.percent = 80  # as the command `limit` does
    one.run(5)
    assert set(points(one).values()) == {1000}
    for node in one.nodes.values():
        node.sharing.percent = 25
    one.run(5)
    assert set(points(one).values()) == {500}, "down at once"
    say(one, {}, 100)
    assert set(points(one).values()) == {500}, "what was commanded stands"
    for node in one.nodes.values():
        node.sharing.percent = 100
    one.run(15)
    assert set(points(one).values()) == {2000}


@pytest.mark.parametrize("liars", [0, 1])
def test_the_limit_holds_whatever_documents_say(liars, seed):
    """REQ-MEMBERS-7, REQ-MEMBERS-8: beyond the limit too, while members go and come."""
    fired = Counter()
    for at in range(seed, seed + SEEDS):
        one = world(at, liars)
        try:
            one.run(SECONDS)
        except AssertionError as error:
            raise AssertionError(f"QUELEA_SEED={at}: {error}") from error
        fired.update(one.fired)
    print(dict(fired))
    assert {"floor", "percent", "lost", "partition", "written"} <= set(fired)


class WithoutUnits(floors.Floors):
    """A planted error: the document's floor is allowed at once."""

    def round(self, now_ms, demand_q, mean_q, epoch):
        for at, share in enumerate(self.shares):
            plan = share.headroom.plan
            plan.floor_q = max(
                self._configured[at][share.own][0], self._floors_q.get(plan.node, 0)
            )
        return super().round(now_ms, demand_q, mean_q, epoch)


class WithoutLease(membership.Share):
    """A planted error: the document's floor is kept though nobody answers."""

    def step(self, wish_q, percent):
        members = self.members
        members.step(self.now_ms)
        for slot in range(len(self.gone)):
            self.gone[slot] = self.headroom.is_gone(slot)
        floor_q = self.allocation.rows[self.own][0]
        membership.sharing.Share.step(self, wish_q if members.leased else floor_q, percent)


@pytest.mark.parametrize("bug", [WithoutUnits, WithoutLease])
def test_a_planted_bug_is_seen(bug, monkeypatch):
    if issubclass(bug, floors.Floors):
        monkeypatch.setattr(floors, "Floors", bug)
    else:
        monkeypatch.setattr(membership.Membership, "kind", bug)
    for seed in range(60):
        try:
            world(seed).run(SECONDS)
        except AssertionError as error:
            print("seed", seed, error)
            return
    raise AssertionError(f"{bug.__name__} was not seen")


def test_what_cannot_be_is_refused_with_the_numbers():
    one = roster.Roster(group())
    split = one.group.splits[0]
    for floors_q, percent, said in (
        ({3: 200}, 100, "a floor of 200 W for node 3"),
        ({3: 12_001}, 100, "300 (as configured: it holds though nobody hears anybody) to 12000"),
        ({3: 6000, 4: 6000}, 100, "add up to 13200 W, 1200 too much"),
        ({3: 6000, 4: 6000}, 100, "lower others by 1200 first, such as node 3's by up to 5700"),
        ({}, 10, "add up to 1800 W, 600 too much"),
        ({}, 101, "101 percent of the limit"),
    ):
        given = {one.node: 300 for one in split.members} | floors_q
        with pytest.raises(UserError) as caught:
            terms.check_floors(split, given, percent, "W")
        assert said in str(caught.value)
    body, lines = one.document("floor", 3, 0.0, 5000)
    one.hear_document(body)
    assert "sure of 5000 W" in lines[0] and one.floor_q(3) == 5000 and one.floor_q(4) == 300
    body, lines = one.document("limit", 0, 0.0, 60)
    assert "7200 W are there, 6500 of them in floors" in lines[0]
    one.hear_document(body)
    assert (one.percent, one.floor_q(3), one.number) == (60, 5000, 2)
    assert documents.pack(1, 2, [(3, 4, True, 5)], 6) == bytes(
        (2, 1, 0, 2, 0, 0, 0, 1, 6, 3, 0, 4, 1, 5, 0, 0)
    )


@pytest.mark.parametrize(
    ("action", "numbers"),
    [("floor", [3]), ("floor", [3, 5, 7]), ("limit", []), ("limit", [1, 2]), ("show", [1]),
     ("leave", []), ("roof", [3])],
)  # fmt: skip
def test_numbers_that_do_not_fit_are_refused(action, numbers):
    with pytest.raises(UserError, match=action):
        members_command.orders(action, numbers)
