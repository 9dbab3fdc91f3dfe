# mypy: allow-subclassing-any
"""Actors and critics, and the draw of a discrete action that a gradient passes through.

A feature of agent j is its observation and its action, one-hot, side by side. A critic of a group
of agents is a module `forward(joint, own)` of [N, agents, features] and [N, group, features] that
returns [N, group]: the value of `own` to each agent of the group, the others doing as in `joint`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from quelea.learn.maddpg.seam import Settings, Spec

ActorFactory = Callable[[Spec, int], Any]
CriticFactory = Callable[[Spec, Sequence[int]], Any]
Tensor = Any


def mlp(inputs: int, hidden: int, outputs: int) -> Any:
    """Return a net with two hidden layers and ReLU."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
        nn.Linear(hidden, outputs),
    )  # fmt: skip


def actor(settings: Settings) -> ActorFactory:
    """Return a factory of plain actors: observation [.., obs] -> logits [.., actions]."""
    return lambda spec, agent: mlp(spec.obs[agent], settings.hidden, spec.actions[agent])


def critic(settings: Settings) -> CriticFactory:
    """Return the factory of the critic that the settings name."""
    if not settings.central:
        return lambda spec, group: Blind(spec, settings.hidden)
    kind = Pooled if settings.critic == "pooled" else Flat
    return lambda spec, group: kind(spec, group, settings.hidden)


def features(spec: Spec) -> int:
    """Return the width of a feature."""
    return max(spec.obs) + max(spec.actions)


class Flat(nn.Module):
    """Own feature first, then those of the others in turn, all at once."""

    def __init__(self, spec: Spec, group: Sequence[int], hidden: int) -> None:
        super().__init__()
        agents = range(spec.agents)
        self.others = torch.tensor([[(i + k) % spec.agents for k in agents[1:]] for i in group])
        self.net = mlp(spec.agents * features(spec), hidden, 1)

    def forward(self, joint: Tensor, own: Tensor) -> Tensor:
        chosen = joint.index_select(1, self.others.flatten())
        others = chosen.view(len(joint), len(self.others), -1)
        return self.net(torch.cat((own, others), dim=-1)).squeeze(-1)


class Pooled(nn.Module):
    """Own feature, and the mean of an embedding of the others: for many agents of one kind."""

    def __init__(self, spec: Spec, group: Sequence[int], hidden: int) -> None:
        super().__init__()
        self.group = list(group)
        self.embed = nn.Sequential(nn.Linear(features(spec), hidden), nn.ReLU())
        self.net = mlp(features(spec) + hidden, hidden, 1)

    def forward(self, joint: Tensor, own: Tensor) -> Tensor:
        embedded = self.embed(joint)
        others = embedded.sum(dim=1, keepdim=True) - embedded[:, self.group]
        others = others / max(1, joint.shape[1] - 1)
        return self.net(torch.cat((own, others), dim=-1)).squeeze(-1)


class Blind(nn.Module):
    """Own feature only: what makes of MADDPG as many independent DDPG."""

    def __init__(self, spec: Spec, hidden: int) -> None:
        super().__init__()
        self.net = mlp(features(spec), hidden, 1)

    def forward(self, joint: Tensor, own: Tensor) -> Tensor:
        return self.net(own).squeeze(-1)


class Pair(nn.Module):
    """Two critics side by side: values [2, N, group]."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self.one, self.two = make(), make()

    def forward(self, joint: Tensor, own: Tensor) -> Tensor:
        return torch.stack((self.one(joint, own), self.two(joint, own)))


def gumbel(like: Tensor, generator: Any) -> Tensor:
    """Return Gumbel noise of the shape of a tensor."""
    uniform = torch.rand(like.shape, generator=generator).clamp_min_(1e-12)
    return uniform.log_().neg_().log_().neg_()


def straight_through(logits: Tensor, temperature: float, generator: Any) -> Tensor:
    """Return a one-hot draw whose gradient is that of the Gumbel-softmax (Jang et al., 2017)."""
    soft = torch.softmax((logits + gumbel(logits, generator)) / temperature, dim=-1)
    hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(dim=-1, keepdim=True), 1.0)
    return hard - soft.detach() + soft


class Together:
    """The parameters of several nets as one vector, and one Adam for all of them.

    A net of this size is a dozen small tensors; an optimiser that visits each of them takes as
    long as the rest of an update.
    """

    def __init__(self, modules: Any, rate: float) -> None:
        self.spans: list[slice] = []
        parts = [list(net.parameters()) for net in modules]
        begin = 0
        for net in parts:
            self.spans.append(slice(begin, begin + sum(part.numel() for part in net)))
            begin = self.spans[-1].stop
        self.vector = torch.cat([part.detach().flatten() for net in parts for part in net])
        self.slope = torch.zeros_like(self.vector)
        begin = 0
        for part in (part for net in parts for part in net):
            end = begin + part.numel()
            part.data = self.vector[begin:end].view_as(part)
            part.grad = self.slope[begin:end].view_as(part)
            begin = end
        whole = nn.Parameter(self.vector)
        whole.grad = self.slope
        self.adam = torch.optim.Adam([whole], lr=rate, foreach=False)

    def step(self, loss: Tensor, rate: float, longest: float) -> None:
        """Go down the slope of a loss; that of each net is cut to a length."""
        self.slope.zero_()
        loss.backward()
        for span in self.spans:
            part = self.slope[span]
            part *= (longest / (part.norm() + 1e-6)).clamp(max=1.0)
        self.adam.param_groups[0]["lr"] = rate
        self.adam.step()


def flat(modules: Any) -> Tensor:
    """Return the parameters of frozen nets as one vector that they are views of."""
    parts = list(modules.parameters())
    vector = torch.cat([part.detach().flatten() for part in parts])
    begin = 0
    for part in parts:
        part.data = vector[begin : begin + part.numel()].view_as(part)
        begin += part.numel()
    return vector
