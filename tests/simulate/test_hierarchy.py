"""Clusters under loss, crashes and lying delegates: belief stays honest, and arrives."""

import json
import random

import pytest
from quelea.errors import UserError
from quelea.hierarchy.plan import ring_of
from quelea.hierarchy.world import INSIDE_Q, BrokenPromise, World
from quelea.hierarchy.worlds import command, drawn, judge, trial


def test_no_lie_is_believed_and_the_mean_is_reached(seed):
    """REQ-CLUSTER-6; and no limit over limits is exceeded."""
    done = [trial(seed + at) for at in range(3)]
    while judge(done)[0][-1].value and len(done) < 12:  # so few may lack a fault
        done.append(trial(seed + len(done)))
    checks, fired = judge(done)
    assert [check for check in checks if not check.ok] == [], fired


def test_the_command_says_so(capsys):
    assert command(2, 1, as_json=True) in (0, 1)  # so few seeds may lack a fault
    out = json.loads(capsys.readouterr().out)
    assert [check["ok"] for check in out["checks"][:3]] == [True] * 3
    with pytest.raises(UserError, match="out of range"):
        command(0, 1, as_json=False)


def test_more_than_F_liars_are_seen_by_the_check(seed):
    """The promise is about F in each cluster: with F + 1 the check must find it broken."""
    world = drawn(seed)
    others = [n for n in world.hierarchy.speakers(0) if not world.members[n].lie]
    for number in others[: world.hierarchy.faults_max + 1]:
        world.members[number].lie = "high"
    world.trouble = 0.0
    world.hull[0] = [world.values_q[0] - INSIDE_Q, world.values_q[0] + INSIDE_Q]
    with pytest.raises(BrokenPromise):
        world.run(60)


def test_a_dead_delegate_costs_3_intervals_at_most(seed):
    """REQ-CLUSTER-7."""
    rng = random.Random(seed)
    for _ in range(5):
        world = World(ring_of((6, 5, 7), 1), rng.randrange(1 << 30), 0.0)
        world.run(12)
        seated = [n for n, one in world.members.items() if one.machine and one.machine.seated]
        assert len(seated) == 9
        world.run(rng.random())
        victim = rng.choice(seated)
        cluster = world.members[victim].cluster
        before_us = world.t_us
        world.crash(victim)
        world.run(5)
        speaks = {n: t for t, n, _ in reversed(world.rows) if t > before_us}
        new = [n for n in speaks if world.members[n].cluster == cluster and n not in seated]
        assert len(new) == 1
        cost = (speaks[new[0]] - before_us) / world.period_us
        print(f"{cost:.2f} intervals")
        assert cost <= 3.2, "3 intervals of a clock that may be 1 % off, and an eighth"
        assert not any(machine.held for machine in world.honest)
