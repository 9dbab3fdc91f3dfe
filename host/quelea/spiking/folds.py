"""Surges by homes held out in turn: spikes and the dense network on every home, picked by nobody.

Five homes have a standard error of three points of F1, more than what is to be told apart. So each
of the 17 homes is tested once by networks that have not seen it, several seeds each, and the two
kinds are compared on the same windows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from quelea.fleet.demand import load
from quelea.spiking import dense, tasks
from quelea.spiking.network import Integers, run
from quelea.spiking.train import fit, need_torch

FOLDS = 6
Say = Callable[[str], None]


@dataclass(frozen=True)
class Fold:
    """What both kinds said of the homes of one fold, by one seed."""

    fold: int
    seed: int
    classes: Integers
    spiking: Integers
    dense: Integers


def folds(seeds: range, say: Say) -> Iterator[Fold]:
    """Train and test both kinds, a fold and a seed at a time."""
    need_torch().set_num_threads(1)
    task = tasks.TASKS["surge"]
    homes = [tasks.windows(series) for series in load("homes")]
    s = task.setting
    for fold in range(FOLDS):
        seen = tasks.joined([home for k, home in enumerate(homes) if k % FOLDS != fold])
        unseen = tasks.joined([home for k, home in enumerate(homes) if k % FOLDS == fold])
        for seed in seeds:
            row = fit(seen.values, seen.classes, replace(s, seed=seed), "", lambda _: None)
            net = dense.fit(
                seen.values, seen.classes, s.hidden, tasks.TOP, task.dense_epochs, seed,
                s.class_weights,
            )  # fmt: skip
            ours: Integers = run(row, unseen.values).classes
            theirs: Integers = net.scores(unseen.values).argmax(axis=1)
            found = Fold(fold, seed, unseen.classes, ours, theirs)
            say(f"  fold {fold + 1} of {FOLDS}, seed {seed}: spiking "
                f"{tasks.f1(ours, found.classes):.3f}, dense "
                f"{tasks.f1(theirs, found.classes):.3f}")  # fmt: skip
            yield found


def pooled(found: list[Fold], seed: int) -> tuple[float, float]:
    """Return (F1 of spikes, F1 of the dense network) of a seed over all homes."""
    of_seed = [one for one in found if one.seed == seed]
    classes = np.concatenate([one.classes for one in of_seed])
    ours = np.concatenate([one.spiking for one in of_seed])
    theirs = np.concatenate([one.dense for one in of_seed])
    return tasks.f1(ours, classes), tasks.f1(theirs, classes)
