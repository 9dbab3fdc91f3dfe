"""A fleet with a cadence at rest: how far apart honest values may be (REQ-CADENCE-7)."""

from quelea.topology import Topology, diameter


def rest_q(topology: Topology, exact: bool, faults_max: int, liars: int, band_q: int) -> int:
    """Return the spread that honest nodes without news keep to, in q, rounding left out."""
    far = diameter(topology) or topology.node_count
    if exact:
        return 2 * band_q * far
    if faults_max == 0:
        return band_q * far
    complete = topology.degree_min == topology.node_count - 1
    if complete and topology.node_count > 3 * faults_max:
        return 2 * band_q
    return 2 * band_q * (topology.node_count - liars)
