"""Mimic: repeats what one honest node says, so that this one voice counts many times.

Karimireddy, He and Jaggi, ICLR 2022. Whom: the first honest neighbour, in every round the same.
"""

DIRECT = False


def claim_q(view, slot):  # type: ignore[no-untyped-def]
    """Return the newest value shown by the first live neighbour that is not known to lie."""
    table = view.agent.neighbours
    for at in range(len(table.numbers)):
        if table.live[at] and not view.is_liar(table.numbers[at]):
            return view.inside(table.value_q[at])
    return None
