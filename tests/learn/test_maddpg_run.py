"""Runs: what a continuation continues, what stops it, and that 2,500 episodes teach something."""

from contextlib import suppress
from importlib.util import find_spec

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.learn import rivals_mpe
from quelea.learn.games_mpe import SpeakerListener, Spread
from quelea.learn.maddpg import curves
from quelea.learn.maddpg.evaluate import returns
from quelea.learn.maddpg.seam import Settings, Spec, Turn
from quelea.learn.maddpg.tasks import TASKS

with suppress(ImportError):  # the fixture below says what is missing
    import torch
    from quelea.learn.maddpg.run import CHECKPOINT, Trainer, train

TINY = Settings(
    episodes=48, hidden=8, batch=16, warmup=100, capacity=500, updates=0.7, returns_steps=2,
    explore_until=0.9,
)  # fmt: skip
MARGIN = 30.0  # of 2,500 episodes over chance: -78 by chance, learned -30 and better


@pytest.fixture(autouse=True)
def _torch(need):
    need(find_spec("torch"), "torch", 'pip install "quelea[learn]"')
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _trained(folder, settings=TINY, stops=(), game=Spread):
    """Train; `stops`: after how many batches each of the first runs is stopped."""
    for batches in (*stops, None):
        trainer = Trainer(game(4), settings, 3)
        quick = game(4)

        def evaluate(learner, quick=quick):
            return float(returns(quick, learner.best, 4).mean())

        over = train(
            trainer, folder, evaluate, 16,
            lambda trainer=trainer, batches=batches: trainer.batches == batches,
        )  # fmt: skip
        assert over == (batches is None)
    return trainer


@pytest.mark.parametrize("share", [True, False])
def test_a_run_that_was_stopped_goes_on_bit_by_bit(tmp_path, share):
    settings = Settings(**{**TINY.document(), "share": share})
    whole = _trained(tmp_path / "whole", settings)
    parts = _trained(tmp_path / "parts", settings, stops=(3, 4, 9))
    assert whole.updates == parts.updates > 20
    assert (tmp_path / "whole" / curves.CURVE).read_bytes() == (
        tmp_path / "parts" / curves.CURVE
    ).read_bytes()
    one, two = (run.learner.state() for run in (whole, parts))
    for name in ("actors", "critics", "target_actors", "target_critics"):
        for key, part in one[name].items():
            assert torch.equal(part, two[name][key])
    assert torch.equal(one["generator"], two["generator"])
    for mine, other in zip(whole.replay.state()["columns"], parts.replay.state()["columns"]):
        assert (mine == other).all()


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    _trained(tmp_path)
    path = tmp_path / CHECKPOINT
    for env, settings, seed in (
        (Spread(4), TINY, 4),
        (Spread(8), TINY, 3),
        (Spread(4), Settings(**{**TINY.document(), "soft": 0.5}), 3),
    ):
        with pytest.raises(UserError, match="other settings"):
            Trainer(env, settings, seed).load(path)
    path.write_bytes(b"none")
    with pytest.raises(UserError, match="no checkpoint"):
        Trainer(Spread(4), TINY, 3).load(path)


def test_chances_and_rates_fall_as_planned():
    settings = Settings(episodes=100, explore_first=0.4, explore_until=0.5, warmup=10**6,
                        rate_first=0.01, temperature_last=0.5)  # fmt: skip
    trainer = Trainer(Spread(10), settings, 1)
    found = []
    while not trainer.over:
        found.append(trainer.explore())
        trainer.play()
    assert np.allclose(found, [0.4, 0.32, 0.24, 0.16, 0.08, 0, 0, 0, 0, 0])
    assert np.isclose(trainer.learner.rate, 0.001)
    assert np.isclose(trainer.learner.temperature, 0.55) and trainer.updates == 0


class Ends:
    """Instance k ends after k + 1 steps; being played longer pays a thousand."""

    spec = Spec(3, (1,), (2,), 5)

    def reset(self, seed):
        self.turn = 0
        return np.zeros((3, 1, 1), np.float32)

    def step(self, actions):
        self.turn += 1
        over = np.arange(3) + 1 <= self.turn
        late = np.arange(3) + 1 < self.turn
        rewards = np.where(late, 1000.0, 1.0)[:, None]
        return Turn(np.full((3, 1, 1), self.turn, np.float32), rewards, over, np.zeros(3, bool))


@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_what_comes_after_an_end_is_neither_kept_nor_counted(chunk):
    settings = Settings(episodes=3, warmup=10**6, chunk_steps=chunk)
    trainer = Trainer(Ends(), settings, 1)
    trainer.play()
    assert trainer.played == [2.0] and len(trainer.replay) == 1 + 2 + 3
    assert trainer.replay.rewards[:6].max() == 1.0
    assert sorted(trainer.replay.keep[:6]) == [0, 0, 0, *[np.float32(0.95)] * 3]
    assert returns(Ends(), trainer.learner.best, 3).tolist() == [1, 2, 3]


def test_2500_episodes_beat_chance():
    task = TASKS["speaker-listener"]()
    settings = Settings(**{**task.settings.document(), "episodes": 2500})
    trainer = Trainer(SpeakerListener(16), settings, 1)
    while not trainer.over:
        trainer.play()
    judge = SpeakerListener(100)
    learned = returns(judge, trainer.learner.best, 500).mean()
    blind = returns(judge, rivals_mpe.chance(judge.spec.actions), 500).mean()
    print(f"learned {learned:.1f}, random {blind:.1f}")
    assert learned > blind + MARGIN


def test_rivals_stand_in_their_order():
    for game, rivals in (
        (SpeakerListener, (rivals_mpe.no_words, rivals_mpe.told)),
        (Spread, (rivals_mpe.nearest, rivals_mpe.assigned)),
    ):
        judge = game(200)
        means = [
            returns(judge, rival, 400).mean()
            for rival in (rivals_mpe.chance(judge.spec.actions), *rivals)
        ]
        assert means[0] < means[1] - 20 < means[2] - 30
