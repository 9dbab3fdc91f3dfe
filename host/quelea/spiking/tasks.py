"""The two tasks: handwritten digits, as a yardstick, and surges of measured demand, for a node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from quelea_agent.surge import EIGHTHS, WINDOW

from quelea.errors import UserError
from quelea.fleet.demand import load
from quelea.spiking.network import Integers
from quelea.spiking.train import Setting

TOP = 16  # both tasks have inputs of 0..16
SURGE_HALVES = 3  # a surge is above 3 halves of the mean of the last WINDOW readings
TRAIN_HOMES = 12  # of 17; the others are seen by no training


@dataclass(frozen=True)
class Samples:
    """values: (samples, inputs), 0..TOP; classes: (samples,)."""

    values: Integers
    classes: Integers


@dataclass(frozen=True)
class Task:
    """setting: of the spiking network. dense_epochs: of its rival, of the same shape."""

    name: str
    setting: Setting
    dense_epochs: int
    samples: Callable[[str], tuple[Samples, Samples]]  # source -> (train, test)
    vary: Any = None


def digits(source: str) -> tuple[Samples, Samples]:
    """Return 1,437 and 360 images of 8 x 8 pixels (scikit-learn's copy of the UCI digits)."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError:
        raise UserError(
            "the digits need scikit-learn", "--task", "", "pip install 'quelea[spiking]'"
        ) from None
    found = load_digits()
    parts = train_test_split(
        found.data.astype(np.int64), found.target.astype(np.int64), test_size=0.2, random_state=0,
        stratify=found.target,
    )  # fmt: skip
    return Samples(parts[0], parts[2]), Samples(parts[1], parts[3])


def moved(values: Integers, random: np.random.Generator) -> Integers:
    """Return images, half of them moved by up to a pixel each way."""
    images = values.reshape(-1, 8, 8).copy()
    for k in np.flatnonzero(random.random(len(images)) < 0.5):
        down, right = random.integers(0, 3, 2)
        images[k] = np.pad(images[k], 1)[down : 8 + down, right : 8 + right]
    return images.reshape(-1, 64)


def windows(series: list[int]) -> Samples:
    """Return each window of a series as the node sees it, and whether a surge follows."""
    readings = np.maximum(0, np.array(series, np.int64))
    view: NDArray[Any] = np.lib.stride_tricks.sliding_window_view(readings, WINDOW)[:-1]
    totals = view.sum(axis=1)
    means = np.maximum(1, totals // WINDOW)
    values = np.minimum(TOP, view * EIGHTHS // means[:, None])
    surges = 2 * WINDOW * readings[WINDOW:] > SURGE_HALVES * totals
    return Samples(values.astype(np.int64), surges.astype(np.int64))


def joined(parts: list[Samples]) -> Samples:
    """Return samples one after the other."""
    return Samples(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.classes for part in parts]),
    )


def surge(source: str) -> tuple[Samples, Samples]:
    """Return windows of 12 homes and of 5 others; with a file, all its columns are for testing."""
    homes = [windows(series) for series in load("homes")]
    test = homes[TRAIN_HOMES:] if source == "homes" else [windows(s) for s in load(source)]
    return joined(homes[:TRAIN_HOMES]), joined(test)


TASKS = {
    "digits": Task(
        "digits",
        Setting(hidden=128, classes=10, steps=8, top=TOP, du=4095, dv=0, epochs=60, noise=0.1),
        40,
        digits,
        moved,
    ),
    "surge": Task(
        "surge",
        Setting(
            hidden=16, classes=2, steps=8, top=TOP, du=0, dv=64, epochs=30, rate=0.001, start=0.4,
            noise=0.1, class_weights=(1.0, 2.5),
        ),
        30,
        surge,
    ),
}  # fmt: skip


def f1(said: Integers, classes: Integers) -> float:
    """Return the harmonic mean of precision and recall of class 1."""
    both = int(((said == 1) & (classes == 1)).sum())
    return 2 * both / max(1, int((said == 1).sum() + (classes == 1).sum()))


def accuracy(said: Integers, classes: Integers) -> float:
    """Return the share of right answers."""
    return float((said == classes).mean())


def threshold_rule(train: Samples) -> int:
    """Return the best threshold on the newest reading, in eighths of the mean, for F1."""
    newest = train.values[:, -1]
    return max(range(TOP), key=lambda cut: f1((newest > cut).astype(np.int64), train.classes))
