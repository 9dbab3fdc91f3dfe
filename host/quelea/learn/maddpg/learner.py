"""The learner: actors, critics, their targets, and one update of all of them."""

import copy
from typing import Any

import numpy as np
import torch

from quelea.learn.maddpg import nets
from quelea.learn.maddpg.replay import Sample
from quelea.learn.maddpg.seam import Actions, Floats, Settings, Spec

NEVER = -1e9  # logit of an action that an agent does not have


class Learner:
    """Knows sizes and settings, no environment. The same seed and rows give the same bits.

    Actor i sees what agent i observes; critic i sees what all observe and do, and is used only to
    train. With `share` there is one of each, for agents of one kind.
    """

    def __init__(
        self, spec: Spec, settings: Settings, seed: int,
        actor_factory: nets.ActorFactory | None = None,
        critic_factory: nets.CriticFactory | None = None,
    ) -> None:  # fmt: skip
        if settings.share and (len(set(spec.obs)) > 1 or len(set(spec.actions)) > 1):
            raise ValueError("agents of different sizes cannot share their parameters")
        self.spec, self.settings = spec, settings
        self.generator = torch.Generator().manual_seed(seed)
        make_actor = actor_factory or nets.actor(settings)
        make_critic = critic_factory or nets.critic(settings)
        agents = range(spec.agents)
        self.groups = [list(agents)] if settings.share else [[agent] for agent in agents]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actors = torch.nn.ModuleList(make_actor(spec, g[0]) for g in self.groups)
            self.critics = torch.nn.ModuleList(
                nets.Pair(lambda g=g: make_critic(spec, g))  # type: ignore[misc]
                if settings.twin
                else make_critic(spec, g)
                for g in self.groups
            )
        self.target_actors = _frozen(self.actors)
        self.target_critics = _frozen(self.critics)
        self.actor_step = nets.Together(self.actors, settings.rate_first)
        self.critic_step = nets.Together(self.critics, settings.rate_first)
        self.target_actor, self.target_critic = (
            nets.flat(modules) for modules in (self.target_actors, self.target_critics)
        )
        self.rate = settings.rate_first
        self.temperature = settings.temperature_first
        widest = max(spec.actions)
        self.missing = torch.tensor([[k >= n for k in range(widest)] for n in spec.actions])

    # -- acting ------------------------------------------------------------------------------
    def act(self, obs: Floats, explore: float, target: bool = False) -> Actions:
        """Return actions [batch, agents]: drawn by the policy, blindly with chance `explore`.

        target: by the slowly following actors, whose mean over time is what is evaluated.
        """
        with torch.no_grad():
            logits = self.logits(torch.from_numpy(obs), self.target_actors if target else None)
            blind = torch.rand(logits.shape[:-1], generator=self.generator) < explore
            flat = torch.where(self.missing, NEVER, torch.zeros_like(logits))
            logits = torch.where(blind.unsqueeze(-1), flat, logits)
            noisy = logits + nets.gumbel(logits, self.generator)
        return noisy.argmax(dim=-1).numpy()  # type: ignore[no-any-return]

    def best(self, obs: Floats) -> Actions:
        """Return the likeliest actions [batch, agents] of the slowly following actors."""
        with torch.no_grad():
            logits = self.logits(torch.from_numpy(obs), self.target_actors)
        return logits.argmax(dim=-1).numpy()  # type: ignore[no-any-return]

    def logits(self, obs: Any, actors: Any = None) -> Any:
        """Return logits [N, agents, widest], NEVER for actions that an agent does not have."""
        actors = self.actors if actors is None else actors
        if self.settings.share:
            return actors[0](obs[..., : self.spec.obs[0]])
        widest = max(self.spec.actions)
        columns = []
        for agent, net in enumerate(actors):
            column = net(obs[:, agent, : self.spec.obs[agent]])
            lacking = widest - self.spec.actions[agent]
            columns.append(torch.nn.functional.pad(column, (0, lacking), value=NEVER))
        return torch.stack(columns, dim=1)

    # -- learning ----------------------------------------------------------------------------
    def schedule(self, done: float) -> None:
        """Set rates and temperature for a share `done` of the episodes, 0 to 1."""
        s = self.settings
        self.rate = s.rate_first + (s.rate_last - s.rate_first) * done
        self.temperature = s.temperature_first + (s.temperature_last - s.temperature_first) * done

    def update(self, sample: Sample) -> dict[str, float]:
        """Take one step with all critics, then with all actors, then let the targets follow."""
        obs, nexts = torch.from_numpy(sample.obs), torch.from_numpy(sample.nexts)
        taken = torch.nn.functional.one_hot(
            torch.from_numpy(sample.actions), max(self.spec.actions)
        ).float()
        joint = torch.cat((obs, taken), dim=-1)
        wanted = self.wanted(sample, nexts)
        critic_loss = self._critic_step(joint, wanted)
        actor_loss = self._actor_step(obs, joint)
        with torch.no_grad():
            self.target_actor.lerp_(self.actor_step.vector, self.settings.soft)
            self.target_critic.lerp_(self.critic_step.vector, self.settings.soft)
        return {"critic": critic_loss, "actor": actor_loss}

    def wanted(self, sample: Sample, nexts: Any) -> Any:
        """Return what the critics should say [N, agents]: rewards, then the targets' word."""
        with torch.no_grad():
            logits = self.logits(nexts, self.target_actors)
            after = nets.straight_through(logits, self.temperature, self.generator)
            value = self._values(self.target_critics, torch.cat((nexts, after), dim=-1))
            if self.settings.twin:
                value = value.min(dim=0).values
            rewards = torch.from_numpy(sample.rewards) * self.settings.reward_scale
            return rewards + torch.from_numpy(sample.keep).unsqueeze(-1) * value

    def _critic_step(self, joint: Any, wanted: Any) -> float:
        loss = (self._values(self.critics, joint) - wanted).square().mean(dim=-2).sum()
        self.critic_step.step(loss, self.rate, self.settings.clip)
        return float(loss.detach())

    def _actor_step(self, obs: Any, joint: Any) -> float:
        """Raise the value of each agent's own action; the others do what they did."""
        logits = self.logits(obs)
        chosen = nets.straight_through(logits, self.temperature, self.generator)
        own = torch.cat((obs, chosen), dim=-1)
        self.critics.requires_grad_(False)
        value = self._values(self.critics, joint, own)
        self.critics.requires_grad_(True)
        if self.settings.twin:
            value = value[0]
        size = logits.masked_fill(self.missing, 0.0).square().mean(dim=-1)
        loss = (self.settings.logits_weight * size - value).mean(dim=0).sum()
        rate = self.rate * self.settings.actor_rate_scale
        self.actor_step.step(loss, rate, self.settings.clip)
        return float(loss.detach())

    def _values(self, critics: Any, joint: Any, own: Any = None) -> Any:
        own = joint if own is None else own
        if self.settings.share:
            return critics[0](joint, own)
        columns = [net(joint, own[:, k : k + 1]) for k, net in enumerate(critics)]
        return torch.cat(columns, dim=-1)

    # -- state -------------------------------------------------------------------------------
    NETS = ("actors", "critics", "target_actors", "target_critics")
    STEPS = ("actor_step", "critic_step")

    def state(self) -> dict[str, Any]:
        """Return all that a continuation needs."""
        parts = {name: getattr(self, name).state_dict() for name in self.NETS}
        parts |= {name: getattr(self, name).adam.state_dict() for name in self.STEPS}
        return copy.deepcopy(parts) | {"generator": self.generator.get_state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what state() returned."""
        for name in self.NETS:
            getattr(self, name).load_state_dict(state[name])
        for name in self.STEPS:
            getattr(self, name).adam.load_state_dict(state[name])
        self.generator.set_state(state["generator"])

    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the evaluated actors' parameters by name, float32."""
        return {
            name: part.numpy().copy() for name, part in self.target_actors.state_dict().items()
        }


def _frozen(modules: Any) -> Any:
    twin = copy.deepcopy(modules)
    return twin.requires_grad_(False)
