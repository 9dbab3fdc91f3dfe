"""The honest value and a ramp on top: a claim that runs away, a step further every round.

`step_q` (default a 64th of the range, 1 at least) is added for each round of the epoch, up to the
top of the range: at first hardly to be told from the truth.
"""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the own honest value plus the ramp, inside the range."""
    step_q = view.options.get("step_q", 0) or max(1, (view.hi_q - view.lo_q) // 64)
    steps = min(view.epoch_round, 64)
    return min(view.hi_q, view.agent.value_q + steps * step_q)
