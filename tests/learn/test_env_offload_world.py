"""Offload: what is lent stays within what is there, and whom to ask makes a difference."""

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.learn.env_offload_world import (
    CAPACITY_MIN,
    COLUMNS,
    NODES,
    OWN_NAMES,
    OffloadWorld,
    draw,
)
from quelea.learn.env_world import ALLOWED, FEATURES, SEEN

MINE, THERE, AGE = 5, 6, 10


def blocks(obs: np.ndarray) -> np.ndarray:
    return obs[:, :SEEN].reshape(-1, ALLOWED, FEATURES)


def ran(seed: int, rounds: int, greedy: bool) -> tuple[float, int]:
    """Return (share of the bound that was done, work lent) of a fleet that asks, or stays."""
    world = OffloadWorld(draw(seed, 0.9))
    done = bound = lent = 0
    age = [0] * NODES  # rounds since the node was given other work
    for k in range(rounds):
        before = list(world.work_q)
        seen = blocks(world.observations())
        at = seen[..., THERE].argmin(1) if greedy else seen[..., MINE].argmax(1)
        world.act(at.tolist())
        if k % 4 == 0:
            best_q = world.best_q()
            assert world.goodput_q <= best_q
            bound += best_q
            done += world.goodput_q
        for i, capacity_q in enumerate(world.capacities_q):
            here_q = world.served_q[i] - world.sent_q[i]
            if age[i] >= 3:  # until then those who hold its room come down
                assert here_q == min(world.wished_q[i], capacity_q)
            age[i] = age[i] + 1 if world.work_q[i] == before[i] else 0
            assert here_q >= 0 and here_q + world.lent_q[i] <= capacity_q
            assert world.served_q[i] <= world.wished_q[i]
        lent += sum(world.lent_q)
    return done / bound, lent


def test_no_node_does_more_than_it_can_and_a_choice_pays(seed: int) -> None:
    stay = [ran((seed + k) & 0xFFFF, 60, False) for k in range(3)]
    ask = [ran((seed + k) & 0xFFFF, 60, True) for k in range(3)]
    assert all(lent > 0 for _, lent in stay + ask)
    assert np.mean([share for share, _ in ask]) > np.mean([share for share, _ in stay]) + 0.02


def test_a_node_sees_its_own_work_and_hears_of_its_neighbours() -> None:
    world = OffloadWorld(draw(5, 0.9))
    heard = 0
    for _ in range(30):
        world.act([agent.at for agent in world.agents])
        obs = world.observations()
        assert obs.shape == (NODES, COLUMNS)
        own = dict(zip(OWN_NAMES, obs[:, SEEN:].T, strict=True))
        for i in range(NODES):
            capacity_q = world.capacities_q[i]
            assert own["home"][i] == min(255, (world.work_q[i] << 10) // capacity_q >> 3)
            assert own["lent"][i] == 255 * world.lent_q[i] // capacity_q
            needs = world.work_q[i] > capacity_q
            assert needs or (own["demand"][i] == 0 and own["held"][i] == 255)
        seen = blocks(obs)
        heard += int(((seen[..., AGE] < 64) & (seen[..., MINE] == 0)).sum())
    assert heard > 30 * NODES  # of three others, also of those whom nobody asks


def test_work_comes_and_goes_by_the_seed() -> None:
    first, again, other = (OffloadWorld(draw(seed)) for seed in (1, 1, 2))
    changes = 0
    for _ in range(20):
        before = list(first.work_q)
        for world in (first, again, other):
            world.act([0] * NODES)
        assert first.work_q == again.work_q and first.served_q == again.served_q
        changes += before != first.work_q
    assert changes > 5 and first.work_q != other.work_q
    assert min(first.capacities_q) >= CAPACITY_MIN * 64


@pytest.mark.parametrize("bad", [(-1, 0.8, 16), (1, 3.0, 16), (1, 0.8, 64), (1, 0.8, 4)])
def test_fleets_out_of_range_are_refused(bad: tuple[int, float, int]) -> None:
    with pytest.raises(UserError):
        draw(*bad)
