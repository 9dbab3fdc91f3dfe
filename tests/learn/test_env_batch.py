"""The compiled worlds are the plain ones, bit for bit."""

import json
import random
from importlib.util import find_spec

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.learn.env_batch import StoryBatch
from quelea.learn.env_world import ALLOWED, FEATURES, SEEN, Terms, World, rewards
from quelea.story import setting

ROUNDS = 25
TERMS = (
    Terms(),
    Terms(throttled=False, checked=False),
    Terms(adaptive=True, shared=0.25),
    Terms(checked=False, adaptive=True, liars=10),
    Terms(liars=10, lie="random"),
    Terms(liars=5, lie="empty", adaptive=True),
    Terms(liars=10, lie="full", kappa_percent=30),
    Terms(liars=10, lie="flip"),
    Terms(liars=10, lie="crowd", throttled=False),
    Terms(liars=10, lie="sly", adaptive=True),
    Terms(agents=13, liars=2),
    Terms(agents=64, liars=20),
)


def acted(draws: random.Random, world: World, calm: float) -> list[int]:
    """Return what agents do: a part of them moves, so that gossip has something to be about."""
    return [
        draws.randrange(ALLOWED) if draws.random() > calm else agent.at for agent in world.agents
    ]


def compare(batch: StoryBatch, worlds: list[World], obs: np.ndarray) -> None:
    """Hold everything that a batch shows against the plain worlds."""
    state = batch.state()
    for k, world in enumerate(worlds):
        assert (obs[k] == world.observations()).all(), np.argwhere(obs[k] != world.observations())
        assert (state[k] == world.state()).all()
        assert batch.points[k].tolist() == world.points
        assert batch.served_q[k].tolist() == world.served_q
        assert batch.loads_q[k].tolist() == world.loads_q
        for name in ("goodput_q", "overloaded", "overasked", "messages", "moves"):
            assert getattr(batch, name)[k] == getattr(world, name), name


@pytest.mark.parametrize("terms", TERMS, ids=str)
def test_every_bit_is_that_of_the_plain_worlds(seed: int, terms: Terms) -> None:
    draws = random.Random(seed)
    seeds = [draws.randrange(setting.SEED_MAX + 1) for _ in range(2)]
    rho = [draws.uniform(0.6, 1.3) for _ in seeds]
    batch = StoryBatch(seeds, rho, terms)
    worlds = [World(setting.draw(*one, terms.agents), terms) for one in zip(seeds, rho)]
    compare(batch, worlds, batch.reset())
    calm = draws.choice((0.0, 0.7, 0.95))
    forged = set()
    for _ in range(ROUNDS):
        actions = [acted(draws, world, calm) for world in worlds]
        obs, paid, served = batch.step(np.array(actions))
        for k, world in enumerate(worlds):
            world.act(actions[k])
            plain = rewards(np.array([world.points], np.int32), terms.shared)
            assert (paid[k] == plain).all()
            assert served[k] == world.goodput_q / sum(agent.demand_q for agent in world.agents)
            forged.update(world.lying)
        compare(batch, worlds, obs)
    assert (True in forged) == bool(terms.liars)


@pytest.mark.parametrize("checked", [True, False])
def test_a_long_quiet_run_is_the_same_too(checked: bool) -> None:
    """Old rumours, expiry and long silences, which a short run does not reach."""
    terms = Terms(checked=checked, adaptive=True)
    world, batch = World(setting.draw(77, 0.97), terms), StoryBatch([77], 0.97, terms)
    batch.reset()
    quiet = expired = 0
    for k in range(230 if not checked else 80):
        actions = [agent.at for agent in world.agents]
        actions[k % 50] = (actions[k % 50] + 1) % ALLOWED
        if k > 5:  # the smallest servers are left alone, so that news of them grow old
            actions = [max(at, ALLOWED - 2) for at in actions]
        world.act(actions)
        obs, _, _ = batch.step(np.array([actions]))
        compare(batch, [world], obs)
        quiet = max(quiet, *(agent._quiet for agent in world.agents))
        if k > 40:
            expired = max(expired, sum(agent.rumours.load_q(0) < 0 for agent in world.agents))
    assert quiet == 8 and expired > 30


def test_threads_and_company_change_nothing(seed: int) -> None:
    draws = np.random.default_rng(seed)
    actions = draws.integers(0, ALLOWED, (20, 5, 50))
    alone, together = StoryBatch(range(5)), StoryBatch(range(5), threads=3)
    single = StoryBatch([3])
    assert (alone.reset() == together.reset()).all()
    single.reset()
    for row in actions:
        one, two = alone.step(row), together.step(row)
        three = single.step(row[3:4])
        assert all((left == right).all() for left, right in zip(one, two, strict=True))
        assert (three[0][0] == one[0][3]).all()


def test_a_reset_begins_the_same_instances_or_others_anew() -> None:
    batch = StoryBatch([1, 2], 0.9)
    with pytest.raises(UserError):
        batch.state()
    first = batch.reset()
    for _ in range(3):
        batch.step(np.ones((2, 50), int))
    assert (batch.reset() == first).all()
    other = batch.reset(seeds=[2, 1])
    assert (other[::-1] == first).all()
    assert batch.demands_q.sum() == 2 * 810 * 64
    batch.reset(rho=1.2)
    assert batch.demands_q.sum() == 2 * 1080 * 64
    assert batch.rho == (1.2, 1.2)


def test_what_is_seen_is_enough_to_choose_well() -> None:
    """Damped moves by the bytes alone fill the servers; drawing lots does not."""
    draws = np.random.default_rng(1)
    served = {}
    for name in ("lots", "damped"):
        batch = StoryBatch(range(1, 9))
        obs, shares = batch.reset(), []
        for _ in range(250):
            seen = obs[..., :SEEN].reshape(8, 50, ALLOWED, FEATURES).astype(int)
            at, there, here = seen[..., 5].argmax(-1), seen[..., 6], seen[..., 0, 0]
            chance = 0.3 * (here - there.min(-1)) / np.maximum(1, here)
            best = np.where(draws.random(at.shape) < chance, there.argmin(-1), at)
            lots = draws.integers(0, ALLOWED, at.shape)
            obs, _, share = batch.step(best if name == "damped" else lots)
            shares.append(share)
            assert (batch.loads_q <= np.array(setting.CAPACITIES) * 64).all()
        served[name] = np.array(shares)[-50:].mean()
    assert served["damped"] > 0.97 and served["lots"] < 0.88


def test_the_bench_prints_what_it_measured_and_refuses_nonsense(capsys, need) -> None:
    need(find_spec("pettingzoo"), "PettingZoo", 'pip install "quelea[learn]"')
    from quelea.learn.env_bench import main

    status = main(["--worlds", "4", "--seconds", "0.05", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert status == (0 if found["verdict"] else 1)
    assert set(found["results"]) == {"plain", "loop", "batch"}
    assert found["results"]["batch"] > found["results"]["plain"]
    assert main(["--worlds", "0"]) == 2
    assert "--worlds" in capsys.readouterr().err
