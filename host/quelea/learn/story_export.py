# mypy: disable-error-code="no-any-return"
"""From a trained actor of the story to a board's file, and what is lost on the way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quelea.learn import quantised
from quelea.learn.env_batch import StoryBatch
from quelea.learn.env_world import ALLOWED, SEEN
from quelea.learn.features import FEATURES
from quelea.learn.quantised import Floats, Net
from quelea.learn.story_game import RHO, TERMS

CALIBRATION_SEED = 150_000  # instances of neither training nor report
INSTANCES = 8
ROUNDS = 100
EVERY = 5  # of the rows that are seen, for ranges
AGREEMENT_EVERY = 40


@dataclass(frozen=True)
class Export:
    """agreement: of the likeliest server. chance: mean difference of the chances, in all."""

    file: bytes
    agreement: float
    chance: float


def seen_by(net: Net, seed: int = CALIBRATION_SEED) -> NDArray[np.uint8]:
    """Return what agents see that follow a net, shape (rows, ALLOWED, FEATURES)."""
    world = StoryBatch(range(seed, seed + INSTANCES), RHO, TERMS)
    draw = np.random.default_rng(seed)
    seen = world.reset()[..., :SEEN]
    rows = []
    for _ in range(ROUNDS):
        rows.append(seen.reshape(-1, ALLOWED, FEATURES))
        said = quantised.logits(net, rows[-1])
        actions = (said + draw.gumbel(size=said.shape)).argmax(axis=-1)
        seen = world.step(actions.reshape(seen.shape[:2]))[0][..., :SEEN]
    return np.concatenate(rows)


def chances(logits: Floats) -> Floats:
    """Return the softmax of the last axis."""
    lifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return lifted / lifted.sum(axis=-1, keepdims=True)


def export(net: Net) -> Export:
    """Return the file of a net, and how far it says the same."""
    seen = seen_by(net)
    file = quantised.packed(quantised.rounded(net, seen[::EVERY]))
    few = seen[::AGREEMENT_EVERY]
    floats, integers = quantised.logits(net, few), quantised.said(file, few)
    apart = np.abs(chances(floats) - chances(integers)).sum(axis=-1).mean() / 2
    same = np.mean(floats.argmax(axis=-1) == integers.argmax(axis=-1))
    return Export(file, float(same), float(apart))
