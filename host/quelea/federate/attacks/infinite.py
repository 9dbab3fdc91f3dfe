"""Infinity in every parameter (byzfl's Inf); integers hold it as the largest there is."""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what all liars say, (size,)."""
    return np.full_like(view.before, np.inf)
