"""One run: a network, a controller, a seed -> figures; what a worker process of the table does."""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from quelea_agent.signal_head import Head

from quelea.traffic import controllers, metric, networks, roads
from quelea.traffic.controllers.base import Controller
from quelea.traffic.controllers.fixed import actuated_file
from quelea.traffic.world import GREEN_S_MIN, Lamp, World

GENERATED = Path("runs") / "traffic-grid"


@dataclass(frozen=True)
class Job:
    """What to run. liars: intersections that lie; cuts: links between neighbours that are lost."""

    network: str
    controller: str
    seed: int
    liars: int = 0
    cuts: int = 0
    options: tuple[tuple[str, int], ...] = ()


@dataclass
class Result:
    """What came out. messages: an intersection and minute. course: every minute's samples."""

    job: Job
    delay_s: float
    waiting_s: float
    trip_s: float
    cars: int
    arrived: int
    left_out: int
    teleports: int
    messages: float
    wall_s: float
    extra: dict[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return it as one flat object for a file."""
        row: dict[str, Any] = asdict(self)
        job: dict[str, Any] = row.pop("job")
        extra: dict[str, Any] = row.pop("extra")
        return job | extra | row


def run(job: Job, gui: bool = False) -> Result:
    """Simulate; libsumo allows one call of this at a time in a process."""
    begun_s = time.monotonic()
    network = networks.find(job.network)
    networks.sumo_home()
    files = networks.files(network, GENERATED)
    plan = roads.read(files.net)
    kind = controllers.find(job.controller)
    with tempfile.TemporaryDirectory(prefix="quelea-traffic-") as name:
        folder = Path(name)
        extra: tuple[str, ...] = ()
        if job.controller == "actuated":
            actuated_file(files.net, folder / "actuated.add.xml")
            extra = ("-a", str(folder / "actuated.add.xml"))
        world = World(network, files, plan, job.seed, folder / "trips.xml", gui, extra)
        with world:
            lamps = [
                Lamp(one, Head(len(one.greens), one.yellow_s, one.red_s, GREEN_S_MIN))
                for one in plan.signals
            ]
            controller = kind(world, lamps)
            _loop(world, controller, lamps)
        found = metric.trips(folder / "trips.xml", files.routes, network)
    minutes = (network.end_s - network.begin_s) / 60
    return Result(
        job, found.delay_s, found.waiting_s, found.trip_s, found.cars, found.arrived,
        found.left_out, world.teleports, controller.messages / minutes / len(lamps),
        time.monotonic() - begun_s,
    )  # fmt: skip


def _loop(world: World, controller: Controller, lamps: list[Lamp]) -> None:
    while world.running:
        if not controller.shipped:
            if (world.now_s - world.network.begin_s) % controller.every_s == 0:
                controller.decide()
            for lamp in lamps:
                world.show(lamp)
                lamp.head.tick()
        world.step()
