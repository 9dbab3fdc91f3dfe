"""A little above the largest value heard: pulls the fleet upwards without standing out.

Honest-max drift: each round the claim lies `step_q` (default a 64th of the range, and 1 at
least) above the highest value that the liar's neighbours show.
"""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the highest value heard plus a step, inside the range."""
    heard_q = view.heard_q()
    top_q = heard_q[-1] if heard_q else view.agent.value_q
    step_q = view.options.get("step_q", 0) or max(1, (view.hi_q - view.lo_q) // 64)
    return min(view.hi_q, top_q + step_q)
