"""The world that agents act in: it is the story's own, and shows what a board sees."""

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.learn.env_batch import StoryBatch
from quelea.learn.env_world import (
    ALLOWED,
    COLUMNS,
    FEATURES,
    SEEN,
    Terms,
    World,
    names,
    rewards,
    state_columns,
)
from quelea.story import setting
from quelea.story.loop import Loop

MINE = 5  # columns of a server's block
OVER = setting.draw(3, 1.2)


def test_who_follows_the_board_s_greed_does_what_greedy_agents_do() -> None:
    """The world is the loop: the same choices lead to the same loads, messages and goodput."""
    world, loop = World(OVER), Loop(OVER.setup(100))
    loop.use("patient", True, True, False)
    moved = 0
    for agent in loop.agents:  # its first round is in the world's start
        agent._rule.choose = lambda me=agent: me.at
    loop.round()
    for rounds in range(30):
        assert world.loads_q == loop.loads_q and world.served_q == loop.served_q
        assert world.messages == loop.messages and world.goodput_q == loop.goodput_q
        actions = [
            (agent.at + (i + rounds) % 5 // 4) % ALLOWED for i, agent in enumerate(loop.agents)
        ]
        for agent, at in zip(loop.agents, actions, strict=True):
            agent._rule.choose = lambda at=at: at
        loop.round()
        world.act(actions)
        moved += world.moves
    assert moved > 200


def test_columns_are_those_of_the_servers_that_a_node_may_use() -> None:
    batch = StoryBatch([5], 0.97)
    obs = batch.reset()
    assert obs.shape == (1, 50, COLUMNS) and len(names()) == COLUMNS
    for _ in range(5):
        blocks = obs[..., :SEEN].reshape(1, 50, ALLOWED, FEATURES)
        at = blocks[0, :, :, MINE].argmax(axis=1)
        assert (blocks[0, :, :, MINE].sum(axis=1) == 255).all()
        actions = (at + 1) % ALLOWED
        obs, paid, served = batch.step(actions[None])
        now = obs[..., :SEEN].reshape(1, 50, ALLOWED, FEATURES)[0, :, :, MINE].argmax(axis=1)
        assert (now == actions).all()
        assert 0 < served[0] <= 1 and paid.dtype == np.float32
        assert batch.moves[0] == 50
    assert batch.state().shape == (1, state_columns(50))


def test_a_move_costs_a_fiftieth_and_what_is_served_is_paid() -> None:
    world = World(OVER, Terms(throttled=False))
    stay = [agent.at for agent in world.agents]
    world.act(stay)
    before = world.points
    for paid, served_q, agent in zip(before, world.served_q, world.agents, strict=True):
        assert paid == served_q * 1024 // agent.demand_q
    world.act([(stay[0] + 1) % ALLOWED, *stay[1:]])
    share = world.served_q[0] * 1024 // world.agents[0].demand_q
    assert world.points[0] == share - 20


def test_a_shared_reward_is_in_part_the_mean() -> None:
    points = np.array([[0, 1024]], np.int32)
    assert rewards(points, 0.0).tolist() == [[0.0, 1.0]]
    assert rewards(points, 0.5).tolist() == [[0.25, 0.75]]
    assert rewards(points, 1.0).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("bad", [[4] * 50, [-1] * 50, [0] * 49])
def test_actions_that_do_not_exist_are_refused(bad: list[int]) -> None:
    with pytest.raises(UserError):
        World(OVER).act(bad)
    with pytest.raises(UserError):
        batch = StoryBatch([1])
        batch.reset()
        batch.step(np.array([bad]))


def test_terms_out_of_range_are_refused() -> None:
    for bad in ({"agents": 65}, {"liars": 51}, {"shared": 1.1}, {"lie": "honest"}):
        with pytest.raises(UserError):
            Terms(**bad)
    with pytest.raises(UserError):
        StoryBatch([])
    with pytest.raises(UserError):
        StoryBatch([1, 2], rho=[0.9])
