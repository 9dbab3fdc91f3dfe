# mypy: allow-subclassing-any
"""Nets of the story: an actor that scores servers one by one, and a critic that sees all loads.

The actor is what a board runs: one small network, the same for every server of every agent. The
critic is used in training only. It is central: it adds up what all agents' actions send to each
server, and so knows how full each would be after everybody has acted.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from quelea.learn.cloned import HIDDEN, module, net_of
from quelea.learn.env_world import ALLOWED, COLUMNS, SEEN
from quelea.learn.features import FEATURES, NAMES
from quelea.learn.maddpg.learner import Learner
from quelea.learn.maddpg.nets import gumbel, mlp
from quelea.learn.maddpg.seam import Actions, Floats, Settings, Spec
from quelea.learn.quantised import Net
from quelea.learn.story_game import DEMAND_AT, SERVERS_AT, UNIT
from quelea.story.setting import CAPACITIES

Tensor = Any
MINE = NAMES.index("mine")
FULLNESS_MAX = 3.0


class Scorer(nn.Module):
    """Observations (..., width) -> logits (..., ALLOWED)."""

    def __init__(self, hidden: tuple[int, ...] = HIDDEN) -> None:
        super().__init__()
        self.net = module(hidden)

    def forward(self, obs: Tensor) -> Tensor:
        servers = obs[..., :SEEN].unflatten(-1, (ALLOWED, FEATURES))
        return self.net(servers).squeeze(-1)


class Central(nn.Module):
    """joint (N, agents, width + ALLOWED), own (N, group, the same) -> values (N, group)."""

    def __init__(self, group: Sequence[int], hidden: int) -> None:
        super().__init__()
        self.group = list(group)
        self.register_buffer("capacities", torch.tensor(CAPACITIES, dtype=torch.float) / UNIT)
        servers = len(CAPACITIES)
        inputs = COLUMNS + ALLOWED + ALLOWED + 2 + servers
        self.net = mlp(inputs, hidden, 1)

    def forward(self, joint: Tensor, own: Tensor) -> Tensor:
        loads, before = self.sent(joint)
        where = nn.functional.one_hot(
            own[..., SERVERS_AT : SERVERS_AT + ALLOWED].long(), len(CAPACITIES)
        ).float()
        demand = own[..., DEMAND_AT : DEMAND_AT + 1]
        others = loads.unsqueeze(1) - before[:, self.group]
        full = (where @ ((others + demand) / self.capacities).unsqueeze(-1)).squeeze(-1)
        full = full.clamp(max=FULLNESS_MAX)
        action = own[..., -ALLOWED:]
        used = (full * action).sum(dim=-1, keepdim=True)
        now = own[..., :SEEN].unflatten(-1, (ALLOWED, FEATURES))[..., MINE]
        stays = (now * action).sum(dim=-1, keepdim=True)
        fleet = (loads / self.capacities).clamp(max=FULLNESS_MAX).unsqueeze(1)
        fleet = fleet.expand(-1, len(self.group), -1)
        features = torch.cat((own[..., :COLUMNS], action, full, used, stays, fleet), dim=-1)
        return self.net(features).squeeze(-1)

    def sent(self, joint: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is sent to each server (N, servers), and each agent's part of it."""
        where = nn.functional.one_hot(
            joint[..., SERVERS_AT : SERVERS_AT + ALLOWED].long(), len(CAPACITIES)
        ).float()
        action = joint[..., -ALLOWED:].unsqueeze(-2)
        each = (action @ where).squeeze(-2) * joint[..., DEMAND_AT : DEMAND_AT + 1]
        return each.sum(dim=1), each


class Drawing(Learner):
    """A learner whose policy is judged by draws, as it is used: the likeliest would be a herd."""

    def __init__(self, spec: Spec, settings: Settings, seed: int) -> None:
        super().__init__(spec, settings, seed, actor, critic(settings))
        self._judging = torch.Generator().manual_seed(seed)

    def best(self, obs: Floats) -> Actions:
        """Return actions [batch, agents] of the slowly following actors, drawn by their chances.

        From a stream of its own, so that judging in between changes nothing.
        """
        with torch.no_grad():
            logits = self.logits(torch.from_numpy(obs), self.target_actors)
            chosen = (logits + gumbel(logits, self._judging)).argmax(dim=-1)
        return chosen.numpy()  # type: ignore[no-any-return]

    @property
    def net(self) -> Net:
        """Return the policy's network in floats, as it is exported."""
        return net_of(self.target_actors[0].net)


def actor(spec: Spec, agent: int) -> Any:
    """Return the actor, as the learner asks for it."""
    return Scorer()


def critic(settings: Settings) -> Any:
    """Return the factory of the critic."""
    return lambda spec, group: Central(group, settings.hidden)
