"""`quelea serve --fleet`: real MicroPython processes that hold models and answer requests.

Phases: steady load; the demand moves to other models; the node that answers most is killed.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from quelea_proto import request_row, topics
from quelea_proto.request_row import BYTES, PART
from rich.console import Console
from rich.table import Table

from quelea.fleet.crowd import Crowd
from quelea.journal import Check, open_run
from quelea.serving.load import Load, Tally
from quelea.serving.loop import ball_of
from quelea.serving.models import LINK_KB, Model, train
from quelea.topology import regular

if TYPE_CHECKING:
    from quelea.serving.command import Options

FLEET = "serve"
NODES, DEGREE = 8, 4
MEMORY_BYTES = 3000  # for models: one, two or three of six
TIME_MS = 1000
LOAD = 0.5
SKEW = 1.6
WORTH_PERCENT = 90
LINK_KB_S = 100
PERIOD_MS = 1000
THINK_ROUNDS = 3
MARGIN = 18  # a step must bring an 18th of what is answered in sight
DEADLINE_MS = 2000
PLACED_S = 60.0
SETTLE_S = 10.0  # before moves are counted
PLACED_ROUNDS = 8  # the first ones, before the load begins
PARTS = (0.5, 0.28, 0.22)  # of --seconds: steady, shifted, killed
MODULE = "quelea_agent.port.serving"
SERVED_MIN = 0.95
DOWN_S = 86400.0  # a killed node stays away
STORE = "host"


def node_id(number: int) -> str:
    """Return the id of a node number."""
    return f"s{number:02d}"


def demands(models: int, nodes: int, seed: int) -> list[list[float]]:
    """Return ms a second by (node, model): skewed, half alike at all nodes."""
    rng = np.random.default_rng(seed)
    zipf = (np.arange(models) + 1.0) ** -SKEW
    shared = rng.permutation(zipf)
    shares = np.array([0.5 * shared + 0.5 * rng.permutation(zipf) for _ in range(nodes)])
    found: list[list[float]] = (shares / shares.sum() * LOAD * TIME_MS * nodes).tolist()
    return found


class ServeFleet(Crowd):
    """Broker, processes, the store of files; all ended when the context is left."""

    def __init__(self, models: list[Model], folder: Path, seed: int, nodes: int = NODES) -> None:
        super().__init__(FLEET, MODULE, [node_id(n + 1) for n in range(nodes)], folder)
        self.models = models
        self.seed = seed
        graph = regular.make(str(DEGREE), nodes, seed)
        self.neighbours = tuple(
            tuple(number - 1 for number in graph.neighbours(own)) for own in graph.nodes
        )
        self.reports: dict[int, dict[str, Any]] = {}
        self.parts = 0  # of files that were sent
        self.spoilt = 0  # of these, on purpose
        self.spoil_every = 40
        self.wanted = demands(len(models), nodes, seed)
        self.load = Load(models, self.neighbours, DEADLINE_MS, self._ask, seed)
        self._row = request_row.Row()

    def _config(self, number: int, broker: dict[str, Any]) -> dict[str, Any]:
        """Return cfg.json of a node."""
        own = number - 1
        ball = ball_of(self.neighbours, own)
        members = [
            [k + 1, node_id(k + 1), [
                [ball.index(j), LINK_KB_S] for j in self.neighbours[k] if j in ball
            ]]
            for k in ball
        ]  # fmt: skip
        return {
            "v": 1,
            "fleet": FLEET,
            "id": node_id(number),
            "node": number,
            "neighbours": [
                [j + 1, node_id(j + 1), self.neighbours[j].index(own)]
                for j in self.neighbours[own]
            ],
            "period_ms": PERIOD_MS,
            "broker": broker,
            "serving": {
                "members": members,
                "models": [[len(one.file), one.work_ms, LINK_KB, one.sha] for one in self.models],
                "memory": MEMORY_BYTES,
                "time_ms": TIME_MS,
                "worth_percent": WORTH_PERCENT,
                "want_ms": [round(ms) for ms in self.wanted[own]],
                "margin": MARGIN,
                "think_rounds": THINK_ROUNDS,
                "seed": self.seed,
            },
        }

    # -- messages -------------------------------------------------------------------------------
    def _subscribe(self) -> None:
        for name in ("state", "status"):
            self.link.subscribe(topics.build(name, FLEET, "+"))
        self.link.subscribe(topics.build("direct", FLEET, "+", STORE))

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        parsed = topics.parse(topic)
        if parsed is None:
            return
        name, _, sender, _ = parsed
        number = int(sender[1:])
        if name == "state" and payload == b"ready":
            self.ready.add(number)
        elif name == "state" and payload == b"lost":  # its last will
            self.load.avoid(number)
        elif name == "status":
            self.reports[number] = json.loads(payload)
        elif name == "direct" and request_row.unpack(payload, self._row):
            if self._row.kind == PART:
                self._send_part(number, self._row)
            else:
                self.load.answered(self._row)

    def _send_part(self, number: int, row: request_row.Row) -> None:
        """Answer a question for a part of a file; one in so many is spoilt, to see it refused."""
        if row.model >= len(self.models):
            return
        file = self.models[row.model].file
        part = bytearray(file[row.number : row.number + row.value])
        self.parts += 1
        if part and self.spoil_every and self.parts % self.spoil_every == self.spoil_every // 2:
            part[0] ^= 1
            self.spoilt += 1
        self._ask(
            number, request_row.pack(BYTES, 0, row.number, row.model, len(file), bytes(part))
        )

    def _ask(self, number: int, row: bytes) -> None:
        self.link.publish(topics.build("command", FLEET, node_id(number), "srv"), row)

    # -- what is known ---------------------------------------------------------------------------
    def total(self, name: str) -> int:
        """Return a counter's sum over the newest reports."""
        return sum(int(report[name]) for report in self.reports.values())

    def placed(self) -> bool:
        """Return whether every node holds what it wants to hold."""
        loaded = self.total("loads") >= len(self.models)
        return (
            loaded
            and len(self.reports) == len(self.numbers)
            and all(
                report["open"] == report["held"] and report["round"] > PLACED_ROUNDS
                for report in self.reports.values()
            )
        )

    def await_placed(self) -> None:
        """Wait until the first models are loaded."""
        self.wait_until(self.placed, PLACED_S, "load their models")

    def kill(self) -> int:
        """Kill the node that answered most; return its number."""
        victim = max(self.reports, key=lambda number: int(self.reports[number]["answered"]))
        self.supervisor.kill(node_id(victim), DOWN_S)
        return victim

    def shifted(self) -> list[list[float]]:
        """Return the demand with every node's models exchanged: the last asked most."""
        order = np.argsort(np.array(self.wanted).sum(axis=0))
        moved = np.array(self.wanted)
        moved[:, order] = np.array(self.wanted)[:, order[::-1]]
        return [[float(ms) for ms in row] for row in moved]


