"""Noise: normal numbers of deviation 1, drawn by each liar for itself (byzfl's Gaussian)."""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what each liar says, (liars, size)."""
    noise = view.random.standard_normal((view.liars, view.before.size), dtype="float32")
    return np.asarray(view.by(1.0) * noise)
