"""State vectors of up to 12 qubits, many at once; qubit k is bit k of a basis state's number.

Amplitudes have the shape (batch, 2^qubits): one row is one state, and noise makes rows differ.
Memory is 16 bytes an amplitude, so 64 kB a row at 12 qubits; every further qubit doubles it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError

QUBITS_MAX = 12  # 2^12 amplitudes of 16 bytes: 64 kB a row
Complexes = NDArray[np.complex128]
Integers = NDArray[np.int64]

X = np.array([[0, 1], [1, 0]], dtype=np.complex128)
Y = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
Z = np.array([[1, 0], [0, -1]], dtype=np.complex128)
H = np.array([[1, 1], [1, -1]], dtype=np.complex128) / np.sqrt(2)
S_DAGGER = np.array([[1, 0], [0, -1j]], dtype=np.complex128)


def rotation_y(angle: float) -> Complexes:
    """Return the rotation about Y by angle (radians): cos(a/2), sin(a/2) on |0>."""
    half = angle / 2
    return np.array([[np.cos(half), -np.sin(half)], [np.sin(half), np.cos(half)]], np.complex128)


class States:
    """`batch` state vectors of `qubits` qubits, all |0...0> at first."""

    def __init__(self, qubits: int, batch: int = 1) -> None:
        if not 1 <= qubits <= QUBITS_MAX:
            raise UserError(f"{qubits} qubits", "", f"1 to {QUBITS_MAX}: memory doubles with each")
        self.qubits = qubits
        self.amplitudes: Complexes = np.zeros((batch, 1 << qubits), np.complex128)
        self.amplitudes[:, 0] = 1

    @property
    def batch(self) -> int:
        return int(self.amplitudes.shape[0])

    def repeated(self, batch: int) -> States:
        """Return `batch` copies of the first row."""
        copy = States(self.qubits)
        copy.amplitudes = np.repeat(self.amplitudes[:1], batch, axis=0)
        return copy

    def halves(self, qubit: int) -> NDArray[Any]:
        """Return a view (batch, high, 2, low): index 2 is the qubit's value."""
        return self.amplitudes.reshape(self.batch, -1, 2, 1 << qubit)

    def gate(self, matrix: Complexes, qubit: int, control: int | None = None) -> None:
        """Apply a 2x2 unitary to a qubit of every row, only where the control qubit is 1."""
        numbers = np.arange(1 << self.qubits)
        low = numbers[(numbers >> qubit) & 1 == 0]
        if control is not None:
            low = low[(low >> control) & 1 == 1]
        high = low | (1 << qubit)
        zero, one = self.amplitudes[:, low], self.amplitudes[:, high]
        self.amplitudes[:, low] = matrix[0, 0] * zero + matrix[0, 1] * one
        self.amplitudes[:, high] = matrix[1, 0] * zero + matrix[1, 1] * one

    def gate_rows(self, matrix: Complexes, qubit: int, rows: Integers) -> None:
        """Apply a 2x2 unitary to a qubit of the given rows only."""
        if not rows.size:
            return
        part = self.halves(qubit)[rows]
        changed = np.empty_like(part)
        changed[:, :, 0] = matrix[0, 0] * part[:, :, 0] + matrix[0, 1] * part[:, :, 1]
        changed[:, :, 1] = matrix[1, 0] * part[:, :, 0] + matrix[1, 1] * part[:, :, 1]
        self.halves(qubit)[rows] = changed

    def probabilities(self) -> NDArray[np.float64]:
        """Return |amplitude|^2, shape (batch, 2^qubits), rows summing to 1."""
        chances = self.amplitudes.real**2 + self.amplitudes.imag**2
        total: NDArray[np.float64] = chances / chances.sum(axis=1, keepdims=True)
        return total

    def sample(self, random: np.random.Generator, shots: int = 0) -> Integers:
        """Measure all qubits; return basis states: one a row, or `shots` of a single row."""
        cumulated = np.cumsum(self.probabilities(), axis=1)
        last = (1 << self.qubits) - 1
        if shots:
            drawn = np.searchsorted(cumulated[0], random.random(shots), side="right")
        else:
            drawn = np.sum(cumulated <= random.random((self.batch, 1)), axis=1)
        return np.minimum(drawn, last).astype(np.int64)  # the last sum may fall short of 1


def bits(outcomes: Integers, qubits: int) -> NDArray[np.int8]:
    """Return outcomes as bits, shape (shots, qubits)."""
    return ((outcomes[:, None] >> np.arange(qubits)) & 1).astype(np.int8)


def measured_in(states: States, bases: str) -> None:
    """Turn each qubit so that a measurement in Z is one in its basis: X, Y or Z a letter."""
    for qubit, basis in enumerate(bases):
        if basis == "Y":
            states.gate(S_DAGGER, qubit)
        if basis in "XY":
            states.gate(H, qubit)
