"""Noise on the way from the source to the nodes: drawn once a shot, with its exact effect beside.

Every qubit by itself, in this order: a Pauli error (depolarising), then waiting (relaxation by T1,
dephasing by T2), then a wrong reading. Quantum trajectories: each row of a batch draws its own
errors; the mean over rows is the channel (Nielsen and Chuang 2010, 8.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.quantum.state import Integers, States, X, Y, Z, measured_in

AMPLITUDES_MAX = 1 << 19  # of one batch of trajectories: 8 MB


@dataclass(frozen=True)
class Noise:
    """What happens to each qubit.

    depolarise: probability of X, Y or Z, a third each (0 to 0.75). wait: time until the reading,
    in units of T1. t2: T2 in units of T1 (0 to 2]. readout: probability of the other bit.
    """

    depolarise: float = 0.0
    wait: float = 0.0
    t2: float = 1.0
    readout: float = 0.0

    def __post_init__(self) -> None:
        for flag, value, most in (
            ("--depolarise", self.depolarise, 0.75),
            ("--wait", self.wait, 100.0),
            ("--t2", self.t2, 2.0),
            ("--readout", self.readout, 0.5),
        ):
            if not 0 <= value <= most:
                raise UserError(f"{value} is out of range", flag, f"0 to {most:g}")
        if self.t2 == 0:
            raise UserError("0.0 is out of range", "--t2", "above 0, up to 2: T2 <= 2 T1")

    @property
    def quiet(self) -> bool:
        """Return whether the state itself stays as it is."""
        return self.depolarise == 0 and self.wait == 0

    @property
    def damped(self) -> float:
        """Return the probability that |1> has fallen to |0>: 1 - exp(-wait)."""
        return float(-np.expm1(-self.wait))

    @property
    def dephased(self) -> float:
        """Return the probability of a phase flip beyond what relaxation itself costs."""
        return float(-np.expm1(-self.wait * (1 / self.t2 - 0.5)) / 2)

    def transfer(self) -> NDArray[np.float64]:
        """Return the 2x2 matrix M[read, prepared] for qubits that are read in Z.

        Each channel maps diagonal to diagonal there, so it acts as a classical one.
        """
        flip, fall, wrong = 2 * self.depolarise / 3, self.damped, self.readout
        paulis = np.array([[1 - flip, flip], [flip, 1 - flip]])
        falls = np.array([[1.0, fall], [0.0, 1 - fall]])
        reading = np.array([[1 - wrong, wrong], [wrong, 1 - wrong]])
        product: NDArray[np.float64] = reading @ falls @ paulis
        return product

    def coherence(self) -> float:
        """Return what is left of |0><1| of one qubit, a wrong reading in X counted in."""
        pauli = 1 - 4 * self.depolarise / 3
        return float(pauli * np.exp(-self.wait / self.t2) * (1 - 2 * self.readout))

    def strike(self, states: States, random: np.random.Generator) -> None:
        """Draw the errors of every row and apply them."""
        for qubit in range(states.qubits):
            if self.depolarise:
                hit = random.random(states.batch)
                third = self.depolarise / 3
                for step, pauli in enumerate((X, Y, Z)):
                    inside = (hit >= step * third) & (hit < (step + 1) * third)
                    states.gate_rows(pauli, qubit, np.flatnonzero(inside))
            if self.wait:
                self._relax(states, qubit, random)
                rows = np.flatnonzero(random.random(states.batch) < self.dephased)
                states.gate_rows(Z, qubit, rows)

    def _relax(self, states: States, qubit: int, random: np.random.Generator) -> None:
        """Let |1> fall to |0> with its probability, else weaken it: both are information."""
        halves = states.halves(qubit)
        one = np.sum(np.abs(halves[:, :, 1]) ** 2, axis=(1, 2))
        total = one + np.sum(np.abs(halves[:, :, 0]) ** 2, axis=(1, 2))
        falls = random.random(states.batch) < self.damped * one / total
        halves[:, :, 1] *= np.sqrt(1 - self.damped)
        halves[falls, :, 0] = halves[falls, :, 1]
        halves[falls, :, 1] = 0
        norms = np.sum(np.abs(states.amplitudes) ** 2, axis=1, keepdims=True)
        states.amplitudes /= np.sqrt(norms)

    def misread(self, outcomes: Integers, qubits: int, random: np.random.Generator) -> Integers:
        """Return the outcomes with wrongly read bits."""
        if not self.readout:
            return outcomes
        wrong = random.random((len(outcomes), qubits)) < self.readout
        return outcomes ^ (wrong @ (1 << np.arange(qubits)))


def measure(
    prepared: States, noise: Noise, shots: int, random: np.random.Generator, bases: str = ""
) -> Integers:
    """Send the prepared state through the noise `shots` times and read it; return basis states.

    prepared: a batch of one, left as it is. bases: a letter X, Y or Z a qubit; default all Z.
    """
    if noise.quiet:
        turned = prepared.repeated(1)
        measured_in(turned, bases)
        outcomes = turned.sample(random, shots)
    else:
        rows = max(1, AMPLITUDES_MAX >> prepared.qubits)
        parts = []
        for begin in range(0, shots, rows):
            batch = prepared.repeated(min(rows, shots - begin))
            noise.strike(batch, random)
            measured_in(batch, bases)
            parts.append(batch.sample(random))
        outcomes = np.concatenate(parts)
    return noise.misread(outcomes, prepared.qubits, random)
