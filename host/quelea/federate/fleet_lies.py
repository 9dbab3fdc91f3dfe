"""LIES: rows (name, forge); staged as attack.py beside the settings of an emulated liar.

A lie is forge(own, others, draws) -> value: the parameter that is spoken in place of the own one;
own and others (of the neighbours, whole vectors alone) are Q12. Integers, as on a board.
"""

MAX = 32767


def sign_flip(own, others, draws):  # type: ignore[no-untyped-def]
    """Return the own parameter's opposite, three times as large."""
    return -3 * own


def random(own, others, draws):  # type: ignore[no-untyped-def]
    """Return anything."""
    return (draws.next() << 1) - MAX


def opposite(own, others, draws):  # type: ignore[no-untyped-def]
    """Return the opposite of the neighbours' mean (inner product manipulation)."""
    return -(sum(others) // len(others)) if others else -own


def edge(own, others, draws):  # type: ignore[no-untyped-def]
    """Return the neighbours' largest parameter: nothing that trimming would notice at once."""
    return max(others) if others else own


LIES = (
    ("sign-flip", sign_flip),
    ("random", random),
    ("opposite", opposite),
    ("edge", edge),
)


def find(name):  # type: ignore[no-untyped-def]
    """Return the row's function, or None."""
    for row in LIES:
        if row[0] == name:
            return row[1]
    return None


def forge(agent, lie, draws):  # type: ignore[no-untyped-def]
    """Put the lie in place of what a node is about to say; its own training goes on."""
    vectors = agent.whole_vectors()
    vector = agent.vector
    for at in range(0, len(vector), 2):
        others = [signed(other, at) for other in vectors]
        value = max(-MAX, min(MAX, lie(signed(vector, at), others, draws)))
        vector[at] = value & 255
        vector[at + 1] = value >> 8 & 255


def signed(vector: bytes, at: int) -> int:
    """Return the 16 bits at a place as a number."""
    value = vector[at] | vector[at + 1] << 8
    return value - 65536 if value > 32767 else value
