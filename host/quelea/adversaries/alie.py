"""ALIE, "a little is enough": the honest mean and a few standard deviations.

Baruch, Baruch and Goldberg, NeurIPS 2019. `tau_tenths` (default 15) tenths of a deviation: far
enough to pull, near enough to be taken for one of the honest.
"""

DIRECT = False
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return mean + tau * deviation of the honest values, inside the range."""
    away_q = view.deviation_q() * view.options.get("tau_tenths", 15) // 10
    return view.inside(view.mean_q() + away_q)
