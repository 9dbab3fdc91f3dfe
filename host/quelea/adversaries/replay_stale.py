"""Replay: a value of long ago said again in a sound frame, and old frames sent once more.

The new frame carries the value of the epoch's beginning; the old ones go out as they were, with
their old seq: a receiver that takes them has lost its order.
"""

BACK = 8  # frames that are kept to be sent again


def frames(view, hand):  # type: ignore[no-untyped-def]
    """Return a sound frame with the value of long ago, and the oldest frame kept, verbatim."""
    old = view.memory
    fresh = hand.claim(view.agent.input_q)
    out = [(0, fresh)]
    if old:
        out.append((0, old[0]))
        hand.forged += 1
    old.append(fresh)
    if len(old) > BACK:
        del old[0]
    return out
