"""On and off: half the rounds the honest mean step, half that step backwards and longer.

Meant for rules with a memory, which such a liar hopes to please between two lies. All liars lie in
the same rounds, drawn by a coin of the attack's own.

Strength: how many mean steps back, 3.
"""

import numpy as np

from quelea.federate.models import Floats
from quelea.federate.view import View


def claim(view: View) -> Floats:
    """Return what all liars say, (size,)."""
    lies = view.random.random() < 0.5
    return np.asarray(view.before + (-view.by(3) if lies else 1) * view.steps.mean(axis=0))
