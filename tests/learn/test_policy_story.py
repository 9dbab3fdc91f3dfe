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
    sums, each = Central(range(setting.AGENTS), 8).sent(torch.from_numpy(joint))
    for k, instance in enumerate(game.world.instances):
        loads = np.zeros(len(setting.CAPACITIES))
        for i, action in enumerate(actions[k]):
            loads[instance.allowed[i][action]] += instance.demands[i]
        assert np.allclose(sums[k].numpy() * story_game.UNIT, loads, atol=1e-3)
    assert np.allclose(each.sum(dim=1).numpy(), sums.numpy(), atol=1e-5)


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
        policies.FLOATS: figures(0.985, 1.0),
    }  # fmt: skip
    assert all(check.ok for check in policies.held(good))
    for name, worse in (
        (policies.TRAINED, figures(0.96, 1.0)),
        (policies.TRAINED, figures(0.98, 3.5)),
        (policies.TRAINED, figures(0.98, 1.0, 0.1)),
        (policies.FLOATS, figures(0.999, 1.0)),
        (policies.UNTRAINED, figures(0.99, 3.0)),
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
