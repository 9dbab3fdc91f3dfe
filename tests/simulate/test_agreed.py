"""Members that agree on a water level in spite of a liar who tells each of them something else."""

import random
from dataclasses import replace

import pytest
from quelea.errors import UserError
from quelea.headroom.agreed_world import AgreedWorld
from quelea.headroom.command import command, setting
from quelea.headroom.group import AGREED
from quelea.headroom.trial import run
from quelea_agent.port import agreed as edge

LOSS = 0.1
EPOCHS_S = 65  # three epochs, and some
WATCHED_S = 60
STEP_S = 0.25


def world_of(seed, liars=1, faults_max=1):
    """Return a world whose demands exceed the limit and rest."""
    rng = random.Random(seed)
    group, _ = setting("", faults_max)
    lying = (rng.randint(1, 8),) if liars else ()
    world = AgreedWorld(replace(group, policy=AGREED), seed, trouble=0.0, liars=lying, loss=LOSS)
    for number in world.honest:
        world.nodes[number].demand_q = rng.randrange(5000, 16_000)
    return world


def levels_of(world):
    """Return the parts of the honest that keep the level."""
    return [world.nodes[number].parts[0].allocation for number in world.honest]


def test_the_levels_reckoned_differ_and_the_agreed_one_does_not(seed):
    """REQ-HEADROOM-11: it is everybody's, within the hull of what the honest reckoned, used."""
    world = world_of(seed)
    apart, inputs, agreed = [], [], []
    rounds = used = 0
    while world.t_us < (EPOCHS_S + WATCHED_S) * 1_000_000:
        world.run(STEP_S)
        levels = levels_of(world)
        inputs += [world.nodes[number].agent.input_q for number in world.honest]
        if world.t_us <= EPOCHS_S * 1_000_000:
            rounds = sum(world.nodes[number].rounds for number in world.honest)
            used = sum(one.used for one in levels)
            continue
        apart.append(max(one.own_q for one in levels) - min(one.own_q for one in levels))
        if len({world.nodes[number].agent.epoch for number in world.honest}) == 1:
            said = {one.agreed_q for one in levels} - {-1}
            assert len(said) <= 1, said
            agreed += said
    rounds = sum(world.nodes[number].rounds for number in world.honest) - rounds
    used = sum(one.used for one in levels_of(world)) - used
    assert world.fired["false levels"] > 500
    assert sorted(apart)[len(apart) // 2] > 200, "the liar had told them something else"
    assert len(agreed) > 100
    assert min(inputs) <= min(agreed) <= max(agreed) <= max(inputs)
    assert used > 0.9 * rounds


def test_where_nobody_lies_all_agree_on_what_each_reckons(seed):
    world = world_of(seed, liars=0, faults_max=0)
    world.run(EPOCHS_S)
    levels = levels_of(world)
    assert len({one.own_q for one in levels}) == 1
    assert {one.agreed_q for one in levels} == {levels[0].own_q}
    assert levels[0].own_q < 16_000, "there is not enough for all"


def test_a_consensus_that_is_held_settles_nothing(seed):
    """Half of the group cannot hear the others: too few to trust, so the own level counts."""
    world = world_of(seed)
    world.run(EPOCHS_S)
    side = set(world.honest[:3])
    world._cut = {(a, b) for a in world.nodes for b in world.nodes if (a in side) != (b in side)}
    world.run(10.0)
    alone = [world.nodes[number] for number in side]
    assert all(node.agent.held for node in alone)
    before = [node.parts[0].allocation.used for node in alone]
    world.run(10.0)
    assert [node.parts[0].allocation.agreed_q for node in alone] == [-1] * 3
    assert [node.parts[0].allocation.used for node in alone] == before


def test_an_epoch_without_the_rule_settles_nothing(seed):
    """Its value is the node's own, whatever it is called: here nobody was heard in it."""
    world = world_of(seed, liars=0)
    node = world.nodes[1]
    level, mode, follow = node.parts[0], node.agent.mode, node.parts[0]._follow
    agreed = []
    # (restarted, held) by round: an epoch with the rule, one without, and the begin of a third
    for restarted, held in ((1, 0), (0, 0), (1, 0), (0, 1), (0, 1), (1, 0), (0, 0)):
        mode.restarted, mode.held, mode.settled_q = bool(restarted), bool(held), 3000
        follow(node.agent)
        agreed.append(level.allocation.agreed_q)
    assert agreed == [-1, -1, 3000, -1, -1, -1, -1]


@pytest.mark.parametrize("said_q", [0, 1, 3000, 31_999, 32_000, 1 << 22])
def test_kept_whatever_the_consensus_says(said_q, seed, monkeypatch):
    """Safety rests on no word of it: also of one that liars have captured."""

    class Captured(edge.Level):
        def _follow(self, agent):
            self.allocation.agreed_q = said_q

    monkeypatch.setattr(edge, "Level", Captured)
    group, period_ms = setting("", 1)
    trial = run(replace(group, policy=AGREED), seed, liars=1, changes=0, period_ms=period_ms)
    assert trial.broken == "" and trial.most > 0.0
    assert trial.fired["false levels"] > 100


def test_the_command_refuses_what_it_cannot_do():
    def asked(**more):
        given = {"config": "", "seeds": 1, "seed": 1, "loss": 0.0, "liars": 0, "changes": 0,
                 "bare": False, "jobs": 1, "as_json": False}  # fmt: skip
        return command(**(given | more))

    with pytest.raises(UserError) as caught:
        asked(policy="max-mim")
    assert "max-min, proportional, max-min-agreed" in str(caught.value)
    with pytest.raises(UserError) as caught:
        asked(policy=AGREED, lease_s=6)
    assert "--policy" in str(caught.value)
