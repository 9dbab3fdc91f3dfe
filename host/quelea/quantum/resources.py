"""The two entangled states that nodes share, as circuits of one- and two-qubit gates."""

import numpy as np

from quelea.quantum.state import H, States, X, rotation_y


def ghz(nodes: int) -> States:
    """Return (|0...0> + |1...1>) / sqrt 2: one Hadamard, then a chain of controlled X."""
    states = States(nodes)
    states.gate(H, 0)
    for node in range(1, nodes):
        states.gate(X, node, control=node - 1)
    return states


def w(nodes: int) -> States:
    """Return the equal sum of the basis states with exactly one 1.

    One 1 wanders along the nodes: at each it stays with 1 in as many chances as nodes are left.
    """
    states = States(nodes)
    states.gate(X, 0)
    for node in range(nodes - 1):
        angle = 2 * float(np.arccos(np.sqrt(1 / (nodes - node))))
        states.gate(rotation_y(angle), node + 1, control=node)
        states.gate(X, node, control=node + 1)
    return states
