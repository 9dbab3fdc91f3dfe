"""What learned policies of mpe2's tasks are compared with: hand-written ones, from chance to best.

Each takes observations [batch, agents, widest] as the tasks give them and returns actions
[batch, agents]. Those that steer choose, of the five pushes, the one that brings them nearest to
where they want to be within AHEAD_S.
"""

from collections.abc import Callable
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from quelea.learn.games_mpe import KEPT_SPEED, PLACES, PUSHES, STEP_S
from quelea.learn.maddpg.seam import Actions, Floats

Policy = Callable[[Floats], Actions]

AHEAD_S = 0.15  # after the step; of .1 to .4 the best for all
ORDERS = np.array(list(permutations(range(PLACES))))


def steered(way: NDArray[np.float32], speed: NDArray[np.float32]) -> Actions:
    """Return the pushes [...] towards what is at `way` [..., 2] from here, moving with `speed`."""
    after = speed[..., None, :] * KEPT_SPEED + PUSHES * STEP_S
    left = way[..., None, :] - speed[..., None, :] * STEP_S - after * AHEAD_S
    nearest_after: Actions = np.square(left).sum(axis=-1).argmin(axis=-1)
    return nearest_after


def chance(actions: tuple[int, ...], seed: int = 0) -> Policy:
    """Return a policy that draws blindly from so many actions of each agent."""
    draw = np.random.default_rng(seed)
    return lambda obs: draw.integers(np.array(actions), size=(len(obs), len(actions)))


def _listener(obs: Floats, way: NDArray[np.float32]) -> Actions:
    moves = steered(way, obs[:, 1, :2])
    return np.stack((np.zeros_like(moves), moves), axis=1)


def no_words(obs: Floats) -> Actions:
    """Speaker and listener: go to the middle of the landmarks, the best without a word."""
    return _listener(obs, obs[:, 1, 2:8].reshape(-1, PLACES, 2).mean(axis=1))


def told(obs: Floats) -> Actions:
    """Speaker and listener: the listener sees the goal itself, from the first step on."""
    goal = obs[:, 0, :3].argmax(axis=1)
    return _listener(obs, obs[:, 1, 2:8].reshape(-1, PLACES, 2)[np.arange(len(obs)), goal])


def _ways(obs: Floats) -> NDArray[np.float32]:
    return obs[..., 4 : 4 + 2 * PLACES].reshape(*obs.shape[:2], PLACES, 2)


def nearest(obs: Floats) -> Actions:
    """Spread: everyone to the landmark nearest to it."""
    ways = _ways(obs)
    chosen = np.square(ways).sum(axis=-1).argmin(axis=-1)
    return steered(np.take_along_axis(ways, chosen[..., None, None], 2)[:, :, 0], obs[..., :2])


def assigned(obs: Floats) -> Actions:
    """Spread: the assignment of least total distance, by one who sees and commands all."""
    ways = _ways(obs)
    distance = np.sqrt(np.square(ways).sum(axis=-1))
    agents = np.arange(PLACES)
    costs = distance[:, agents, ORDERS].sum(axis=-1)
    chosen = ORDERS[costs.argmin(axis=1)]
    return steered(np.take_along_axis(ways, chosen[..., None, None], 2)[:, :, 0], obs[..., :2])
