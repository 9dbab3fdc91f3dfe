# mypy: disable-error-code="no-any-return"
"""The learner of the story: actor and critic with the gradient over all of an agent's actions.

An agent has four actions, so nothing has to be drawn to learn from: the critic says what each of
them is worth, the others doing as they did, and the actor's chances go to what is worth more than
its mean (Foerster et al., 2018). Its entropy counts for something, in the end next to nothing:
agents that still move by chance when all is well are what keeps servers asked for too much.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from quelea.errors import UserError
from quelea.learn.cloned import net_of
from quelea.learn.env_world import ALLOWED
from quelea.learn.maddpg.learner import Learner
from quelea.learn.maddpg.nets import gumbel
from quelea.learn.maddpg.replay import Sample
from quelea.learn.maddpg.seam import Actions, Floats, Settings, Spec
from quelea.learn.quantised import Net
from quelea.learn.story_game import folded
from quelea.learn.story_nets import Central, Scorer

ENTROPY_FIRST, ENTROPY_LAST = 0.1, 0.002  # what a nat is worth; falls by equal factors
ENTROPY_UNTIL = 0.5  # share of the episodes after which the last holds


class Drawing(Learner):
    """A learner whose policy is judged by draws, as it is used: the likeliest would be a herd.

    UserError for settings that it has no use for.
    """

    def __init__(self, spec: Spec, settings: Settings, seed: int) -> None:
        for name, wanted in (("share", True), ("central", True), ("twin", False)):
            if getattr(settings, name) is not wanted:
                raise UserError(
                    f"the story is not trained with {name}={str(not wanted).lower()}",
                    f"--set {name}",
                )  # fmt: skip
        super().__init__(
            spec, settings, seed,
            lambda spec, agent: Scorer(), lambda spec, group: Central(settings.hidden),
        )  # fmt: skip
        self.entropy_worth = ENTROPY_FIRST
        self._judging = torch.Generator().manual_seed(seed)

    def best(self, obs: Floats) -> Actions:
        """Return actions [batch, agents] of the slowly following actors, drawn by their chances.

        From a stream of its own, so that judging in between changes nothing.
        """
        with torch.no_grad():
            logits = self.logits(torch.from_numpy(obs), self.target_actors)
            return (logits + gumbel(logits, self._judging)).argmax(dim=-1).numpy()

    # -- learning ----------------------------------------------------------------------------
    def schedule(self, done: float) -> None:
        """Set rates and the worth of entropy for a share `done` of the episodes, 0 to 1."""
        super().schedule(done)
        part = min(1.0, done / ENTROPY_UNTIL)
        self.entropy_worth = ENTROPY_FIRST * (ENTROPY_LAST / ENTROPY_FIRST) ** part

    def update(self, sample: Sample) -> dict[str, float]:
        """Take one step with the critic, then with the actor, then let the targets follow."""
        obs, nexts = torch.from_numpy(sample.obs), torch.from_numpy(sample.nexts)
        actions = torch.from_numpy(sample.actions)
        wanted = self.wanted(sample, nexts)
        values = self.critics[0](_joint(obs, actions))
        said = values.gather(-1, actions.unsqueeze(-1)).squeeze(-1)
        critic_loss = (said - wanted).square().mean(dim=0).sum()
        self.critic_step.step(critic_loss, self.rate, self.settings.clip)
        actor_loss = self.actor_loss(self.logits(obs), values.detach())
        rate = self.rate * self.settings.actor_rate_scale
        self.actor_step.step(actor_loss, rate, self.settings.clip)
        with torch.no_grad():
            self.target_actor.lerp_(self.actor_step.vector, self.settings.soft)
            self.target_critic.lerp_(self.critic_step.vector, self.settings.soft)
        return {"critic": float(critic_loss.detach()), "actor": float(actor_loss.detach())}

    def wanted(self, sample: Sample, nexts: Any) -> Any:
        """Return what the critic should say [N, agents]: rewards, then the targets' word.

        That is the mean over an agent's own next action, with one draw of all others'.
        """
        with torch.no_grad():
            logits = self.logits(nexts, self.target_actors)
            drawn = (logits + gumbel(logits, self.generator)).argmax(dim=-1)
            values = self.target_critics[0](_joint(nexts, drawn))
            value = (torch.softmax(logits, dim=-1) * values).sum(dim=-1)
            rewards = torch.from_numpy(sample.rewards) * self.settings.reward_scale
            return rewards + torch.from_numpy(sample.keep).unsqueeze(-1) * value

    def actor_loss(self, logits: Any, values: Any) -> Any:
        """Return it, for logits and values of all actions [N, agents, ALLOWED]."""
        log_chances = torch.log_softmax(logits, dim=-1)
        chances = log_chances.exp()
        mean = (chances.detach() * values).sum(dim=-1, keepdim=True)
        gained = (chances * (values - mean)).sum(dim=-1)
        entropy = -(chances * log_chances).sum(dim=-1)
        spread = (logits - logits.mean(dim=-1, keepdim=True)).square().mean(dim=-1)
        loss = self.settings.logits_weight * spread - gained - self.entropy_worth * entropy
        return loss.mean(dim=0).sum()

    # -- what it leaves ----------------------------------------------------------------------
    @property
    def net(self) -> Net:
        """Return the policy's network in floats, as it is exported."""
        return folded(net_of(self.target_actors[0].net))

    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the same by the names of the actor's parameters, float32."""
        found = {}
        for turn, (weights, biases) in enumerate(self.net):
            found[f"0.net.{2 * turn}.weight"] = weights.T.astype(np.float32)
            found[f"0.net.{2 * turn}.bias"] = biases.astype(np.float32)
        return found


def _joint(obs: Any, actions: Any) -> Any:
    """Return observations with actions, one-hot, side by side."""
    return torch.cat((obs, nn.functional.one_hot(actions, ALLOWED).float()), dim=-1)
