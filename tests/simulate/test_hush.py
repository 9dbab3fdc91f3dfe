"""Cadence and a shared limit: silent rounds drive the load, leases live, and nothing is exceeded.

`quelea share --cadence 16 --lease 10 --seeds 1000` prints the figures.
"""

import os
import random

import pytest
import quelea_agent.membership as membership
from quelea.headroom.command import judge, setting
from quelea.headroom.members_world import MembersWorld
from quelea.headroom.trial import run
from quelea.headroom.world import BrokenLimit
from quelea_agent.hush import AGAIN, Pace, Still, of_pulses
from quelea_agent.members import Members
from quelea_proto import pulse_row
from test_members_world import SECONDS, owned, want, world

SEEDS = int(os.environ.get("QUELEA_SEEDS", "2"))
CADENCE = 16


@pytest.mark.parametrize(("lease_s", "messages"), [(0, 0.1), (10, 0.65)])
def test_quiet_where_nothing_changes_and_as_quick_and_as_safe(lease_s, messages, seed):
    """REQ-CADENCE-9, REQ-CADENCE-10."""
    group, period_ms = setting("", 0, lease_s)
    done = [run(group, seed + at, cadence=CADENCE, changes=2) for at in range(SEEDS)]
    checks, figures = judge(done, group, 0.0, 0, period_ms)
    print(figures)
    wrong = [c for c in checks if not c.ok and "took" not in c.name and "p99" not in c.name]
    assert wrong == [], [trial.broken for trial in done]
    if any(trial.quiet for trial in done):
        assert figures["messages_when_settled"] <= messages
        assert figures["reallocation_p99_s"] <= 10


def test_a_lease_lives_of_the_pulses_that_are_left(seed):
    """REQ-CADENCE-10: also where 30 % of the rows are lost."""
    group, _ = setting("", 0, 10)
    world = MembersWorld(group, seed, documents=False, trouble=0.0, loss=0.3, cadence=CADENCE)
    rng = random.Random(seed)
    for second in range(150):
        for node in world.nodes.values():
            node.demand_q = 9000 + rng.randint(-50, 50)
        world.run(1)
        leased = [node.sharing.shares[0].members.leased for node in world.nodes.values()]
        assert second < 12 or all(leased)
    shares = [share for node in world.nodes.values() for share in node.sharing.shares]
    spoken = [share.hush.pulses.spoken for share in shares]
    assert max(spoken) < 100, "nothing was left out"
    quiet = [node for node in world.nodes if node != 3]
    world.send_away(3)
    world._queue = [row for row in world._queue if row[2] != "hear"]
    for number in quiet[:-1]:
        world.send_away(number)
    world.run(13)
    assert not world.nodes[quiet[-1]].sharing.shares[0].members.leased, "silent rounds look too"
    assert world.nodes[quiet[-1]].sharing.point_q == 0


class NumberAgain(Members):
    """The number of a pulse that was spoken is given again, with a later time, from 30 s on."""

    def _clock(self, now_ms):
        self.sent = self.sent and (now_ms < 30_000 or self.books.plan.node != 3)
        super()._clock(now_ms)


class Kept:
    """Members that do nothing."""

    def __init__(self, members):
        self.leased = members.leased

    def step(self, now_ms):
        return -1


class OnlySpoken(membership.Share):
    """A lease is looked at in the rounds that speak."""

    def step(self, wish_q, percent):
        if self.hush.rows._silent == 0 or not self.members._begun:
            super().step(wish_q, percent)
            return
        members, self.members = self.members, Kept(self.members)
        super().step(wish_q, percent)
        self.members = members


def cut_off(after_s):
    """Let a group of 8 rest, one of whom holds what it can; then nobody hears that one, and the
    others, who are enough, want all."""
    one = world(1, trouble=0.0, documents=False, cadence=CADENCE)
    want(one, 3)
    one.run(after_s)
    assert one.nodes[3].sharing.point_q > 5000
    want(one, *one.nodes)
    one.nodes[3].demand_q = 9000
    one._cut = {(3, other) for other in one.nodes}  # it hears them
    one.run(60)
    assert one.nodes[3].sharing.point_q == 300
    assert sum(owned(one)[number] for number in one.nodes if number != 3) > 8 * 1600


def test_units_of_one_that_nobody_hears_are_used_when_its_lease_is_over():
    """REQ-CADENCE-10, REQ-MEMBERS-2: it looks at its lease in silent rounds too."""
    for after_s in range(30, 46, 5):
        cut_off(after_s)


@pytest.mark.parametrize(
    ("owner", "name", "bug"),
    [(membership, "Members", NumberAgain), (membership.Membership, "kind", OnlySpoken)],
)
def test_a_planted_error_is_seen(owner, name, bug, monkeypatch):
    monkeypatch.setattr(owner, name, bug)
    with pytest.raises(BrokenLimit):
        for after_s in range(30, 46):
            cut_off(after_s)


@pytest.mark.parametrize("liars", [0, 1])
def test_the_limit_holds_whoever_goes_and_comes_in_silence(liars, seed):
    """REQ-CADENCE-10: under every fault of the sharing world."""
    left_out = 0
    for at in range(seed, seed + SEEDS):
        one = world(at, liars, cadence=CADENCE)
        try:
            one.run(SECONDS)
        except AssertionError as error:
            raise AssertionError(f"QUELEA_SEED={at}: {error}") from error
        shares = [node.sharing.shares[0] for n, node in one.nodes.items() if n in one.honest]
        left_out += sum(share.hush.pulses.left_out for share in shares if share.hush.pulses)
    assert left_out > 0


def test_a_row_is_spoken_when_it_says_something_new_and_some_rounds_more():
    """REQ-CADENCE-9."""
    hush = Pace(8, bytearray([1, 1, 0]))
    row = bytearray(3)
    assert [hush.speaks(row) for _ in range(17)].count(True) == 2
    row[2] = 9
    assert not hush.speaks(row), "not compared"
    row[0] = 1
    spoken = [hush.speaks(row) for _ in range(AGAIN + 9)]
    assert spoken[: AGAIN + 1] == [True] * (AGAIN + 1)
    assert spoken[AGAIN + 1 :] == [False] * 7 + [True]


def test_of_a_pulse_beats_are_no_news_and_sessions_are():
    """REQ-CADENCE-10."""
    beats = of_pulses(5, 3)
    row = bytearray(pulse_row.row_bytes(3))

    def fill(beat, echo, session, state):
        pulse_row.pack_head(row, 0, 1, beat, 1, beat, 0, 3)
        for slot in range(3):
            pulse_row.pack_slot(row, slot, session, echo + slot, state, 0)
        pulse_row.seal(row)
        return beats.speaks(row)

    for beat in range(1, 12):
        fill(beat, 1, 1, 0)
    heard = [fill(beat, beat, 1, 0) for beat in range(20, 30)]
    assert heard.count(True) == 2
    assert all(fill(30, 30, 2, 0) for _ in range(AGAIN)), "a neighbour began anew"
    for _ in range(8):
        fill(31, 31, 2, 0)
    assert all(fill(32, 32, 2, 64) for _ in range(AGAIN)), "one is gone"


def test_a_demand_that_trembles_stands_still_and_one_that_ends_ends_at_once():
    still = Still(50)
    assert [still.hold(value) for value in (1000, 1040, 960, 1051, 1050, 40, 0, 30)] == [
        1000, 1000, 1000, 1051, 1051, 40, 0, 30
    ]  # fmt: skip
