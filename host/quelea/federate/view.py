"""What liars see before they speak: all that the honest are about to say."""

from dataclasses import dataclass

import numpy as np

from quelea.federate.models import Floats


@dataclass(frozen=True)
class View:
    """honest: (honest, size), what the honest say in this round. before: (size,), the mean of
    what they held before they trained. liars: how many speak. random: of the attack's own seed.
    strength: the attack's figure, None for its own.
    """

    honest: Floats
    before: Floats
    liars: int
    random: np.random.Generator
    strength: float | None = None

    @property
    def steps(self) -> Floats:
        """What the honest have moved since, (honest, size)."""
        return self.honest - self.before

    def by(self, usual: float) -> np.float32:
        """Return the strength, or what is usual."""
        return np.float32(usual if self.strength is None else self.strength)
