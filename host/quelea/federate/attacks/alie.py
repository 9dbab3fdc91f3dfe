"""A little is enough: the honest mean and tau deviations (Baruch, Baruch and Goldberg 2019).

Strength tau: 1.5, near enough to be taken for one of the honest in each parameter.
"""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what all liars say, (size,)."""
    return np.asarray(view.honest.mean(axis=0) + view.by(1.5) * view.honest.std(axis=0, ddof=1))
