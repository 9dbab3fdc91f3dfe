"""What the learner asks of an environment, and what it can be told.

An environment is a batch of equal instances that are played side by side and begin and end
together. It knows nothing of the learner, the learner nothing of it.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError

Floats = NDArray[np.float32]
Actions = NDArray[np.int64]


class Spec(NamedTuple):
    """Sizes. obs, actions: of each agent; arrays are as wide as the widest, filled with zeros."""

    batch: int
    obs: tuple[int, ...]
    actions: tuple[int, ...]
    steps: int  # of an episode

    @property
    def agents(self) -> int:
        return len(self.obs)


class Turn(NamedTuple):
    """What a step gives: obs [batch, agents, widest] float32, rewards [batch, agents].

    terminated [batch]: the instance is over, nothing comes after it. truncated [batch]: the clock
    ended it, its value goes on. An instance that is over is not looked at again until reset.
    """

    obs: Floats
    rewards: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]


class Environment(Protocol):
    """A batch of instances; the same seed and actions give the same course, bit for bit."""

    @property
    def spec(self) -> Spec: ...

    def reset(self, seed: int) -> Floats:
        """Begin anew, all instances; return obs [batch, agents, widest]. seed: 0 .. 2^31 - 1."""

    def step(self, actions: Actions) -> Turn:
        """Take actions [batch, agents], each from 0 to that agent's number of actions - 1."""


@dataclass(frozen=True)
class Settings:
    """All that decides a run besides its environment and its seed.

    Names that end in _first and _last are a schedule, linear in the episodes played.
    """

    episodes: int = 20_000
    central: bool = True  # False: each critic sees its own agent only (independent DDPG)
    share: bool = False  # one actor and one critic for all agents
    critic: str = "flat"  # or "pooled": of the others it sees the mean of an embedding
    twin: bool = False  # two critics, the lower counts (Fujimoto et al., 2018)
    hidden: int = 64
    rate_first: float = 3e-3
    rate_last: float = 0.0
    actor_rate_scale: float = 1.0
    discount: float = 0.95
    returns_steps: int = 1  # rewards that are summed before the critic takes over
    reward_scale: float = 1.0
    soft: float = 0.01  # share of the way that a target goes at an update
    batch: int = 256
    updates: float = 1.0  # per episode played
    capacity: int = 100_000  # transitions kept
    warmup: int = 6400  # transitions before the first update
    clip: float = 0.5  # the longest gradient of one net
    logits_weight: float = 1e-3
    temperature_first: float = 1.0  # of the Gumbel-softmax
    temperature_last: float = 1.0
    explore_first: float = 0.3  # chance of an action drawn blindly
    explore_last: float = 0.0
    explore_until: float = 0.5  # share of the episodes after which explore_last holds
    chunk_steps: int = 0  # steps between updates; 0: the whole episode

    def check(self) -> None:
        """UserError for a value out of range."""
        for name, low, high in (
            ("episodes", 1, 10**8), ("hidden", 1, 4096), ("rate_first", 0.0, 1.0),
            ("rate_last", 0.0, 1.0), ("discount", 0.0, 1.0), ("returns_steps", 1, 1000),
            ("soft", 0.0, 1.0), ("batch", 1, 10**6), ("updates", 0.0, 10**4),
            ("capacity", 1, 10**8), ("warmup", 0, 10**8), ("explore_first", 0.0, 1.0),
            ("explore_last", 0.0, 1.0), ("temperature_first", 1e-3, 100.0),
            ("temperature_last", 1e-3, 100.0), ("chunk_steps", 0, 10**6),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise UserError(f"{value} is out of range", name, f"{low} to {high}")
        if self.critic not in ("flat", "pooled"):
            raise UserError(f"no critic is named {self.critic!r}", "critic", "flat or pooled")

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def read(cls, document: dict[str, Any]) -> "Settings":
        """Return it from a document; UserError for a name that it does not have."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            raise UserError(f"there is no setting {unknown[0]!r}", "", ", ".join(sorted(known)))
        settings = cls(**document)
        settings.check()
        return settings
