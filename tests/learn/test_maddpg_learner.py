"""What makes it MADDPG: who sees what, which nets say what, and where a gradient goes."""

from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pytest
from quelea.learn.maddpg.replay import Replay, Sample, transitions
from quelea.learn.maddpg.seam import Settings, Spec

with suppress(ImportError):  # the fixture below says what is missing
    import torch
    from quelea.learn.maddpg import nets
    from quelea.learn.maddpg.learner import Learner

SPEC = Spec(4, (3, 5), (2, 4), 6)
ALIKE = Spec(4, (3, 3, 3), (4, 4, 4), 6)


@pytest.fixture(autouse=True)
def _torch(need):
    need(find_spec("torch"), "torch", 'pip install "quelea[learn]"')


def _rows(spec, count=32, seed=0):
    draw = np.random.default_rng(seed)
    obs, nexts = draw.normal(size=(2, count, spec.agents, max(spec.obs))).astype(np.float32)
    actions = np.stack([draw.integers(k, size=count) for k in spec.actions], axis=1)
    rewards = draw.normal(size=(count, spec.agents)).astype(np.float32)
    return Sample(obs, actions, rewards, nexts, np.full(count, 0.95, np.float32))


def _joint(spec, rows):
    taken = torch.nn.functional.one_hot(torch.from_numpy(rows.actions), max(spec.actions))
    return torch.cat((torch.from_numpy(rows.obs), taken.float()), dim=-1)


def _dependence(learner, spec):
    """Return [critic, agent]: whether a critic's value moves with an agent's obs and action."""
    joint = _joint(spec, _rows(spec)).requires_grad_()
    found = []
    for agent in range(spec.agents):
        values = learner._values(learner.critics, joint)
        (slope,) = torch.autograd.grad(values[:, agent].sum(), joint)
        found.append([bool(slope[:, j].abs().sum() > 0) for j in range(spec.agents)])
    return found


@pytest.mark.parametrize("critic", ["flat", "pooled"])
@pytest.mark.parametrize("share", [True, False])
def test_a_critic_sees_all_agents_and_without_central_only_its_own(critic, share):
    settings = {"critic": critic, "share": share, "hidden": 16}
    assert np.all(_dependence(Learner(ALIKE, Settings(**settings), 1), ALIKE))
    alone = _dependence(Learner(ALIKE, Settings(central=False, **settings), 1), ALIKE)
    assert (np.array(alone) == np.eye(3, dtype=bool)).all()


@pytest.mark.parametrize("share", [True, False])
def test_an_actor_sees_its_own_observation_only(share):
    learner = Learner(ALIKE, Settings(share=share), 1)
    obs = torch.from_numpy(_rows(ALIKE).obs).requires_grad_()
    for agent in range(3):
        (slope,) = torch.autograd.grad(learner.logits(obs)[:, agent].sum(), obs)
        assert [bool(slope[:, j].abs().sum() > 0) for j in range(3)] == [
            j == agent for j in range(3)
        ]


def test_an_actor_learns_from_its_own_critic_only():
    """The first critic depends on the second agent's action, but not to teach the second."""
    learner = Learner(SPEC, Settings(logits_weight=0.0), 1)
    with torch.no_grad():
        for part in learner.critics[1].parameters():
            part.zero_()
    rows = _rows(SPEC)
    before = learner.state()["actors"]
    learner._actor_step(torch.from_numpy(rows.obs), _joint(SPEC, rows))
    moved = {
        name[0] for name, part in learner.state()["actors"].items()
        if not torch.equal(part, before[name])
    }  # fmt: skip
    assert moved == {"0"}


def test_targets_say_what_the_critics_learn_and_an_end_has_no_value_after_it():
    rows = _rows(SPEC)
    learner = Learner(SPEC, Settings(), 1)
    nexts = torch.from_numpy(rows.nexts)

    def wanted(keep):
        learner.generator.manual_seed(9)
        return learner.wanted(rows._replace(keep=np.full(32, keep, np.float32)), nexts)

    rewards = torch.from_numpy(rows.rewards)
    assert torch.equal(wanted(0.0), rewards)
    value = wanted(1.0) - rewards
    assert torch.allclose(wanted(0.5), rewards + 0.5 * value, atol=1e-6) and value.abs().max() > 0
    with torch.no_grad():
        learner.actor_step.vector.add_(1.0)
        learner.critic_step.vector.add_(1.0)
    assert torch.equal(wanted(1.0), rewards + value)
    for part in (learner.target_actor, learner.target_critic):
        before = wanted(1.0)
        part.add_(torch.linspace(-1.0, 1.0, len(part)))
        assert not torch.equal(wanted(1.0), before)


def test_an_update_moves_all_nets_and_targets_follow_by_their_share():
    learner = Learner(SPEC, Settings(soft=0.25), 1)
    before = learner.target_critic.clone(), learner.target_actor.clone()
    assert torch.equal(before[0], learner.critic_step.vector)
    losses = learner.update(_rows(SPEC))
    assert losses["critic"] > 0
    for old, target, source in zip(
        before, (learner.target_critic, learner.target_actor),
        (learner.critic_step.vector, learner.actor_step.vector),
    ):  # fmt: skip
        assert not torch.equal(old, source)
        assert torch.allclose(target, old + 0.25 * (source - old), atol=1e-7)
    named = dict(learner.critics.named_parameters())
    assert torch.equal(named["0.net.0.bias"], learner.critics[0].net[0].bias)


