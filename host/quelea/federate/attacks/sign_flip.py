"""Sign flipping: the mean step of the honest, backwards (byzfl's SignFlipping, on steps)."""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what all liars say, (size,)."""
    return np.asarray(view.before - view.steps.mean(axis=0))
