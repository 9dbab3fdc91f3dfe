"""Veiled: backwards, behind a sideways part that makes the step as long as the honest ones.

Meant for rules that look at the angle between a step and the common one: this is just within what
ours lets pass. Each liar goes sideways by itself, by a draw of every round, as honest nodes do.

Strength: minus the cosine of the angle, 0.15.
"""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what the liars say, (liars, size)."""
    back = _long(-view.steps.mean(axis=0))
    side = view.random.normal(0, 1, (view.liars, back.size)).astype(np.float32)
    side = _long(side - (side @ back)[:, None] * back)
    length = np.median(np.sqrt(np.einsum("ij,ij->i", view.steps, view.steps)))
    cosine = view.by(0.15)
    return np.asarray(view.before + length * (cosine * back + np.sqrt(1 - cosine**2) * side))


def _long(vectors: Floats) -> Floats:
    """Return vectors of length 1; nothing stays nothing."""
    length = np.sqrt(np.square(vectors).sum(axis=-1, keepdims=True))
    return np.asarray(vectors / np.maximum(length, np.float32(1e-12)))
