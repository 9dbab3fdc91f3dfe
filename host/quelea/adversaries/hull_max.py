"""Always the largest honest value: a lie that no range check and no hull check can tell."""

DIRECT = False
OMNISCIENT = True


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the top of the honest hull as far as it is known."""
    honest_q = view.honest_q()
    return honest_q[-1] if honest_q else view.agent.value_q