def test_a_gradient_is_cut_to_its_length():
    learner = Learner(SPEC, Settings(clip=1e-3), 1)
    learner.update(_rows(SPEC))
    for step in (learner.critic_step, learner.actor_step):
        assert [round(float(step.slope[span].norm()), 5) for span in step.spans] == [1e-3, 1e-3]


def test_the_lower_of_two_critics_counts():
    rows = _rows(SPEC)
    learner = Learner(SPEC, Settings(twin=True), 1)
    nexts = torch.from_numpy(rows.nexts)
    values = learner._values(learner.target_critics, _joint(SPEC, rows._replace(obs=rows.nexts)))
    assert values.shape == (2, 32, 2) and not torch.equal(values[0], values[1])
    learner.generator.manual_seed(9)
    low = learner.wanted(rows, nexts)
    learner.target_critic.zero_()
    assert torch.equal(learner.wanted(rows, nexts), torch.from_numpy(rows.rewards))
    assert not torch.equal(low, torch.from_numpy(rows.rewards))
    learner.update(rows)


def test_a_draw_is_one_hot_follows_the_policy_and_has_a_slope():
    generator = torch.Generator().manual_seed(3)
    chances = torch.tensor([0.6, 0.3, 0.1])
    logits = chances.log().expand(20_000, 3).clone().requires_grad_()
    drawn = nets.straight_through(logits, 1.0, generator)
    assert torch.allclose(drawn.detach().sum(dim=-1), torch.ones(20_000), atol=1e-6)
    assert torch.allclose(drawn.detach().max(dim=-1).values, torch.ones(20_000), atol=1e-6)
    assert torch.allclose(drawn.detach().mean(dim=0), chances, atol=0.02)
    (drawn[:, 0]).sum().backward()
    assert logits.grad[:, 0].min() >= 0 and logits.grad[:, 0].max() > 0.05


def test_actions_that_an_agent_does_not_have_are_never_taken():
    learner = Learner(SPEC, Settings(), 1)
    obs = np.zeros((500, 2, 5), np.float32)
    for actions in (learner.act(obs, 1.0), learner.act(obs, 0.0), learner.best(obs)):
        assert actions[:, 0].max() <= 1
    blind = learner.act(obs, 1.0)
    assert set(blind[:, 0]) == {0, 1} and set(blind[:, 1]) == {0, 1, 2, 3}


def test_actors_of_ones_own_are_taken():
    class Constant(torch.nn.Module):
        def __init__(self, best):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.eye(4)[best])

        def forward(self, obs):
            return self.weights.expand(*obs.shape[:-1], 4)

    learner = Learner(
        ALIKE, Settings(share=True), 1, actor_factory=lambda spec, agent: Constant(2)
    )
    assert (learner.best(np.zeros((5, 3, 3), np.float32)) == 2).all()
    learner.update(_rows(ALIKE))


def test_all_agents_get_the_same_rows():
    replay = Replay(SPEC, 10)
    mark = np.arange(14, dtype=np.float32)
    obs = np.broadcast_to(mark[:, None, None], (14, 2, 5))
    actions = np.broadcast_to((mark % 2).astype(np.int64)[:, None], (14, 2))
    replay.store(Sample(obs, actions, obs[:, :, 0], obs + 1, mark))
    rows = replay.sample(200, np.random.default_rng(1))
    assert set(rows.keep) == set(range(4, 14))  # the oldest are gone
    for found in (rows.obs[..., 0], rows.rewards, rows.nexts[..., 0] - 1):
        assert (found == rows.keep[:, None]).all()
    assert (rows.actions == (rows.keep % 2)[:, None]).all()


def test_a_clock_cuts_a_return_but_only_an_end_takes_the_value_after_it():
    """Three instances: one goes on, one ends in step 1, one is cut in step 1."""
    obs = np.arange(5 * 3, dtype=np.float32).reshape(5, 3, 1, 1)
    actions = np.zeros((4, 3, 1), np.int64)
    rewards = np.ones((4, 3, 1), np.float32)
    ended, cut = np.zeros((2, 4, 3), bool)
    ended[1, 1] = cut[1, 2] = cut[3, 0] = True
    rows = transitions(obs, actions, rewards, ended, cut, 0.5, 3)
    found = {
        float(o[0, 0]): (float(r[0]), float(n[0, 0]), float(k))
        for o, r, n, k in zip(rows.obs, rows.rewards, rows.nexts, rows.keep)
    }
    assert found == {
        0: (1.75, 9, 0.125), 3: (1.75, 12, 0.125), 6: (1.5, 12, 0.25), 9: (1, 12, 0.5),
        1: (1.5, 7, 0), 4: (1, 7, 0),
        2: (1.5, 8, 0.25), 5: (1, 8, 0.5),
    }  # fmt: skip
