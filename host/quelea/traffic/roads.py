"""What an intersection is, read from the network's own file: links, phases, detectors, neighbours.

Phases are the green phases of the shipped program, in its order; yellow and all-red keep the
program's length. A detector looks 200 m upstream of a stop line, through junctions without
signals: without that a short lane before the stop line hides its queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DETECTOR_M = 200.0
EXIT_M = 200.0
NEIGHBOUR_M = 1500.0  # upstream signals further away are no neighbours
YELLOW_S = 3  # as in RESCO's published results, for whoever sets the lamps; two have 5 s shipped
GREEN = "Gg"


@dataclass(frozen=True)
class Piece:
    """A lane seen by a detector. behind_m: from its end to the stop line.

    share: what a car on it counts for here, 1 / number of approaches it may be going to.
    """

    lane: str
    length_m: float
    behind_m: float
    share: float


@dataclass(frozen=True)
class Link:
    """One movement over the junction: its lamp's number, an index into lanes, a lane out.

    Several movements may hang on one lamp.
    """

    lamp: int
    lane: int
    out: str


@dataclass
class Feed:
    """Where cars of an approach lane come from: signal, its link, metres and seconds away."""

    signal: int
    link: int
    metres: float
    travel_s: float


@dataclass
class Signal:
    """lanes: approach lanes with signals. links: movements.

    greens: states of the green phases; cycle_s: their shipped lengths. pieces by lane. feeds by
    lane. distances: neighbour's index -> metres along the road, either way. parts: SUMO's signals
    that it consists of, each with its number of lamps; more than one for twins.
    """

    id: str
    place: tuple[float, float]
    lanes: list[str]
    speeds: list[float]
    links: list[Link]
    greens: list[str]
    cycle_s: list[int]
    yellow_s: int
    red_s: int
    pieces: list[list[Piece]] = field(default_factory=list)
    feeds: list[list[Feed]] = field(default_factory=list)
    distances: dict[int, float] = field(default_factory=dict)
    parts: tuple[tuple[str, int], ...] = ()

    def lanes_of_state(self, state: str) -> list[int]:
        """Return the lanes that have a green link in a state of the lamps, ascending."""
        return sorted({link.lane for link in self.links if state[link.lamp] in GREEN})

    def lanes_of(self, phase: int) -> list[int]:
        """Return the lanes that have a green link in a phase, ascending."""
        return self.lanes_of_state(self.greens[phase])

    def between(self, before: int, after: int) -> tuple[str, str]:
        """Return the yellow and the all-red state from one green phase to another."""
        yellow, red = "", ""
        for old, new in zip(self.greens[before], self.greens[after], strict=True):
            goes = old in GREEN and new not in GREEN
            yellow += "y" if goes else old
            red += "r" if goes else old
        return yellow, red


Join = Callable[[list[Signal], dict[str, float]], list[Signal]]


@dataclass(frozen=True)
class Roads:
    """All intersections of a network. edges: names and shapes, for the map."""

    signals: list[Signal]
    edges: list[tuple[str, list[tuple[float, float]]]]
    net: Path


def read(net_path: Path, yellow_s: int = YELLOW_S, join: Join | None = None) -> Roads:
    """Read a network's file with sumolib. yellow_s: 0 for the shipped program's own.

    join: makes one signal of several, given all and the lengths of lanes behind them in metres.
    """
    import sumolib

    net = sumolib.net.readNet(str(net_path), withPrograms=True)
    lights = sorted(net.getTrafficLights(), key=lambda light: str(light.getID()))
    signals = [_signal(net, light, yellow_s) for light in lights]
    signals = [signal for signal in signals if len(signal.greens) > 1]
    if join:
        outs = {link.out for signal in signals for link in signal.links}
        signals = join(signals, {lane: net.getLane(lane).getLength() for lane in outs})
    owners = {
        (signal.lanes[link.lane], link.out): (at, number)
        for at, signal in enumerate(signals)
        for number, link in enumerate(signal.links)
    }
    signalled = {lane: at for at, signal in enumerate(signals) for lane in signal.lanes}
    for at, signal in enumerate(signals):
        _look_upstream(net, at, signal, owners, signalled)
    for at, signal in enumerate(signals):
        for rows in signal.feeds:
            for feed in rows:
                for a, b in ((at, feed.signal), (feed.signal, at)):
                    known = signals[a].distances.get(b, feed.metres)
                    signals[a].distances[b] = min(known, feed.metres)
    return Roads(
        signals, [(str(edge.getID()), list(edge.getShape())) for edge in net.getEdges()], net_path
    )


def _signal(net: Any, light: Any, yellow_s: int) -> Signal:
    rows = sorted(light.getConnections(), key=lambda row: int(row[2]))
    lanes: list[str] = []
    speeds: list[float] = []
    links: list[Link] = []
    for lane, out, number in rows:
        if lane.getID() not in lanes:
            lanes.append(lane.getID())
            speeds.append(lane.getSpeed())
        links.append(Link(int(number), lanes.index(lane.getID()), out.getID()))
    phases = next(iter(light.getPrograms().values())).getPhases()
    greens, cycle_s, own_s, red_s = [], [], 0, 0
    for phase in phases:
        if "y" in phase.state:
            own_s = max(own_s, int(phase.duration))
        elif any(sign in phase.state for sign in GREEN):
            greens.append(str(phase.state))
            cycle_s.append(int(phase.duration))
        else:
            red_s = max(red_s, int(phase.duration))
    spots = [net.getLane(lane).getShape()[-1] for lane in lanes]
    place = tuple(sum(values) / len(spots) for values in zip(*spots, strict=True))
    return Signal(
        str(light.getID()), (place[0], place[1]), lanes, speeds, links, greens, cycle_s,
        yellow_s or own_s, red_s, parts=((str(light.getID()), len(phases[0].state)),),
    )  # fmt: skip


def _look_upstream(
    net: Any, at: int, signal: Signal, owners: dict[tuple[str, str], tuple[int, int]],
    signalled: dict[str, int],
) -> None:  # fmt: skip
    """Fill pieces (200 m) and feeds (up to the next signal, or NEIGHBOUR_M)."""
    seen_by: dict[str, int] = {}
    found: list[list[tuple[str, float, float]]] = []
    for lane in signal.lanes:
        rows: list[tuple[str, float, float]] = []
        feeds: list[Feed] = []
        todo = deque([(net.getLane(lane), 0.0, 0.0)])
        known = {lane}
        while todo:
            here, behind_m, behind_s = todo.popleft()
            length_m = here.getLength()
            if behind_m < DETECTOR_M:
                rows.append((here.getID(), length_m, behind_m))
                seen_by[here.getID()] = seen_by.get(here.getID(), 0) + 1
            start_m = behind_m + length_m
            start_s = behind_s + length_m / max(1.0, here.getSpeed())
            if start_m > NEIGHBOUR_M:
                continue
            for link in here.getIncomingConnections():
                before = link.getFromLane()
                owner = owners.get((before.getID(), here.getID()))
                if owner is not None:
                    if owner[0] != at:
                        feeds.append(Feed(owner[0], owner[1], start_m, start_s))
                elif before.getID() not in known and before.getID() not in signalled:
                    known.add(before.getID())
                    todo.append((before, start_m, start_s))
        found.append(rows)
        signal.feeds.append(feeds)
    for rows in found:
        signal.pieces.append([
            Piece(lane, length_m, behind_m, 1 / seen_by[lane]) for lane, length_m, behind_m in rows
        ])  # fmt: skip
