"""What one seed of the engine did on real agents: a journal for the checkers, and flights.

The same rows as the simulator's, so the same checkers judge them and the same picture is drawn.
"""

import json
from typing import Any

from quelea_agent.counters import NAMES

from quelea.checkers.facts import KEY
from quelea.journal import MemoryRecorder, NodeRow
from quelea.simulator.engine.plan import DRAWS, Group
from quelea.simulator.world import Flight

PERIOD_MS = 1000
PHASE = 619
SECOND_US = 1_000_000
AGE_MAX = 11  # rounds from a frame's sending until it is in a table: late and clogged, or old
BEFORE_US = 500  # by which a reading, a cut or the calm comes before the round that it holds from


def at_us(node: int, round_: int) -> int:
    """Return when node number `node` does a round, in virtual time."""
    return (round_ + 1) * SECOND_US + PHASE * node % PERIOD_MS * 1000


class Diary:
    """Rows in the order they come to mind; journal() puts them in the order of time."""

    def __init__(self, group: Group, lane: int) -> None:
        self.group = group
        self.liars = tuple(n for n in group.liars if group.lies[n - 1, lane])
        self.lane = lane
        self.flights: list[Flight] = []
        self._frames: dict[tuple[int, int, int, bytes], None] = {}  # t_us, source, dest, payload
        self._events: list[tuple[int, str, str, dict[str, Any]]] = []
        self._statuses: list[tuple[int, int, str]] = []
        self._readings: list[int | None] = [None] * group.topology.node_count
        self._cut = False

    # -- what the twin tells; nodes are counted from 0 ------------------------------------------
    def enter(self, group: Group, lane: int, segment: int, round_: int) -> None:
        """Take down what changes with a segment that begins with this round."""
        t_us = (round_ + 1) * SECOND_US - BEFORE_US
        for i, reading_q in enumerate(group.demand[segment, :, lane].tolist()):
            if reading_q != self._readings[i]:
                self._readings[i] = reading_q
                self._events.append(
                    (t_us, group.topology.id_of(i + 1), "reading", {"q": reading_q})
                )
        cut = bool(group.cuts[segment, :2, lane].any())
        if cut != self._cut:
            self._events.append((t_us, "network", "cut" if cut else "healed", {}))
        self._cut = cut
        if group.away[segment, :, lane].any():
            self._events.append((t_us, "broker", "restarted", {}))
        if round_ >= group.calm_from:
            self._events.append((t_us, "fleet", "calm", {}))

    def event(self, i: int, round_: int, what: str, detail: dict[str, Any], agent: Any) -> None:
        """Take down what befell a node; its counters when its power goes."""
        t_us = at_us(i + 1, round_) - BEFORE_US
        if what == "down":
            self._status(t_us, i, agent)
        self._events.append((t_us, self.group.topology.id_of(i + 1), what, detail))

    def frame(self, i: int, round_: int, dest: int, payload: bytes) -> None:
        """Take down a frame; dest: 0, or the number of the only one who is told this."""
        self._frames[at_us(i + 1, round_), i + 1, dest, payload] = None

    def flight(self, source: int, sent: int, dest: int, heard: int, fate: str) -> None:
        """Take down the way of a frame; sent, heard: in which rounds."""
        here_us = at_us(source + 1, sent)
        there_us = at_us(dest + 1, heard) if heard > sent else here_us
        self.flights.append(Flight(here_us, there_us, source + 1, dest + 1, fate))

    def finish(self, rounds: int, agents: list[Any]) -> None:
        """Take down the counters of those that are up at the end."""
        for i, agent in enumerate(agents):
            if agent is not None:
                self._status((rounds + 1) * SECOND_US, i, agent)

    def _status(self, t_us: int, i: int, agent: Any) -> None:
        counted = dict(zip(NAMES, agent.counters.counts, strict=True))
        document = {"session": agent.session, "seq": agent.seq, "counters": counted}
        self._statuses.append((t_us, i + 1, json.dumps(document)))

    # -- what is read -----------------------------------------------------------------------------
    def journal(self, title: str) -> MemoryRecorder:
        """Return it all as a journal."""
        group, topology = self.group, self.group.topology
        out = MemoryRecorder(lambda: 0)
        out.nodes(
            [
                NodeRow(n, topology.id_of(n), topology.neighbours(n), self._roles(n))
                for n in topology.nodes
            ]
        )
        options = group.options(self.lane)
        out.run("name", title)
        out.run("seed", options["seed"])
        out.run("liars", list(self.liars))
        out.run("settings", options)
        out.run(KEY, self._facts())
        for t_us, source, dest, payload in sorted(self._frames, key=lambda row: row[:3]):
            out.frame(t_us, "d" if dest else "x", source, dest, payload)
        for t_us, who, name, detail in sorted(self._events, key=lambda row: row[0]):
            out.event(who, name, detail, t_us)
        for t_us, node, document in sorted(self._statuses):
            out.status(node, document, t_us)
        return out

    def _roles(self, number: int) -> tuple[str, ...]:
        lie = int(self.group.lies[number - 1, self.lane]) if number in self.liars else 0
        return ("liar", f"attack:lie-{lie}") if lie else ()

    def _facts(self) -> dict[str, Any]:
        group = self.group
        names = ("mode", "rule", "faults_max", "epoch_rounds", "fresh_rounds", "lo_q", "hi_q")
        return {
            **{name: getattr(group, name) for name in names},
            "period_ms": PERIOD_MS,
            "fanout": 0,
            "in_model": True,
            "whole": True,
            "age_max_ms": (AGE_MAX + group.fresh_rounds) * PERIOD_MS,
            "first_epoch": int(group.draws[DRAWS.index("epoch"), self.lane]),
            "rounds_max": float(group.due[self.lane]),
            "spread_max_q": int(group.bound_q[self.lane]),
        }
