"""The story's fifty agents with spikes in place of draws: goodput and messages, on its instances.

Migrate or stay is the race of `race.py`; throttling is the servers' grants, as in the story.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from quelea.spiking import race
from quelea.story.course import Mode, Phase
from quelea.story.trials import ROUNDS, Figures, Trial, measure

RHOS = (0.97, 1.2)
MODES = (
    ("patient, always speaking", Mode("patient", throttled=True, checked=True)),
    ("patient, speaking of news", Mode("patient", throttled=True, checked=True, adaptive=True)),
    ("spiking, speaking of news", Mode(race.NAME, throttled=True, checked=True, adaptive=True)),
)


@dataclass(frozen=True)
class Row:
    """Means over the seeds, last 100 rounds. goodput, worst: of the optimum; messages: a round."""

    name: str
    rho: float
    goodput: float
    worst: float
    messages: float
    stay_rounds: float
    fairness: float


def one(job: tuple[Mode, float, int]) -> Figures:
    """Run one seed."""
    mode, rho, seed = job
    race.register()
    return measure(Trial("", rho, (Phase("", ROUNDS, mode),)), seed)


def rows(seeds: Sequence[int], say: Callable[[str], None]) -> list[Row]:
    """Run all modes on all seeds, on two processes."""
    found = []
    with ProcessPoolExecutor(2) as pool:
        for rho in RHOS:
            for name, mode in MODES:
                ran = list(pool.map(one, [(mode, rho, seed) for seed in seeds]))
                row = Row(
                    name, rho, float(np.mean([f.last for f in ran])), min(f.last for f in ran),
                    float(np.mean([f.messages for f in ran])),
                    float(np.median([f.stay for f in ran])),
                    float(np.mean([f.fairness for f in ran])),
                )  # fmt: skip
                say(
                    f"  rho {rho:<4} {name:<26} {row.goodput:.4f} of the optimum, worst seed "
                    f"{row.worst:.4f}; {row.messages:.3f} messages an agent and round"
                )
                found.append(row)
    return found
