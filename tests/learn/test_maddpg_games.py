"""The batches in numpy are mpe2's two tasks, step by step."""

from importlib.util import find_spec

import numpy as np
import pytest
from quelea.learn import games_mpe
from quelea.learn.games_mpe import STEPS, Original, SpeakerListener, Spread

EPISODES = 12


@pytest.fixture(autouse=True)
def _mpe2(need):
    need(find_spec("mpe2"), "mpe2", 'pip install "quelea[learn]"')


def _speaker_listener(world):
    twin = SpeakerListener(1)
    twin.reset(0)
    twin.at = np.array([world.agents[1].state.p_pos])
    twin.goal = np.array([world.landmarks.index(world.agents[0].goal_b)])
    return twin


def _spread(world):
    twin = Spread(1)
    twin.reset(0)
    twin.at = np.array([agent.state.p_pos for agent in world.agents])[None]
    return twin


def _course(name, start, crowd, seed):
    """Return (differences of obs and rewards, rewards of mpe2) of one episode of chance."""
    original = Original(name)
    original.reset(seed)
    world = original.env.unwrapped.world
    for agent in world.agents:
        agent.state.p_pos *= crowd
    twin = start(world)
    twin.places = np.array([[mark.state.p_pos for mark in world.landmarks]])
    assert twin.spec == original.spec
    draw = np.random.default_rng(seed)
    apart, rewards = [], []
    for _ in range(STEPS):
        actions = np.array([[draw.integers(count) for count in twin.spec.actions]])
        theirs, ours = original.step(actions), twin.step(actions)
        apart.append(np.abs(theirs.obs - ours.obs).max())
        apart.append(np.abs(theirs.rewards - ours.rewards).max())
        rewards.append(theirs.rewards)
        assert theirs.truncated == ours.truncated and theirs.terminated == ours.terminated
    assert theirs.truncated.all()
    return max(apart), np.concatenate(rewards)


@pytest.mark.parametrize(
    ("name", "start"), [("speaker-listener", _speaker_listener), ("spread", _spread)]
)
@pytest.mark.parametrize("crowd", [1.0, 0.3])
def test_a_twin_is_equal_to_mpe2(name, start, crowd, seed):
    courses = [_course(name, start, crowd, seed + k) for k in range(EPISODES)]
    assert max(apart for apart, _ in courses) < 1e-6
    if name == "spread" and crowd < 1.0:  # they did collide: not all are paid the same
        assert any(np.ptp(rewards, axis=1).max() > 0.4 for _, rewards in courses)


def test_a_wrong_physics_is_seen(monkeypatch):
    monkeypatch.setattr(games_mpe, "SIZE", 0.14)
    assert _course("spread", _spread, 0.1, 1)[0] > 1e-3


def test_instances_of_a_batch_do_not_touch():
    whole, part = Spread(8), Spread(8)
    whole.reset(5)
    part.reset(5)
    part.at[1:] *= 0.1
    actions = np.ones((8, 3), np.int64)
    for _ in range(STEPS):
        one, two = whole.step(actions), part.step(actions)
    assert (one.obs[0] == two.obs[0]).all() and not (one.obs[1] == two.obs[1]).all()
