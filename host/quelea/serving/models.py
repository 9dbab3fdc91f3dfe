"""The models of the live fleet: small dense networks that read digits, as files for the firmware.

The digits are drawn here, 8 by 8 like scikit-learn's: ten glyphs, moved, thinned and blurred by
noise. Each model is trained on them with numpy (quelea.spiking.dense) and rounded to 8 bits; they
differ in the size of the hidden layer, and so in bytes and work.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quelea_agent import dense
from quelea_agent.dense import Network, dump, load

from quelea.spiking.dense import fit

HIDDEN = (8, 12, 16, 20, 24, 28)
WORK_MS = (40, 50, 60, 80, 100, 120)  # what an accelerator of the nodes takes; the sums are real
LINK_KB = 1
SAMPLES, TESTED = 1500, 400
TOP = 15
GLYPHS = (
    ".####.|#....#|#....#|#....#|#....#|.####.", "...#..|..##..|...#..|...#..|...#..|..###.",
    ".####.|#....#|....#.|..##..|.#....|######", "#####.|.....#|..###.|.....#|#....#|.####.",
    "...##.|..#.#.|.#..#.|######|....#.|....#.", "######|#.....|#####.|.....#|#....#|.####.",
    "..###.|.#....|#####.|#....#|#....#|.####.", "######|.....#|....#.|...#..|..#...|..#...",
    ".####.|#....#|.####.|#....#|#....#|.####.", ".####.|#....#|#....#|.#####|.....#|..###.",
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """One model. accuracy: on digits it was not trained on."""

    file: bytes
    sha: str
    work_ms: int
    network: Network
    accuracy: float


def digits(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return images, shape (count, 64), values 0..TOP, and which digits they are."""
    rng = np.random.default_rng(seed)
    shapes = np.array([[[c == "#" for c in row] for row in g.split("|")] for g in GLYPHS], float)
    which = rng.integers(0, 10, count)
    images = np.zeros((count, 8, 8))
    for k, digit in enumerate(which):
        y, x = rng.integers(0, 3, 2)
        images[k, y : y + 6, x : x + 6] = shapes[digit] * rng.uniform(0.6, 1.0, (6, 6))
    blurred = images + 0.2 * (np.roll(images, 1, 1) + np.roll(images, 1, 2))
    noisy = blurred * TOP + rng.normal(0, 1.5, images.shape)
    return np.clip(np.rint(noisy), 0, TOP).astype(np.int64).reshape(count, 64), which


def train(seed: int = 1) -> list[Model]:
    """Return the catalogue; seconds."""
    values, classes = digits(SAMPLES, seed)
    tested, truth = digits(TESTED, seed + 1)
    models = []
    for k, hidden in enumerate(HIDDEN):
        fitted = fit(values, classes, hidden, TOP, epochs=25, seed=seed + k)
        file = dump([
            (64, hidden, fitted.shift, fitted.first_bias.tolist(), fitted.first.ravel().tolist()),
            (hidden, 10, 0, fitted.second_bias.tolist(), fitted.second.ravel().tolist()),
        ])  # fmt: skip
        network, problem = load(file)
        if network is None:
            raise AssertionError(f"a file of our own is refused: {problem}")
        right = [
            dense.largest(network.scores(row)) == digit
            for row, digit in zip(tested.tolist(), truth.tolist(), strict=True)
        ]
        models.append(
            Model(
                file, hashlib.sha256(file).hexdigest(), WORK_MS[k], network, float(np.mean(right))
            )
        )
    return models


def reference(file: bytes, values: NDArray[np.int64]) -> list[int]:
    """Return the scores by a second way: matrices of numpy, read from the file's bytes alone."""
    at, layers = 8, file[4]
    active = values
    for turn in range(layers):
        inputs, outputs = np.frombuffer(file, "<u2", 2, at)
        shift = file[at + 4]
        at += 6
        biases = np.frombuffer(file, "<i4", outputs, at).astype(np.int64)
        at += 4 * int(outputs)
        weights = np.frombuffer(file, "i1", int(inputs) * int(outputs), at).astype(np.int64)
        at += len(weights)
        sums = active @ weights.reshape(int(inputs), int(outputs)) + biases
        active = (
            np.clip((sums + (1 << shift >> 1)) >> shift, 0, 255) if turn < layers - 1 else sums
        )
    return [int(score) for score in active]
