"""The environments pass PettingZoo's own tests, repeat by their seeds, refuse what is wrong."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from quelea.errors import UserError

KINDS = ("env_story", "env_offload")


@pytest.fixture(params=KINDS)
def kind(request, strict):
    """A module with parallel_env() and env()."""
    return __import__(f"quelea.learn.{request.param}", fromlist=["parallel_env"])


@pytest.fixture(autouse=True)
def strict(need):
    """PettingZoo warns of what it dislikes: here that fails."""
    need(find_spec("pettingzoo"), "PettingZoo", 'pip install "quelea[learn]"')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield


def test_the_api_is_that_of_pettingzoo(kind) -> None:
    from pettingzoo.test import parallel_api_test

    parallel_api_test(kind.parallel_env(max_cycles=25), num_cycles=30)


def test_the_same_seed_is_the_same_episode(kind) -> None:
    from pettingzoo.test import parallel_seed_test

    parallel_seed_test(lambda: kind.parallel_env(max_cycles=8), num_cycles=10)


def test_an_episode_has_its_length(kind) -> None:
    from pettingzoo.test import max_cycles_test

    max_cycles_test(kind)


def test_pictures_are_pictures() -> None:
    from pettingzoo.test import render_test
    from pettingzoo.utils.conversions import parallel_to_aec
    from quelea.learn import env_offload, env_story
    from quelea.learn.env_world import Terms

    made = []

    def small(render_mode):
        mode = None if render_mode == "human" else render_mode
        made.append(env_story.story_env(terms=Terms(agents=6), render_mode=mode))
        return parallel_to_aec(made[-1])

    render_test(small)
    one = env_offload.offload_env(nodes=6, render_mode="rgb_array")
    one.reset(seed=1)
    first = one.render()
    one.step({agent: 0 for agent in one.agents})
    assert first.shape == one.render().shape and (first != one.render()).any()
    assert made[0].render() is None


def test_states_are_within_their_space(kind) -> None:
    from pettingzoo.test import state_test

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*pytest.*")
        one = kind.parallel_env(max_cycles=20)
        aec = kind.env(max_cycles=20)
        state_test(aec, one, num_cycles=10)


def test_what_is_seen_is_the_batch_s_over_255() -> None:
    from quelea.learn.env_batch import StoryBatch
    from quelea.learn.env_story import story_env
    from quelea.learn.env_world import Terms

    terms = Terms(shared=0.5, liars=3)
    one, batch = story_env(0.9, terms), StoryBatch([11], 0.9, terms)
    seen, _ = one.reset(options={"instance": 11})
    plain = batch.reset()
    draws = np.random.default_rng(5)
    for _ in range(10):
        stacked = np.stack([seen[agent] for agent in one.agents])
        assert (stacked == (plain[0] / np.float32(255)).astype(np.float32)).all()
        actions = draws.integers(0, 4, 50)
        names = one.agents
        seen, paid, ended, cut, infos = one.step(dict(zip(names, actions, strict=True)))
        plain, rewards, _ = batch.step(actions[None])
        assert [paid[name] for name in names] == rewards[0].tolist()
        assert sum(infos[name]["moved"] for name in names) == batch.moves[0]
        assert not any(ended.values()) and not any(cut.values())


def test_a_seed_decides_all_later_episodes(kind) -> None:
    def episodes(seed):
        one = kind.parallel_env(max_cycles=2)
        found = [one.reset(seed=seed)[0], one.reset()[0]]
        return [np.stack(list(seen.values())) for seen in found]

    first, again, other = episodes(3), episodes(3), episodes(4)
    assert (first[0] == again[0]).all() and (first[1] == again[1]).all()
    assert (first[0] != first[1]).any() and (first[0] != other[0]).any()


def test_what_is_wrong_is_refused(kind) -> None:
    for bad in ({"max_cycles": 0}, {"render_mode": "human"}, {"rho": 9.0}):
        with pytest.raises(UserError):
            kind.parallel_env(**bad).reset()
    one = kind.parallel_env()
    for call in (one.state, lambda: one.step({})):
        with pytest.raises(UserError, match="not begun"):
            call()
    one.reset()
    with pytest.raises(UserError, match="n01"):
        one.step({})
    with pytest.raises(UserError, match="out of range"):
        one.step(dict.fromkeys(one.agents, 4))
    with pytest.raises(UserError, match="instance"):
        one.reset(options={"instance": -1})
