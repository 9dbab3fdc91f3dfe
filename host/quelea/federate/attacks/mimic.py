"""Mimic: all say what one honest node says, so that its data counts for all of theirs
(Karimireddy, He and Jaggi 2022).

Strength: which of the honest, 0.
"""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what all liars say, (size,)."""
    return np.asarray(view.honest[int(view.by(0))])
