"""The story's policy: its critic's sums, a short training to a board's file, and the table."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.learn import cost, policies, story_command, story_game, weights
from quelea.learn.command import Options, command
from quelea.learn.env_world import ALLOWED, SEEN, Terms
from quelea.learn.features import FEATURES, NAMES
from quelea.story import setting
from quelea.story.trials import Figures

SMALL = tuple(row for row in policies.ROWS if row.name in ("policy, floats", "policy"))


@pytest.fixture
def _torch(need):
    need(find_spec("torch"), "torch", 'pip install "quelea[learn]"')


def test_pay_is_what_was_served_less_a_part_where_too_many_ask(seed: int) -> None:
    draw = np.random.default_rng(seed)
    games = [story_game.StoryGame(3, Terms(agents=16), crowded=part) for part in (0.0, 0.5)]
    for game in games:
        assert game.reset(7).shape == (3, 16, story_game.WIDTH)
    crowded = 0
    for turn in range(story_game.STEPS):
        actions = draw.integers(0, ALLOWED, (3, 16))
        plain, less = (game.step(actions) for game in games)
        full = plain.obs[..., NAMES.index("near")] * 255 > 128.5
        assert np.allclose(plain.rewards - 0.5 * full, less.rewards, atol=1e-6)
        assert plain.truncated.all() == (turn == story_game.STEPS - 1)
        crowded += int(full.sum())
    assert crowded > 0


@pytest.mark.usefixtures("_torch")
def test_the_critic_knows_what_each_server_will_be_sent(seed: int) -> None:
    import torch
    from quelea.learn.story_nets import Central

    game = story_game.StoryGame(4)
    obs = game.reset(seed & 0xFFFF)
    actions = np.random.default_rng(seed).integers(0, ALLOWED, (4, setting.AGENTS))
    joint = np.concatenate([obs, np.eye(ALLOWED, dtype=np.float32)[actions]], axis=-1)
    sums, each = Central(8).sent(torch.from_numpy(joint))
    for k, instance in enumerate(game.world.instances):
        loads = np.zeros(len(setting.CAPACITIES))
        for i, action in enumerate(actions[k]):
            loads[instance.allowed[i][action]] += instance.demands[i]
        assert np.allclose(sums[k].numpy() * story_game.UNIT, loads, atol=1e-3)
    assert np.allclose(each.sum(dim=1).numpy(), sums.numpy(), atol=1e-5)


@pytest.mark.usefixtures("_torch")
def test_the_critic_knows_what_another_action_of_one_agent_would_change(seed: int) -> None:
    import torch
    from quelea.learn.story_nets import Central

    game, draw = story_game.StoryGame(2), np.random.default_rng(seed)
    obs = torch.from_numpy(game.reset(seed & 0xFFFF))
    actions = draw.integers(0, ALLOWED, (2, setting.AGENTS))
    critic = Central(8)

    def loads(actions):
        taken = torch.eye(ALLOWED)[torch.from_numpy(actions)]
        joint = torch.cat((obs, taken), dim=-1)
        return joint, critic.sent(joint)[0] / critic.capacities

    joint, _ = loads(actions)
    after, where = critic.fullness(joint)
    values = critic(joint)
    assert values.shape == (2, setting.AGENTS, ALLOWED)
    for i in draw.integers(0, setting.AGENTS, 5):
        for action in range(ALLOWED):
            other = actions.copy()
            other[:, i] = action
            changed, full = loads(other)
            assert torch.allclose(after[:, i, action], full, atol=1e-5)
            assert torch.allclose(values[:, i], critic(changed)[:, i], atol=1e-5)
            servers = [one.allowed[i][action] for one in game.world.instances]
            assert where[:, i, action].argmax(dim=-1).tolist() == servers


@pytest.mark.usefixtures("_torch")
def test_the_actor_goes_to_what_is_worth_more_than_its_mean(seed: int) -> None:
    import torch
    from quelea.learn.story_learner import Drawing

    one = story_game.learner(story_game.StoryGame(1).spec, story_game.SETTINGS, 1)
    assert isinstance(one, Drawing)
    generator = torch.Generator().manual_seed(seed)
    logits, values = torch.randn((2, 3, 5, ALLOWED), generator=generator)
    chances = torch.softmax(logits, dim=-1)
    mean = (chances * values).sum(dim=-1, keepdim=True)
    log_mean = (chances * chances.log()).sum(dim=-1, keepdim=True)
    for worth in (0.0, 0.5):
        one.entropy_worth = worth
        leaf = logits.clone().requires_grad_()
        one.actor_loss(leaf, values).backward()
        wanted = chances * (values - mean - worth * (chances.log() - log_mean)) / len(logits)
        assert torch.allclose(-leaf.grad, wanted, atol=1e-4)
    one.schedule(0.0)
    first = one.entropy_worth
    one.schedule(1.0)
    assert 0 < one.entropy_worth < first / 10


@pytest.mark.usefixtures("_torch")
def test_what_is_exported_says_what_the_actor_says(seed: int) -> None:
    import torch
    from quelea.learn import quantised

    one = story_game.learner(story_game.StoryGame(1).spec, story_game.SETTINGS, seed & 0x3FF)
    seen = np.random.default_rng(seed).integers(0, 256, (40, SEEN)).astype(np.uint8)
    obs = np.zeros((40, story_game.WIDTH), np.float32)
    obs[:, :SEEN] = seen / 255
    with torch.no_grad():
        said = one.target_actors[0](torch.from_numpy(obs)).numpy()
    values = seen.reshape(40, ALLOWED, FEATURES)
    assert np.allclose(quantised.logits(one.net, values), said, atol=1e-4)
    kept = one.weights()
    layers = [(kept[f"0.net.{k}.weight"].T, kept[f"0.net.{k}.bias"]) for k in (0, 2)]
    assert np.allclose(quantised.logits(layers, values), said, atol=1e-3)


@pytest.mark.usefixtures("_torch")
@pytest.mark.parametrize("change", [{"twin": True}, {"central": False}, {"share": False}])
def test_settings_that_the_story_has_no_use_for_are_refused(change: dict[str, bool]) -> None:
    settings = replace(story_game.SETTINGS, **change)
    with pytest.raises(UserError, match="not trained with"):
        story_game.learner(story_game.StoryGame(1).spec, settings, 1)


@pytest.mark.usefixtures("_torch")
def test_a_short_training_ends_in_a_file_that_boards_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(policies, "ROWS", SMALL)
    monkeypatch.setattr(policies, "table_memory", lambda: b"")
    monkeypatch.setattr(policies, "ROUNDS", 100)
    monkeypatch.setattr(story_command, "INSTANCES", range(1, 2))
    monkeypatch.setattr(story_command, "controls", dict)
    to = tmp_path / "own.qnn"
    options = Options(
        seeds=2, episodes=16, jobs=1, runs=tmp_path, env="story", judge=16, export=to,
        changes=("updates=0.5", "warmup=100"),
    )  # fmt: skip
    status = command("policy", options, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert status == (0 if said["verdict"] else 1)
    assert weights.read(to) == (Path(said["folder"]) / "policy.qnn").read_bytes()
    assert (Path(said["folder"]) / "policy.png").exists() or not find_spec("matplotlib")
    checks = {check["name"]: check for check in said["checks"]}
    assert checks["policy: the same likeliest server in 8 bits"]["value"] > 0.9
    assert checks["policy: servers over their caps"]["ok"]
    assert checks["policy: scores unlike the reference's"]["value"] == 0
    assert set(said["rows"]) == {"policy, floats", "policy", "policy, seed-2"}


def test_the_shipped_policy_settles_and_its_cost_is_small(need) -> None:
    file = weights.read()
    (row,) = [row for row in policies.ROWS if row.name == policies.TRAINED]
    found = policies.one(row, 3, file)
    assert found.last > 0.97
    assert found.overloaded == 0
    from quelea.conform.targets import Unix

    need(Unix().available() is None, "MicroPython's unix port", "pip install quelea")
    paid = cost.measure(file)
    assert (paid.differing, paid.file_bytes) == (0, len(file))
    assert paid.grown_bytes < 8 and paid.held_bytes < 4096
    assert not paid.compiled or paid.score_us[1] < paid.score_us[0]


def test_the_table_holds_a_policy_to_its_bounds() -> None:
    def figures(last: float, asked: float, over: float = 0.0) -> list[Figures]:
        return [Figures(0.9, last, 30, 30, over, asked, 1.0, 2.0, 1.0, 0.9)]

    good = {
        policies.TRAINED: figures(0.98, 1.0), policies.UNTRAINED: figures(0.8, 3.0),
        policies.FLOATS: figures(0.985, 1.0), policies.TABLE: figures(0.99, 1.2),
        "policy, seed-2": figures(0.99, 1.3),
    }  # fmt: skip
    assert policies.trained(good) == [policies.TRAINED, "policy, seed-2"]
    mean, deviation = policies.over_seeds(good)["overasked"]
    assert (round(mean, 6), round(deviation, 6)) == (1.15, 0.15)
    assert all(check.ok for check in policies.held(good))
    for name, worse in (
        (policies.TRAINED, figures(0.96, 1.0)),
        (policies.TRAINED, figures(0.98, 3.5)),
        (policies.TRAINED, figures(0.98, 1.0, 0.1)),
        (policies.FLOATS, figures(0.999, 1.0)),
        (policies.UNTRAINED, figures(0.99, 3.0)),
        (policies.TABLE, figures(0.99, 0.9)),
        ("policy, seed-2", figures(0.96, 1.0)),
        ("policy, seed-2", figures(0.99, 1.5)),
    ):
        assert not all(check.ok for check in policies.held(good | {name: worse}))


def test_a_file_that_is_no_policy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.qnn"
    with pytest.raises(UserError, match="cannot be read"):
        weights.read(path)
    file = bytearray(weights.read())
    file[30] ^= 1
    path.write_bytes(bytes(file))
    with pytest.raises(UserError, match="checksum"):
        weights.read(path)
    with pytest.raises(UserError, match="no meaning"):
        command("policy", replace(Options(env="spread"), export=path))
    assert SEEN == ALLOWED * FEATURES
