"""Figures of Byzantine agreement: one protocol, one adversary, the coin exchanged."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from quelea.quantum import benor, figures, theory
from quelea.quantum.classical import DealtCoin, OpenTickets, OwnCoins, SeedCoin
from quelea.quantum.entangled import BlindTickets, Entangled, LyingDealer, StoredShares
from quelea.quantum.figures import Figure
from quelea.quantum.interface import Coin
from quelea.quantum.noise import Noise
from quelea.quantum.setting import Setting

NODES, FAULTS = 11, 2
STALL_ROUNDS = 100  # without a decision: called stalled
SECTION = "agreement"
Make = Callable[[np.random.Generator], Coin]


def rounds(
    setting: Setting, name: str, mean_rounds: float, make: Make, runs: int,
    nodes: int = NODES, faults: int = FAULTS,
) -> Iterator[Figure]:  # fmt: skip
    """Yield the mean coin rounds of a coin, and that every run ended, in agreement."""
    bad = []

    def draw(count: int, random: np.random.Generator) -> NDArray[np.float64]:
        ran = benor.agree(make(random), nodes, faults, count)
        bad.append(int((ran.broken | ~ran.decided).sum()))
        return ran.tosses.astype(float)

    text = f"{name}, n={nodes}, f={faults}"
    yield figures.mean(SECTION, text, mean_rounds, draw, runs, setting.seed, "rounds").on(
        name, nodes
    )
    yield figures.exact(
        SECTION, f"{text}: runs undecided or split", sum(bad), 0, runs, "=", "runs"
    )


def stalled(setting: Setting, name: str, make: Make) -> Iterator[Figure]:
    """Yield how many runs a coin decided that the liars know or make: none, and none wrongly."""
    runs = min(setting.runs, 200)
    random = figures.stream(setting.seed, SECTION, name)
    ran = benor.agree(make(random), NODES, FAULTS, runs, STALL_ROUNDS)
    text = f"{name}: decided in {STALL_ROUNDS} rounds"
    yield figures.exact(SECTION, text, int(ran.decided.sum()), 0, runs, "=", "runs")
    yield figures.exact(SECTION, f"{name}: split", int(ran.broken.sum()), 0, runs, "=", "runs")


def agreement(setting: Setting) -> Iterator[Figure]:
    """Coin rounds to agree, by coin; the decision falls in the round after the last of them."""
    many = 5 * setting.runs  # short runs
    tossing = tuple(range(1, NODES - FAULTS))
    drops = theory.worst_drops(NODES, FAULTS, tossing)
    blind = 1 / theory.blind_match(NODES, FAULTS, tossing, *drops)
    yield from rounds(setting, "own coins", theory.local_rounds(5), OwnCoins, many, 6, 1)
    own = theory.local_rounds(NODES - FAULTS)
    yield from rounds(setting, "own coins", own, OwnCoins, setting.runs)
    yield from rounds(setting, "dealt coin", 2, DealtCoin, 5 * many)
    yield from rounds(setting, "open tickets", 2.0 ** (FAULTS + 1), OpenTickets, many)
    yield from rounds(setting, "GHZ, trusted source", 2, Entangled, 5 * many)
    yield from rounds(setting, "blind tickets", blind, BlindTickets, setting.runs)
    for p in setting.depolarise:
        noise = Noise(depolarise=p)
        mean_rounds = theory.shared_rounds(noise.transfer(), len(tossing))
        yield from rounds(
            setting, f"GHZ, depolarising {p:g}", mean_rounds,
            partial(Entangled, noise=noise), setting.runs,
        )  # fmt: skip
    yield from stalled(setting, "shared seed, liars have it", SeedCoin)
    yield from stalled(setting, "GHZ shares stored, liars read theirs", StoredShares)
    yield from stalled(setting, "blind tickets, a dealer lies", LyingDealer)
