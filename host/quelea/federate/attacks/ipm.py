"""Inner product manipulation: the mean step times -tau (Xie, Koyejo and Gupta 2020).

Strength tau: .5, too little to turn the mean around and so hard to tell from the honest.
"""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what all liars say, (size,)."""
    return np.asarray(view.before - view.by(0.5) * view.steps.mean(axis=0))
