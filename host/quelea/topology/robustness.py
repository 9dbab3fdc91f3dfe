"""The certificate of a graph: proved bounds on its robustness r, and how they were proved.

Small graphs are settled by enumeration. Larger ones get the best of three proofs from below
(lambda2, growth, mixed-integer search) and of the groups found from above. Deciding r is hard in
general, so the two ends need not meet; what a fleet relies on is the lower one.
"""

from quelea.topology import growing, mixed
from quelea.topology.exact import EXACT_NODES_MAX, exact_r
from quelea.topology.graph import Certificate, Groups, Topology, components
from quelea.topology.groups import best_upper, most_outside, numbers, plain_upper
from quelea.topology.spectral import FloatArray, spectrum

WITHOUT_LIMIT = 1 << 16


def certify(topology: Topology, enough: int = WITHOUT_LIMIT) -> Certificate:
    """Bounds r_lower <= r <= r_upper, the same on every run.

    enough: the search may stop once r_lower >= enough, which saves the slow proofs. At least two
    nodes, else ValueError. Up to EXACT_NODES_MAX nodes exact, within 0.5 s; up to
    MIXED_NODES_MAX a few seconds; 20,000 nodes some ten seconds.
    """
    n = topology.node_count
    if n < 2:
        raise ValueError("robustness is about two groups: it needs two nodes")
    parts = components(topology)
    if parts.any():
        pair = numbers(parts == 0), numbers(parts != 0)
        return Certificate(0, 0, "the graph is in parts", pair)
    grown = topology.certificate
    if n <= EXACT_NODES_MAX:
        r, pair = exact_r(topology)
        proof = grown.growth if grown and grown.growth and grown.growth.r == r else None
        return Certificate(r, r, f"all 2^{n} groups tried", pair, proof)
    if grown and grown.exact and grown.growth and growing.is_proved(topology, grown.growth):
        upper, pair = plain_upper(topology)
        return Certificate(grown.r_lower, upper, grown.method, pair, grown.growth)
    return _bounded(topology, enough)


def _bounded(topology: Topology, enough: int) -> Certificate:
    """certify for a connected graph that is too large to enumerate."""
    n = topology.node_count
    figures = spectrum(topology)
    low, method, growth = 1, "connected", None
    by_spectrum = growing.spectral_bound(figures.lambda2, n)
    if by_spectrum > low:
        by = "" if figures.dense else ", by Lanczos steps"
        low, method = by_spectrum, f"lambda2 = {figures.lambda2:.3f}{by}"
    high, pair = _upper(topology, figures.fiedler, low)
    if low < min(high, enough):
        found = growing.find(topology, low, high)
        if found:
            low, growth = found.r, found
            method = f"growth from a core of {len(found.core)} nodes ({found.core_method})"
    if low < min(high, enough) and n <= mixed.MIXED_NODES_MAX:
        before = low
        low, high, pair = mixed.narrow(topology, low, high, pair, enough)
        if low > before:
            growth, method = None, "mixed-integer search"
    return Certificate(low, high, method, pair, growth)


def _upper(topology: Topology, fiedler: FloatArray, low: int) -> tuple[int, Groups]:
    """An upper bound and its groups: those that the family knows of, if they show the least."""
    known = topology.certificate.groups if topology.certificate else None
    if known and not set(known[0]) & set(known[1]):
        high = max(most_outside(topology, group) for group in known)
        if high <= low:
            return high, known
    return best_upper(topology, fiedler, low)
