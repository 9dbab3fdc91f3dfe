"""Silent for the first half of each epoch, then the top of the range: an absence that turns."""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return nothing in the first half of an epoch (8 rounds where epochs never end)."""
    quiet = view.agent.settings.epoch_rounds // 2 or 8
    return None if view.epoch_round < quiet else view.hi_q