class Phase:
    """What was seen in a phase. moves: models loaded in it after the first SETTLE_S."""

    def __init__(self, name: str, seconds: float, tally: Tally, moves: int) -> None:
        self.name = name
        self.seconds = seconds
        self.tally = tally
        self.moves = moves

    @property
    def moves_per_minute(self) -> float:
        return 60 * self.moves / max(1.0, self.seconds - SETTLE_S)

    @property
    def served(self) -> float:
        return self.tally.answered / max(1, self.tally.sent)

    def as_json(self) -> dict[str, Any]:
        one = self.tally
        return {
            "phase": self.name, "seconds": self.seconds, "sent": one.sent,
            "answered": one.answered, "refused": one.refused, "lost": one.lost,
            "wrong": one.wrong, "retried": one.retried, "handed_on": one.handed_on,
            "p50_ms": one.percentile(50), "p99_ms": one.percentile(99),
            "moves_per_minute": self.moves_per_minute,
        }  # fmt: skip


def run(fleet: ServeFleet, seconds: float, console: Console) -> list[Phase]:
    """Run the three phases on a fleet that has started."""
    fleet.await_placed()
    console.print(f"{len(fleet.numbers)} MicroPython processes hold their models; load begins")
    shifted = fleet.shifted()
    phases = []
    for turn, (name, wanted) in enumerate(
        (("steady", fleet.wanted), ("shifted", shifted), ("a node killed", shifted))
    ):
        took_s = seconds * PARTS[turn]
        if turn == 2:
            victim = fleet.kill()
            console.print(f"{node_id(victim)} is killed")
        begun = _loads_later(fleet, SETTLE_S)
        tally = fleet.load.run(took_s, wanted)
        phases.append(Phase(name, took_s, tally, fleet.total("loads") - begun[0]))
        console.print(
            f"{name}: {tally.answered} of {tally.sent} answered, {tally.refused} refused"
        )
    fleet.load.drain()
    fleet.link.publish(topics.build("command", FLEET, "all", "stop"), "{}", 1)
    return phases


