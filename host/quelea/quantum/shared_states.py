"""Figures of shared randomness (GHZ), of leader election (W), and of what nobody can signal."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from quelea.quantum import figures, resources, theory
from quelea.quantum.classical import OwnCoins
from quelea.quantum.entangled import Entangled
from quelea.quantum.figures import Figure
from quelea.quantum.interface import UNDECIDED, QuantumConsensus
from quelea.quantum.noise import Noise, measure
from quelea.quantum.setting import Setting
from quelea.quantum.state import States, X, bits, measured_in, rotation_y

SIZES = (2, 4, 8, 12)  # without noise
NOISY_SIZES = (4, 8)
SIGNAL_NODES = 4
Hits = NDArray[np.float64]


def agreeing(nodes: int, noise: Noise, shots: int, random: np.random.Generator) -> Hits:
    """Return 1 where all readings of a GHZ state are alike."""
    ones = Entangled(random, noise).shares(shots, nodes).sum(axis=1)
    return np.where((ones == 0) | (ones == nodes), 1.0, 0.0)


def first_bit(nodes: int, noise: Noise, shots: int, random: np.random.Generator) -> Hits:
    """Return what the first node reads."""
    return Entangled(random, noise).shares(shots, nodes)[:, 0].astype(float)


def even(nodes: int, noise: Noise, shots: int, random: np.random.Generator) -> Hits:
    """Return 1 where a GHZ state read in X has an even number of ones."""
    outcomes = measure(resources.ghz(nodes), noise, shots, random, "X" * nodes)
    return np.where(bits(outcomes, nodes).sum(axis=1) % 2 == 0, 1.0, 0.0)


def randomness(setting: Setting) -> Iterator[Figure]:
    """GHZ: do all nodes read one bit, is it fair, and is the state still entangled?"""
    make = partial(figures.probability, "randomness", shots=setting.shots, seed=setting.seed)
    calm = setting.calm()
    for nodes in SIZES:
        chance = theory.agree(calm.transfer(), nodes)
        yield make(f"all agree, n={nodes}", chance, partial(agreeing, nodes, calm))
        yield make(f"bit of node 1, n={nodes}", 0.5, partial(first_bit, nodes, calm))
    for curve, at, noise in setting.noises():
        for nodes in NOISY_SIZES:
            text = f"{curve} {at:g}, n={nodes}"
            chance = theory.agree(noise.transfer(), nodes)
            yield make(f"all agree, {text}", chance, partial(agreeing, nodes, noise)).on(
                f"{curve}, agree, n={nodes}", at
            )
            chance = theory.even_parity(noise.coherence(), nodes)
            yield make(f"even parity in X, {text}", chance, partial(even, nodes, noise)).on(
                f"{curve}, parity, n={nodes}", at
            )


def elected(
    nodes: int, noise: Noise | None, shots: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return the leaders of an election by W states, or with None by the nodes' own coins."""
    side: QuantumConsensus = OwnCoins(random) if noise is None else Entangled(random, noise)
    return side.elect(shots, nodes)


def alone(nodes: int, noise: Noise | None, shots: int, random: np.random.Generator) -> Hits:
    """Return 1 where exactly one node came forward."""
    return np.where(elected(nodes, noise, shots, random) != UNDECIDED, 1.0, 0.0)


def wins(nodes: int, noise: Noise, shots: int, random: np.random.Generator) -> Hits:
    """Return how often each node led."""
    leaders = elected(nodes, noise, shots, random)
    counts = np.bincount(leaders[leaders != UNDECIDED], minlength=nodes)
    return counts.astype(float)


def election(setting: Setting) -> Iterator[Figure]:
    """W: exactly one leader, all with the same chance; beside it equals that draw alone."""
    make = partial(figures.probability, "election", shots=setting.shots, seed=setting.seed)
    calm = setting.calm()
    for nodes in SIZES:
        chance = theory.one_leader(calm.transfer(), nodes)
        yield make(f"W, one leader, n={nodes}", chance, partial(alone, nodes, calm)).on("W", nodes)
        chance = theory.classical_election(nodes)
        yield make(f"own coins, one leader, n={nodes}", chance, partial(alone, nodes, None)).on(
            "own coins", nodes
        )
        yield figures.uniform(
            "election", f"W, equal chances, n={nodes}", partial(wins, nodes, calm),
            setting.shots, setting.seed,
        )  # fmt: skip
    for curve, at, noise in setting.noises():
        for nodes in NOISY_SIZES:
            chance = theory.one_leader(noise.transfer(), nodes)
            name = f"W, one leader, {curve} {at:g}, n={nodes}"
            yield make(name, chance, partial(alone, nodes, noise)).on(f"{curve}, n={nodes}", at)


# What the others may do before node 1 reads: the basis of each, and a turn of each by an angle.
OTHERS = (("ZZZ", 0.0), ("XXX", 0.0), ("YYY", 0.0), ("XYZ", 0.0), ("ZZZ", 1.0), ("XZX", 2.5))


def reading(
    kind: str, basis: str, other: tuple[str, float], wire: bool, shots: int,
    random: np.random.Generator,
) -> NDArray[np.int8]:  # fmt: skip
    """Return what node 1 reads. wire: the others also act on its qubit, which is a message."""
    states: States = resources.ghz(SIGNAL_NODES) if kind == "GHZ" else resources.w(SIGNAL_NODES)
    bases, angle = other
    for node in range(1, SIGNAL_NODES):
        states.gate(rotation_y(angle), node)
    if wire and bases[0] == "X":
        states.gate(X, 0, control=1)
    measured_in(states, basis + bases)
    return bits(states.sample(random, shots), SIGNAL_NODES)[:, 0]


def table(
    kind: str, basis: str, wire: bool, shots: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return how often node 1 read 0 and 1 under each choice of the others."""
    rows = []
    for other in OTHERS:
        ones = int(reading(kind, basis, other, wire, shots, random).sum())
        rows.append([shots - ones, ones])
    return np.array(rows, float)


def signalling(setting: Setting) -> Iterator[Figure]:
    """Node 1's readings do not depend on what the others measure; a planted message is found."""
    for kind, one in (("GHZ", 0.5), ("W", 1 / SIGNAL_NODES)):
        for basis in "XYZ":
            yield figures.independent(
                "signalling", f"{kind}, node 1 in {basis}, by the others' choice",
                partial(table, kind, basis, False), setting.shots, setting.seed,
            )  # fmt: skip
            chance = one if basis == "Z" else 0.5

            def read(
                shots: int, random: np.random.Generator, kind: str = kind, basis: str = basis
            ) -> Hits:
                parts = [
                    reading(kind, basis, other, False, shots // len(OTHERS) + 1, random)
                    for other in OTHERS
                ]
                return np.concatenate(parts).astype(float)

            yield figures.probability(
                "signalling", f"{kind}, node 1 reads 1 in {basis}", chance, read, setting.shots,
                setting.seed,
            )  # fmt: skip
    yield figures.independent(
        "signalling", "W, a planted message is found", partial(table, "W", "Z", True),
        setting.shots, setting.seed, wanted=False,
    )  # fmt: skip
