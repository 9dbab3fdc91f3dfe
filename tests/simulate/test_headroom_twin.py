"""The board's headroom and the reference's, written apart, agree in every byte of random runs."""

import pytest
from headroom_world import Cut, World, split
from quelea.headroom.plan import node_plan
from quelea.headroom.reference import Member
from quelea_agent.headroom import Headroom

SEEDS = 8


class Both(Headroom):
    """Does everything twice and compares; the world knows nothing of it."""

    compared = 0
    twins = {}  # noqa: RUF012  by node, as long as a board's storage: emptied by each run
    group = None

    def load(self, first, second):
        good = super().load(first, second)
        number = self.plan.node
        kept = self._kept
        if number not in self.twins:
            counters = zip(self.plan.numbers, zip(kept.given, kept.taken, strict=True))
            self.twins[number] = Member(node_plan(self.group, number), dict(counters))
        self.twin = self.twins[number]
        if self.twin.entry + 1 == kept.entry:
            self.twin.stored(True)  # cut after the write, before it was known
        assert self.twin.record() == (second if kept.entry & 1 else first)
        self.twin.restart()
        return good

    def hear(self, source, payload):
        good = super().hear(source, payload)
        assert self.twin.hear(source, payload) == good
        return good

    def step(self, wish_q):
        for slot, other in enumerate(self.plan.numbers):  # what sharing.py does from claims
            if (self._kept.entry + slot) % 3 == 0:
                surplus_q = 150 * slot - 300 * (self._kept.entry % 2)
                self.expect(slot, surplus_q)
                self.twin.expect(other, surplus_q)
        self.claim_q = self.twin.claim_q = wish_q
        slot = super().step(wish_q)
        assert self.twin.step(wish_q) == slot
        assert self.twin.cap_q == self.cap_q
        return slot

    def stored(self, done):
        super().stored(done)
        self.twin.stored(done)
        if done:
            assert self.twin.record() == bytes(self.record)

    def row(self):
        row = super().row()
        assert self.twin.row() == bytes(row)
        assert (self.twin.owned_q, self.twin.cap_q) == (self.owned_q, self.cap_q)
        Both.compared += 1
        return row


@pytest.mark.parametrize("liars", [(), (1, 10)])
def test_both_say_and_store_the_same(liars, seed):
    Both.compared = cuts = 0
    for one in range(seed, seed + SEEDS):
        Both.twins = {}
        line_q = {"faults_max": 2, "line_q": 250, "limit_q": 20_000} if liars else {}
        Both.group = split(5, settle_rounds=one % 3, step_q=700, **line_q)
        world = World(Both.group, one, liars=liars, kind=Both)
        try:
            world.run(1500)
        except AssertionError as error:
            raise AssertionError(f"QUELEA_SEED={one}: {error}") from error
        cuts += world.fired["torn"] + world.fired["written"]
    print("rows compared", Both.compared, "cuts", cuts)
    assert cuts > 0
    assert Both.compared > 100 * SEEDS


def test_a_difference_of_one_unit_is_seen(monkeypatch):
    monkeypatch.setattr(Member, "spare_q", property(lambda self: max(0, self.owned_q - 1)))
    Both.twins = {}
    Both.group = split(5)
    with pytest.raises((AssertionError, Cut)):
        World(Both.group, 1, kind=Both).run(1500)
