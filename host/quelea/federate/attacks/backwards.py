"""All-knowing and crude: ten steps back, and three deviations further in every parameter."""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what all liars say, (size,)."""
    step = view.steps.mean(axis=0)
    away = 3 * view.honest.std(axis=0) * np.sign(step)
    return np.asarray(view.honest.mean(axis=0) - away - view.by(10) * step)
