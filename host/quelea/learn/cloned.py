# mypy: disable-error-code="no-any-return"
"""A policy that imitates another rule: where training begins, and a control for what it adds.

Agents of the story follow the rule; what each saw and did is what the network is fitted to, by
cross-entropy. Needs PyTorch (the extra `learn`).
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_agent import choice
from quelea_agent.choice import policy
from quelea_agent.rumours import UNKNOWN

from quelea.learn.features import FEATURES, TOP
from quelea.learn.quantised import Net
from quelea.story import setting
from quelea.story.loop import Loop

HIDDEN = (16,)
EPOCHS = 12
ROWS = 512
RATE = 0.01


class Watched(policy.Policy):  # type: ignore[misc]  # the firmware's classes have no types
    """Does what a teacher does, and notes what it saw."""

    def __init__(self, me: Any, teacher: str, rows: list[tuple[list[list[int]], int]]) -> None:
        super().__init__(me)
        self.teacher = choice.find(teacher)(me)
        self.rows = rows

    def choose(self) -> int:
        """Return what the teacher chooses."""
        me = self.me
        if me.seen_q == UNKNOWN:
            return self.teacher.choose()
        self.look_here()
        seen = []
        for index in range(len(me.allowed)):
            self.look_at(index)
            seen.append(list(self.values))
        chosen = int(self.teacher.choose())
        self.rows.append((seen, chosen))
        self.note(chosen)
        return chosen


def watch(
    teacher: str, seeds: range, rounds: int, rho: float = 0.97
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return features, shape (rows, servers, FEATURES), and what was chosen, shape (rows,)."""
    rows: list[tuple[list[list[int]], int]] = []
    for seed in seeds:
        loop = Loop(setting.draw(seed, rho).setup(100))
        loop.use("greedy", True, True, True)
        for agent in loop.agents:
            agent._rule = Watched(agent, teacher, rows)
        for _ in range(rounds):
            loop.round()
    return np.array([seen for seen, _ in rows], np.uint8), np.array([at for _, at in rows])


def module(hidden: tuple[int, ...] = HIDDEN) -> Any:
    """Return a torch module of features in 0..1 (..., FEATURES) to logits (..., 1)."""
    from torch import nn

    sizes = (FEATURES, *hidden)
    layers: list[Any] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 1))


def net_of(module: Any) -> Net:
    """Return the weights of a module as quantised.py takes them."""
    from torch import nn

    return [
        (one.weight.detach().double().numpy().T.copy(), one.bias.detach().double().numpy().copy())
        for one in module.modules()
        if isinstance(one, nn.Linear)
    ]


def fit(
    seen: NDArray[np.uint8], chosen: NDArray[np.int64], seed: int = 1, epochs: int = EPOCHS
) -> Any:
    """Return the module whose chances fit best what was chosen."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    net = module()
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    inputs = torch.from_numpy(seen.astype(np.float32) / TOP)
    wanted = torch.from_numpy(chosen)
    steps = epochs * (len(wanted) // ROWS)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        if step % (len(wanted) // ROWS) == 0:
            order = torch.randperm(len(wanted))
        at = order[step % (len(wanted) // ROWS) * ROWS :][:ROWS]
        logits = net(inputs[at]).squeeze(-1)
        loss = torch.nn.functional.cross_entropy(logits, wanted[at])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return net
