"""Which board is which node: by fleet.toml, by what the board says, by what was enrolled."""

from collections.abc import Sequence
from dataclasses import dataclass

from quelea.deploy import ports
from quelea.deploy.answers import Facts
from quelea.deploy.failure import BoardFailed
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.line import SerialLine
from quelea.deploy.ports import Port


@dataclass(frozen=True)
class Target:
    """A board to work on. node: whom it must be, "" if only it knows; last: whom it was."""

    port: Port
    node: str = ""
    last: str = ""

    @property
    def names(self) -> tuple[str, str]:
        """(port, node id), for the table of results."""
        return self.port.path, self.node or self.last


def targets(fleet: BoardFleet, given: Sequence[str]) -> tuple[list[Target], list[str]]:
    """Return (boards to work on, nodes of which no board is known).

    given: ports; without any, those of [boards], then those that were enrolled last.
    """
    mapped = {}
    for node_id, text in fleet.tables.at.items():
        for port in ports.find([text], fleet.path.parent):
            mapped[port.path] = Target(port, node_id)
    if given:
        return [mapped.get(port.path, Target(port)) for port in ports.find(given)], []
    known = dict(mapped)
    missing = []
    for node_id in fleet.ids:
        if node_id in fleet.tables.at:
            continue
        last = fleet.secrets.node(node_id).get("port")
        if isinstance(last, str) and last:
            known.setdefault(last, Target(Port(last), last=node_id))
        else:
            missing.append(node_id)
    return list(known.values()), missing


def require_chip(fleet: BoardFleet, node_id: str, facts: Facts) -> None:
    """BoardFailed if fleet.toml wants another chip for this node."""
    wanted = fleet.tables.of(node_id).get("chip")
    if wanted and facts.chip != wanted:
        raise BoardFailed(
            f"the wrong chip: {facts.chip or facts.machine}, and {wanted} is wanted",
            f"the board says: {facts.machine}",
            f"plug in another, or give {node_id} a chip of its own in [boards]",
        )


def require_node(fleet: BoardFleet, target: Target, facts: Facts) -> str:
    """Return the node that a board is enrolled as; BoardFailed if it is none, or another."""
    remedy = f"`quelea enroll {fleet.path} --ports {target.port.path}`"
    if not facts.id:
        raise BoardFailed("the board is not enrolled", "", remedy)
    if facts.fleet != fleet.name or facts.id not in fleet.ids:
        raise BoardFailed(f"the board is {facts.id} of fleet {facts.fleet}", "", remedy)
    if target.node and target.node != facts.id:
        raise BoardFailed(f"the board is {facts.id}, and [boards] says {target.node}", "", remedy)
    return facts.id


def opened(target: Target) -> SerialLine:
    """Open a board's port."""
    return SerialLine(target.port.path)
