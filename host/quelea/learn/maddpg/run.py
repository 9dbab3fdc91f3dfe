"""Train one seed: play a batch of episodes, keep them, update; again until all are played."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from quelea.errors import UserError
from quelea.learn.maddpg.curves import CURVE, Curve, Point
from quelea.learn.maddpg.learner import Learner
from quelea.learn.maddpg.replay import Replay, transitions
from quelea.learn.maddpg.seam import Environment, Floats, Settings

CHECKPOINT = "checkpoint.pt"
VERSION = 1
SEED_MAX = 1999  # seeds of batches: SEED_STRIDE * seed + number of the batch
SEED_STRIDE = 1_000_000


class Trainer:
    """One run. All that a continuation needs is in state(), between two batches of episodes."""

    def __init__(
        self, env: Environment, settings: Settings, seed: int, learner: Learner | None = None
    ) -> None:
        settings.check()
        if not 0 <= seed <= SEED_MAX:
            raise UserError(f"{seed} is no seed", "", f"0 to {SEED_MAX}")
        self.env, self.settings, self.seed = env, settings, seed
        self.learner = learner or Learner(env.spec, settings, seed)
        self.replay = Replay(env.spec, settings.capacity)
        self.draw = np.random.default_rng([seed, 1])
        self.batches = self.updates = 0
        self.owed = 0.0  # updates not yet made
        self.losses = {"critic": 0.0, "actor": 0.0}
        self.played: list[float] = []  # mean returns since the last point of the curve

    @property
    def episodes(self) -> int:
        """Episodes played."""
        return self.batches * self.env.spec.batch

    @property
    def over(self) -> bool:
        """Whether all episodes are played."""
        return self.episodes >= self.settings.episodes

    def explore(self) -> float:
        """Return the chance of a blind action now."""
        s = self.settings
        part = min(1.0, self.episodes / max(1.0, s.explore_until * s.episodes))
        return s.explore_first + (s.explore_last - s.explore_first) * part

    def play(self) -> None:
        """Play one batch of episodes, with the updates that are due."""
        spec, s = self.env.spec, self.settings
        self.learner.schedule(min(1.0, self.episodes / s.episodes))
        explore = self.explore()
        obs = self.env.reset(SEED_STRIDE * self.seed + self.batches)
        total, going = np.zeros(spec.batch), np.ones(spec.batch, bool)
        chunk = s.chunk_steps or spec.steps
        while going.any():
            stretch = _Stretch(obs)
            began = going.copy()
            while len(stretch.actions) < chunk and going.any():
                actions = self.learner.act(obs, explore)
                turn = self.env.step(actions)
                total[going] += turn.rewards.sum(axis=1)[going]
                going &= ~(turn.terminated | turn.truncated)
                obs = turn.obs
                stretch.add(actions, turn)
            self.replay.store(stretch.rows(began, s.discount, s.returns_steps))
            self._update(len(stretch.actions) / spec.steps)
        self.batches += 1
        self.played.append(float(total.mean()))

    def _update(self, part: float) -> None:
        """Make the updates that are due after a part of a batch of episodes."""
        s = self.settings
        if len(self.replay) < max(s.warmup, 1):
            return
        self.owed += s.updates * self.env.spec.batch * part
        while self.owed >= 1.0:
            self.owed -= 1.0
            self.updates += 1
            self.losses = self.learner.update(self.replay.sample(s.batch, self.draw))

    # -- checkpoints -------------------------------------------------------------------------
    def save(self, path: Path) -> None:
        """Write all that a continuation needs, by a rename: a file is whole or not there.

        When all episodes are played, that is the nets: what was seen is left out.
        """
        kept = (Replay(self.env.spec, 1) if self.over else self.replay).state()
        kept["columns"] = [torch.from_numpy(column) for column in kept["columns"]]
        state = {
            "version": VERSION, "seed": self.seed, "settings": self.settings.document(),
            "spec": tuple(self.env.spec), "batches": self.batches, "updates": self.updates,
            "owed": self.owed, "losses": self.losses,
            "played": self.played, "draw": self.draw.bit_generator.state,
            "replay": kept, "learner": self.learner.state(),
        }  # fmt: skip
        part = path.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint; UserError if it is of another run."""
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True)
            mine = (VERSION, self.seed, self.settings.document(), tuple(self.env.spec))
            found = tuple(state[name] for name in ("version", "seed", "settings", "spec"))
        except Exception as error:  # torch has no common error for a file that is none of its own
            raise UserError("this is no checkpoint", str(path), str(error)[:200]) from None
        if found != mine:
            raise UserError(
                "the checkpoint is of other settings, another seed or another task", str(path)
            )
        self.batches, self.updates, self.owed = state["batches"], state["updates"], state["owed"]
        self.losses, self.played = state["losses"], state["played"]
        self.draw.bit_generator.state = state["draw"]
        state["replay"]["columns"] = [c.numpy() for c in state["replay"]["columns"]]
        self.replay.restore(state["replay"])
        self.learner.restore(state["learner"])


class _Stretch:
    """Steps played since the last updates."""

    def __init__(self, obs: Floats) -> None:
        self.obs, self.actions, self.rewards = [obs], [], []  # type: ignore[var-annotated]
        self.ended, self.cut = [], []  # type: ignore[var-annotated]

    def add(self, actions: Any, turn: Any) -> None:
        self.obs.append(turn.obs)
        self.actions.append(actions)
        self.rewards.append(turn.rewards.astype(np.float32))
        self.ended.append(turn.terminated)
        self.cut.append(turn.truncated)

    def rows(self, began: Any, discount: float, steps: int) -> Any:
        """Return the transitions of the instances that had not ended when the stretch began."""
        return transitions(
            np.stack(self.obs)[:, began], np.stack(self.actions)[:, began],
            np.stack(self.rewards)[:, began], np.stack(self.ended)[:, began],
            np.stack(self.cut)[:, began], discount, steps,
        )  # fmt: skip


def train(
    trainer: Trainer, folder: Path, evaluate: Callable[[Learner], float],
    every: int = 1000, stop: Callable[[], bool] = lambda: False,
) -> bool:  # fmt: skip
    """Train until all episodes are played (True) or `stop` says so (False).

    Writes curve.csv and checkpoint.pt into folder, every so many episodes and at the end; goes on
    from a checkpoint that is there. evaluate: the mean return of the policy as it is now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CHECKPOINT
    if path.exists():
        trainer.load(path)
    curve = Curve(folder / CURVE, trainer.episodes)
    while not trainer.over:
        trainer.play()
        due = trainer.episodes // every > (trainer.episodes - trainer.env.spec.batch) // every
        if due or trainer.over:
            curve.add(Point(
                trainer.episodes, trainer.updates, float(np.mean(trainer.played)),
                evaluate(trainer.learner), trainer.losses["critic"], trainer.losses["actor"],
                trainer.explore(),
            ))  # fmt: skip
            trainer.played.clear()
            trainer.save(path)
        elif stop():
            trainer.save(path)
        if stop():
            return trainer.over
    return True