def _loads_later(fleet: ServeFleet, seconds: float) -> list[int]:
    """Return a list whose only item becomes the models loaded so far, after so many seconds."""
    import threading

    found = [fleet.total("loads")]

    def note() -> None:
        found[0] = fleet.total("loads")

    timer = threading.Timer(seconds, note)
    timer.daemon = True
    timer.start()
    return found


def checks(phases: list[Phase], fleet: ServeFleet) -> list[Check]:
    """Return the bounds."""
    lost = sum(one.tally.lost for one in phases)
    wrong = sum(one.tally.wrong for one in phases)
    steady = phases[0]
    late = max(one.tally.percentile(99) for one in phases)
    return [
        Check("requests neither answered nor refused in time", lost == 0, lost, 0, "requests"),
        Check("answers that differ from the reference", wrong == 0, wrong, 0, "answers"),
        Check("steady: served", steady.served >= SERVED_MIN, steady.served, SERVED_MIN, "of sent"),
        Check("steady: moves", steady.moves_per_minute <= 1.0, steady.moves_per_minute, 1.0,
              "a minute"),
        Check("99th percentile of the wait, worst phase", late <= DEADLINE_MS, late, DEADLINE_MS,
              "ms"),
        Check("spoilt files refused", fleet.total("faulty") >= min(1, fleet.spoilt),
              fleet.total("faulty"), min(1, fleet.spoilt), "at least"),
    ]  # fmt: skip


def tell(options: "Options", console: Console) -> tuple[list[Check], dict[str, Any]]:
    """Start, run, print; return the checks and the run's part of the JSON object."""
    models = train(options.seed)
    folder = open_run("serve", options.runs)
    with ServeFleet(models, folder.path, options.seed) as fleet:
        phases = run(fleet, float(options.seconds), console)
        heap = max(int(report["heap_bytes"]) for report in fleet.reports.values())
        found = checks(phases, fleet)
        reports = dict(sorted(fleet.reports.items()))
    names = (
        "phase",
        "sent",
        "answered",
        "refused",
        "lost",
        "handed on",
        "p50",
        "p99",
        "moves/min",
    )
    table = Table(title=f"{NODES} nodes, deadline {DEADLINE_MS} ms; heap {heap} bytes at most")
    for name in names:
        table.add_column(name, justify="left" if name == "phase" else "right")
    for one in phases:
        tally = one.tally
        table.add_row(
            one.name, f"{tally.sent}", f"{tally.answered}", f"{tally.refused}", f"{tally.lost}",
            f"{tally.handed_on}", f"{tally.percentile(50):.0f} ms",
            f"{tally.percentile(99):.0f} ms", f"{one.moves_per_minute:.1f}",
        )  # fmt: skip
    console.print(table)
    return found, {"phases": [one.as_json() for one in phases], "nodes": reports, "heap": heap}
