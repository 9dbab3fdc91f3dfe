"""What was seen, kept in a ring and drawn from by chance; one row is one step of all agents."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quelea.learn.maddpg.seam import Actions, Floats, Spec


class Sample(NamedTuple):
    """Rows, the same for every agent. keep: what of the next value counts, 0 after an end."""

    obs: Floats  # [rows, agents, widest]
    actions: Actions  # [rows, agents], the index where the one-hot is 1
    rewards: Floats  # [rows, agents]
    nexts: Floats  # [rows, agents, widest]
    keep: Floats  # [rows]


class Replay:
    """A ring of so many rows."""

    def __init__(self, spec: Spec, capacity: int) -> None:
        agents, width = spec.agents, max(spec.obs)
        self.obs = np.zeros((capacity, agents, width), np.float32)
        self.actions = np.zeros((capacity, agents), np.int16)
        self.rewards = np.zeros((capacity, agents), np.float32)
        self.nexts = np.zeros((capacity, agents, width), np.float32)
        self.keep = np.zeros(capacity, np.float32)
        self.capacity, self.stored = capacity, 0

    def __len__(self) -> int:
        return min(self.stored, self.capacity)

    def store(self, rows: Sample) -> None:
        """Put rows in, over the oldest."""
        at = (self.stored + np.arange(len(rows.keep))) % self.capacity
        for kept, new in zip(self._columns(), rows):
            kept[at] = new
        self.stored += len(rows.keep)

    def sample(self, rows: int, draw: np.random.Generator) -> Sample:
        """Draw rows with replacement; all agents get the same ones."""
        at = draw.integers(len(self), size=rows)
        obs, actions, rewards, nexts, keep = (column[at] for column in self._columns())
        return Sample(obs, actions.astype(np.int64), rewards, nexts, keep)

    def state(self) -> dict[str, Any]:
        """Return copies of what a checkpoint keeps."""
        columns = [column[: len(self)].copy() for column in self._columns()]
        return {"stored": self.stored, "columns": columns}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what state() returned."""
        self.stored = int(state["stored"])
        for kept, column in zip(self._columns(), state["columns"]):
            kept[: len(self)] = column

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return (self.obs, self.actions, self.rewards, self.nexts, self.keep)


def transitions(
    obs: Floats, actions: Actions, rewards: Floats, ended: NDArray[np.bool_],
    cut: NDArray[np.bool_], discount: float, steps: int,
) -> Sample:  # fmt: skip
    """Return the rows of a stretch of time, with returns of up to `steps` rewards.

    obs [T + 1, batch, ...]; actions, rewards [T, batch, agents]; ended, cut [T, batch]: terminated
    and truncated in this step. Rows after the end of an instance are left out. A sum of rewards
    stops at an end, at a cut, and where the stretch ends; the value after an end counts nothing,
    after the others it goes on.
    """
    turns, batch = ended.shape
    over = ended | cut
    alive = np.ones((turns, batch), bool)
    alive[1:] = ~np.logical_or.accumulate(over, axis=0)[:-1]
    summed = np.zeros_like(rewards)
    keep = np.ones((turns, batch), np.float32)
    last = np.empty((turns, batch), np.int64)
    for t in range(turns):
        going = np.ones(batch, bool)
        for k in range(min(steps, turns - t)):
            summed[t, going] += discount**k * rewards[t + k, going]
            keep[t, going] = np.where(ended[t + k, going], 0.0, discount ** (k + 1))
            last[t, going] = t + k + 1
            going &= ~over[t + k]
    nexts = obs[last, np.arange(batch)]
    return Sample(obs[:-1][alive], actions[alive], summed[alive], nexts[alive], keep[alive])
