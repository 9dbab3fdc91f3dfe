"""Play episodes with the likeliest actions and sum what was earned."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from quelea.learn.maddpg.seam import Actions, Environment, Floats

FIRST = 2_000_000_000  # seeds from here on; training never comes so far


def returns(
    env: Environment, act: Callable[[Floats], Actions], episodes: int, first: int = FIRST
) -> NDArray[np.float64]:
    """Return the return of each episode, summed over agents and steps, undiscounted.

    Batches are played until there are enough; batch k begins with the seed first + k.
    """
    found: list[NDArray[np.float64]] = []
    while sum(map(len, found)) < episodes:
        obs = env.reset(first + len(found))
        total, going = np.zeros(env.spec.batch), np.ones(env.spec.batch, bool)
        while going.any():
            turn = env.step(act(obs))
            total[going] += turn.rewards.sum(axis=1)[going]
            going &= ~(turn.terminated | turn.truncated)
            obs = turn.obs
        found.append(total)
    return np.concatenate(found)[:episodes]
