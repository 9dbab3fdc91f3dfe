"""What a run of the study is given."""

from __future__ import annotations

from dataclasses import dataclass

from quelea.errors import UserError
from quelea.quantum.noise import Noise

SHOTS_MIN, SHOTS_MAX = 200, 1_000_000
RUNS_MIN, RUNS_MAX = 50, 100_000
SEED_MAX = 2**31 - 1


@dataclass(frozen=True)
class Setting:
    """shots: of each probability. runs: of each mean. depolarise, wait, t2, readout: see Noise.

    depolarise and wait are lists: each value is a point of its own, the others at rest.
    """

    seed: int = 1
    shots: int = 4000
    runs: int = 400
    depolarise: tuple[float, ...] = (0.001, 0.01, 0.05, 0.1)
    wait: tuple[float, ...] = (0.05, 0.2, 0.5)
    t2: float = 1.0
    readout: float = 0.0

    def __post_init__(self) -> None:
        for flag, value, smallest, largest in (
            ("--seed", self.seed, 0, SEED_MAX),
            ("--shots", self.shots, SHOTS_MIN, SHOTS_MAX),
            ("--runs", self.runs, RUNS_MIN, RUNS_MAX),
        ):
            if not smallest <= value <= largest:
                raise UserError(f"{value} is out of range", flag, f"{smallest} to {largest}")
        self.noises()

    def calm(self) -> Noise:
        """Return the noise of a perfect source and channel: only wrong readings, if asked for."""
        return Noise(readout=self.readout)

    def noises(self) -> list[tuple[str, float, Noise]]:
        """Return (curve, place on it, noise) of every point."""
        points = [
            ("depolarising", value, Noise(depolarise=value, readout=self.readout))
            for value in self.depolarise
        ]
        return points + [
            ("waiting", value, Noise(wait=value, t2=self.t2, readout=self.readout))
            for value in self.wait
        ]
