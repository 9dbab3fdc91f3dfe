"""The journal of a story: who took part, its phases, every round and, of processes, every message.

A story has no frames of the consensus. Its rows are kept as they were heard, with the cause
`rumour` or `lease`, which says what they are; what came of a round is an event `round`, and a
phase an event `phase` at its begin. What became of a node is a status of it, whenever it changes.
"""

import json
from collections.abc import Sequence
from typing import Any

from quelea.journal import Check, NodeRow, RunFolder, begin
from quelea.journal.rows import LEASE, RUMOUR, refusal
from quelea.story.course import Phase, World
from quelea.story.setting import CAPACITIES, Instance

KIND = "story"  # the run key `kind`: tells the journal of a story from that of a fleet
HOST = -1  # number of what stands for the servers: no node
PERIOD_MS = 250
US = 1_000_000


def node_id(number: int) -> str:
    """Return the id of a node number."""
    return f"a{number:02d}"


class Chronicle:
    """One run. real: of processes, by the clock; else a round takes a period.

    All methods may be called from any thread.
    """

    def __init__(
        self, folder: RunFolder, instance: Instance, phases: Sequence[Phase],
        liars: Sequence[int], real: bool,
    ) -> None:  # fmt: skip
        self.rounds = 0
        self._known: dict[int, str] = {}  # newest status of each
        self.recorder = folder.writer(None if real else self._virtual_us)
        nodes = [
            NodeRow(number, node_id(number), others, _roles(number in liars, phases))
            for number, others in enumerate(instance.neighbours, 1)
        ]
        begin(
            self.recorder, name="story", nodes=nodes, seed=instance.seed,
            settings={
                "rho": instance.rho, "real": real, "period_ms": PERIOD_MS,
                "capacities": CAPACITIES, "demands": instance.demands,
                "allowed": instance.allowed,
            },
            topology={"family": "random-regular", "degree": len(instance.neighbours[0])},
        )  # fmt: skip
        self.recorder.run("kind", KIND)
        self.recorder.nodes([NodeRow(HOST, "servers")])
        for one in nodes if not real else ():
            self.recorder.state(one.number, "lease", "present")

    def _virtual_us(self) -> int:
        return self.rounds * PERIOD_MS * 1000

    # -- what happens -----------------------------------------------------------------------------
    def phase(self, phase: Phase, world: World, best: float) -> None:
        """Record that a phase begins; best: the optimum in it, units."""
        detail = {
            "phase": phase.name, "mode": str(phase.mode), "rounds": phase.rounds, "optimum": best,
            "capacities_q": list(world.capacities_q),
            "demands_q": [agent.demand_q for agent in world.agents],
        }  # fmt: skip
        self.recorder.event("story", "phase", detail)
        now_us = self.recorder.now_us()
        if phase.halved >= 0:
            self.recorder.fault("halved", f"server {phase.halved}", now_us, fired=1)
        if phase.liars:
            self.recorder.fault("lies", f"{phase.liars} nodes", now_us, fired=1)

    def round(self, world: World, row: dict[str, Any]) -> None:
        """Record what came of a round; row: the columns of a Course."""
        self.rounds += 1
        rounded = {
            name: [round(one, 4) for one in value] if isinstance(value, list) else round(value, 4)
            for name, value in row.items()
        }
        self.recorder.event("story", "round", rounded)
        for number, agent in enumerate(world.agents, 1):
            status = json.dumps(
                {
                    "server": world.servers[number - 1],
                    "demand_q": agent.demand_q,
                    "sent_q": world.sent_q[number - 1],
                    "served_q": world.served_q[number - 1],
                }
            )
            if self._known.get(number) != status:
                self._known[number] = status
                self.recorder.status(number, status)

    def state(self, number: int, value: str) -> None:
        """Record a node's $state, and what follows from it."""
        self.recorder.state(number, "$state", value)
        if value == "ready":
            self.recorder.state(number, "lease", "present")

    def question(self, number: int, payload: bytes) -> None:
        """Record what a node asks of a server."""
        self._row("x", number, 0, payload, LEASE)

    def answer(self, number: int, payload: bytes) -> None:
        """Record what the servers answer a node."""
        self._row("grant", HOST, number, payload, LEASE)

    def rumour(self, source: int, dest: int, payload: bytes) -> None:
        """Record what one node tells another."""
        self._row("d", source, dest, payload, RUMOUR)

    def _row(self, channel: str, source: int, dest: int, payload: bytes, cause: str) -> None:
        recorder = self.recorder
        recorder.frame(recorder.now_us(), channel, source, dest, payload, refusal(cause))

    # -- its end ----------------------------------------------------------------------------------
    def finish(self, checks: Sequence[Check], holds: bool) -> None:
        """Record the verdict."""
        self.recorder.finish(checks, holds)

    def close(self) -> str:
        """Write what is left; return what the journal lacks, or an empty string."""
        lacks = self.recorder.close()
        return f"the journal lacks {lacks.dropped}: {lacks.reason}" if lacks else ""


def _roles(lies: bool, phases: Sequence[Phase]) -> tuple[str, ...]:
    name = next((phase.lie for phase in phases if phase.liars), "")
    return ("liar", f"attack:{name}") if lies else ()
