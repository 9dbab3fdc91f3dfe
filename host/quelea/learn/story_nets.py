# mypy: allow-subclassing-any
"""Nets of the story: an actor that scores servers one by one, and a critic that sees all loads.

The actor is what a board runs: one small network, the same for every server of every agent. The
critic is used in training only. It is central: it adds up what all agents' actions send to each
server, and so knows how full each would be after everybody has acted.
"""

from typing import Any

import torch
from torch import nn

from quelea.learn.cloned import HIDDEN, module
from quelea.learn.env_world import ALLOWED, COLUMNS, SEEN
from quelea.learn.features import FEATURES, NAMES
from quelea.learn.maddpg.nets import mlp
from quelea.learn.story_game import DEMAND_AT, SERVERS_AT, UNIT, steepened
from quelea.story.setting import CAPACITIES

Tensor = Any
MINE = NAMES.index("mine")
FULLNESS_MAX = 3.0
CLOSE = 16.0  # a server that is a sixteenth too full or too empty is as far off as any
OVER = 1.0005  # of the capacity: above what floats round to 1, below a unit more than 200
SERVERS = len(CAPACITIES)


class Scorer(nn.Module):
    """Observations (..., width) -> logits (..., ALLOWED).

    The columns STEEP are multiplied, their middle being 0: a step of 1/1024 of a load decides, and
    weights that see it would take long to grow. folded() gives the network without that.
    """

    def __init__(self, hidden: tuple[int, ...] = HIDDEN) -> None:
        super().__init__()
        self.net = module(hidden)
        scales, shifts = (torch.tensor(row, dtype=torch.float) for row in steepened())
        self.register_buffer("scales", scales, persistent=False)
        self.register_buffer("shifts", shifts, persistent=False)

    def forward(self, obs: Tensor) -> Tensor:
        servers = obs[..., :SEEN].unflatten(-1, (ALLOWED, FEATURES))
        return self.net(servers * self.scales + self.shifts).squeeze(-1)


class Central(nn.Module):
    """joint (N, agents, width + ALLOWED) -> values (N, agents, ALLOWED).

    What each action of each agent is worth to it, all others doing as in `joint`. The net takes
    what the agent observes, the action, how full it makes each of the four servers that the agent
    may use and the one it goes to, and how full it leaves all servers.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.register_buffer("capacities", torch.tensor(CAPACITIES, dtype=torch.float) / UNIT)
        self.register_buffer("actions", torch.eye(ALLOWED))
        self.net = mlp(COLUMNS + ALLOWED + ALLOWED + 5 + 3 * SERVERS, hidden, 1)

    def forward(self, joint: Tensor) -> Tensor:
        after, where = self.fullness(joint)
        used = (where * after).sum(dim=-1)
        now = joint[..., :SEEN].unflatten(-1, (ALLOWED, FEATURES))[..., MINE]
        over = (after > OVER).float()
        own = torch.stack(
            (_capped(used), _close(used), (used > OVER).float(), now, over.mean(dim=-1)), dim=-1
        )
        actions = self.actions.expand(*used.shape[:2], -1, -1)
        columns = (
            _each(joint[..., :COLUMNS]), actions, _each(_capped(used)), own,
            _capped(after), _close(after), over,
        )  # fmt: skip
        return self.net(torch.cat(columns, dim=-1)).squeeze(-1)

    def fullness(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loads that each action leaves, of capacities, and where it goes, one-hot.

        Both (N, agents, ALLOWED, SERVERS).
        """
        loads, before = self.sent(joint)
        where = _servers(joint)
        demand = joint[..., DEMAND_AT].unsqueeze(-1).unsqueeze(-1)
        others = (loads.unsqueeze(1) - before).unsqueeze(2)
        return (others + where * demand) / self.capacities, where

    def sent(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is sent to each server (N, servers), and each agent's part of it."""
        action = joint[..., -ALLOWED:].unsqueeze(-2)
        each = (action @ _servers(joint)).squeeze(-2) * joint[..., DEMAND_AT : DEMAND_AT + 1]
        return each.sum(dim=1), each


def _servers(joint: Tensor) -> Tensor:
    """Return the servers that agents may use, one-hot (N, agents, ALLOWED, SERVERS)."""
    allowed = joint[..., SERVERS_AT : SERVERS_AT + ALLOWED].long()
    return nn.functional.one_hot(allowed, SERVERS).float()


def _each(columns: Tensor) -> Tensor:
    """Return the same columns for each action."""
    return columns.unsqueeze(2).expand(-1, -1, ALLOWED, -1)


def _capped(full: Tensor) -> Tensor:
    return full.clamp(max=FULLNESS_MAX)


def _close(full: Tensor) -> Tensor:
    return ((full - 1.0) * CLOSE).clamp(-1.0, 1.0)
