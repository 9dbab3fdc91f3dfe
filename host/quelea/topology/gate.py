"""The gate: a fleet starts only on a graph that is proved to carry its liars.

With F liars among each node's neighbours W-MSR needs a (2F + 1)-robust graph, which is sufficient
(LeBlanc et al. 2013, on the F-local model; F + 1 is necessary). The proof rests on the own value
never being put aside. Rules that may trim it too keep to the honest hull on the same graphs, but
are proved to agree on complete ones only (Dolev et al. 1986): on two groups of six, each joined
to all of the other, r = 3, trimmed mean and midpoint with F = 1 swing for ever without a liar.
"""

from quelea_proto.limits import NEIGHBOURS_MAX

from quelea.errors import UserError
from quelea.topology.family import FLAG
from quelea.topology.graph import Certificate, Topology
from quelea.topology.growth import R_MAX
from quelea.topology.robustness import certify

# A graph whose nodes have at most d neighbours has r <= d // 2 + 1: it can be split so that each
# node keeps (d - 1) // 2 of its own on its side (Stiebitz 1996). So 2F + 1 <= 64.
CARRIED_MAX = NEIGHBOURS_MAX // 4
ON_ANY_GRAPH = ("wmsr",)
ON_COMPLETE_GRAPHS = ("wmsr", "trimmed-mean", "midpoint")
NAMES_SHOWN = 4  # nodes named in a message


def require(
    topology: Topology, faults_max: int, rule: str = "wmsr", *, force: bool = False
) -> tuple[Certificate, str]:
    """The graph's certificate and a warning, "" if there is nothing to warn of.

    faults_max: F, liars among any node's neighbours, 0..CARRIED_MAX; 0 needs a connected graph
    only. rule: a name of quelea_proto.rules; it decides what is warned of, not what is refused.
    force: warn where the proof is missing or the graph too weak, instead of refusing.
    UserError: the proof is below 2F + 1 and force is not given; or, also with force, a node has
    fewer than 2F + 1 neighbours, since it would hold its value for ever, or the graph is in parts.
    """
    if not 0 <= faults_max <= CARRIED_MAX:
        raise UserError(
            f"{faults_max} liars a neighbourhood are out of range.",
            where="--faults-max",
            why=f"Allowed: a whole number 0..{CARRIED_MAX}.",
            remedy="write --faults-max 1",
        )
    needed = 2 * faults_max + 1
    _refuse_few_neighbours(topology, faults_max)
    certificate = certify(topology, needed)
    if certificate.r_upper == 0:
        raise UserError(
            f"'{topology.name}' is in parts.",
            where=FLAG,
            why="A fleet in parts cannot agree.",
            remedy=f"add links, or write {FLAG} growth:{needed}",
        )
    warnings = [_about_rule(topology, faults_max, rule)]
    if certificate.r_lower < needed and not _is_committee(topology, faults_max, rule):
        what = _verdict(topology, certificate, faults_max)
        why = _reason(topology, certificate, needed)
        if not force:
            raise UserError(what, FLAG, why, _remedy(topology, certificate, needed))
        warnings.insert(0, f"{what} {why}")
    return certificate, " ".join(text for text in warnings if text)


def _is_committee(topology: Topology, faults_max: int, rule: str) -> bool:
    """Whether the graph is complete with n >= 3F + 1 and the rule proved there: K4 carries 1.

    Its r = 2 is below 2F + 1, which is sufficient and not necessary; docs/games.md has the proof
    by exhaustion of the small ones, Dolev et al. that of the others.
    """
    complete = topology.degree_min == topology.node_count - 1
    return (
        complete and topology.node_count > 3 * faults_max and rule in ("trimmed-mean", "midpoint")
    )


def _about_rule(topology: Topology, faults_max: int, rule: str) -> str:
    """What the certificate does not promise for this rule; "" if it promises agreement."""
    complete = topology.degree_min == topology.node_count - 1
    if faults_max == 0 or rule in (ON_COMPLETE_GRAPHS if complete else ON_ANY_GRAPH):
        return ""
    if rule == "mean":
        return f"The rule mean carries no liars, and faults_max is {faults_max}."
    where = "complete graphs only" if rule in ON_COMPLETE_GRAPHS else "no graph"
    return f"The rule {rule} keeps to the honest hull, but is proved to agree on {where}."


def _refuse_few_neighbours(topology: Topology, faults_max: int) -> None:
    needed = 2 * faults_max + 1
    if topology.degree_min >= needed:
        return
    poorest = topology.id_of(int(topology.degrees.argmin()) + 1)
    carries = (topology.degree_min - 1) // 2
    lower = f", or --faults-max {carries}" if carries >= 0 else ""
    raise UserError(
        f"{poorest} has {topology.degree_min} neighbours in '{topology.name}', "
        f"and faults_max {faults_max} takes {needed}.",
        where=FLAG,
        why="With fewer than 2F + 1 values a node holds its own for ever.",
        remedy=f"write {_enough(topology.node_count, needed)}{lower}",
    )


def _verdict(topology: Topology, certificate: Certificate, faults_max: int) -> str:
    too_weak = certificate.r_upper < 2 * faults_max + 1
    return (
        f"'{topology.name}' {'is too weak' if too_weak else 'is not proved'} for faults_max "
        f"{faults_max}, which takes r >= {2 * faults_max + 1}: {certificate}."
    )


def _reason(topology: Topology, certificate: Certificate, needed: int) -> str:
    """What the graph carries, and which groups show that it carries no more."""
    text = f"It carries faults_max {certificate.faults_max}."
    if not certificate.groups or certificate.r_upper >= needed:
        return text
    first, second = (_some(topology, group) for group in certificate.groups)
    # X(S) is empty for both groups at F + 1: they ignore each other; below 2F + 1 liars may help
    alone = certificate.r_upper <= needed // 2
    return (
        f"{text} No node of {first}, nor of {second}, has more than {certificate.r_upper} "
        "neighbours outside its own group, so "
        + ("the two may disagree for ever." if alone else "liars may hold the two apart.")
    )


def _some(topology: Topology, group: tuple[int, ...]) -> str:
    """ "n01, n02, n03 and 5 more"."""
    named = ", ".join(topology.id_of(number) for number in group[:NAMES_SHOWN])
    rest = len(group) - NAMES_SHOWN
    return f"{named} and {rest} more" if rest > 0 else named


def _remedy(topology: Topology, certificate: Certificate, needed: int) -> str:
    return (
        f"write {_enough(topology.node_count, needed)}, or --faults-max "
        f"{certificate.faults_max}, or --force to run on it with a warning"
    )


def _enough(nodes: int, needed: int) -> str:
    """A graph of at least `needed` robustness, as a flag; more nodes if none has room for it."""
    if needed > R_MAX:  # then 2 * needed - 1 <= NEIGHBOURS_MAX + 1, as needed <= 64
        return f"{FLAG} complete --nodes {2 * needed - 1}"
    grown = f"{FLAG} growth:{needed}"
    return grown if nodes >= 2 * needed - 1 else f"{grown} --nodes {2 * needed - 1}"
