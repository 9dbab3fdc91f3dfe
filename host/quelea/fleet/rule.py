"""The rule of a fleet where none was asked for: a switch on what everybody may know of its graph.

docs/decisions/0001-which-rule.md has the proofs, the measurements and what fell short.
"""

from quelea.topology import Certificate, Topology

AUTO = "auto"
COMMITTEE = "midpoint"  # complete graphs: proved to agree, 1 q at the worst (docs/games.md)
CERTIFIED = "wmsr"  # other graphs that carry 2F + 1: the rule that is proved on them
UNPROVED = "clipped-wmsr"  # where F may be exceeded: the least captured (`quelea attack --all`)


def is_complete(topology: Topology) -> bool:
    """Return whether everybody is everybody's neighbour."""
    return bool(topology.degree_min == topology.node_count - 1)


def expected(topology: Topology, asked: str) -> str:
    """Return the rule to certify a graph for: the one asked, or what auto takes if it passes."""
    if asked != AUTO:
        return asked
    return COMMITTEE if is_complete(topology) else CERTIFIED


def choose(topology: Topology, certificate: Certificate, faults_max: int, asked: str) -> str:
    """Return the rule to run: the one asked; for auto by (n, degree, F) and the certificate."""
    if asked != AUTO:
        return asked
    if is_complete(topology) and topology.node_count > 3 * faults_max:
        return COMMITTEE
    return CERTIFIED if certificate.faults_max >= faults_max else UNPROVED
