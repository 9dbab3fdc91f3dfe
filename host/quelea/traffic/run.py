"""One run: a network, a controller, a seed -> figures; what a worker process of the table does."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from quelea_agent.signal_head import Head

from quelea.traffic import controllers, metric, networks, picture, roads, twins
from quelea.traffic.controllers.base import Controller
from quelea.traffic.controllers.fixed import actuated_file
from quelea.traffic.roads import YELLOW_S
from quelea.traffic.world import GREEN_S_MIN, Lamp, World

GENERATED = Path("runs") / "traffic" / "grid"
Watch = Callable[[World, list[Lamp]], None]


@dataclass(frozen=True)
class Job:
    """What to run. liars: intersections that lie; cuts: links between neighbours that are lost.

    options: of the agents, beside their defaults. seconds: of simulated time; 0 for all.
    yellow_s: for whoever sets the lamps; 0 for the shipped programs' own.
    """

    network: str
    controller: str
    seed: int
    liars: int = 0
    cuts: int = 0
    options: tuple[tuple[str, int], ...] = ()
    seconds: int = 0
    yellow_s: int = YELLOW_S


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


def run(
    job: Job, gui: bool = False, watch: Watch | None = None, fleet: bool = False,
    outputs: Path | None = None,
) -> Result:  # fmt: skip
    """Simulate; libsumo allows one call of this at a time in a process.

    watch: called each second with the world and the lamps. fleet: the agents as processes.
    outputs: a folder for what a picture is drawn from.
    """
    begun_s = time.monotonic()
    network = networks.find(job.network)
    if job.seconds:
        network = replace(network, end_s=network.begin_s + job.seconds)
    networks.sumo_home()
    files = networks.files(network, GENERATED)
    kind = controllers.find(job.controller)
    plan = roads.read(files.net, job.yellow_s, twins.joined if kind.takes_options else None)
    with tempfile.TemporaryDirectory(prefix="quelea-traffic-") as name:
        folder = Path(name)
        extra = picture.outputs(outputs) if outputs else ()
        if job.controller == "actuated":
            actuated_file(files.net, folder / "actuated.add.xml")
            extra += ("-a", str(folder / "actuated.add.xml"))
        world = World(network, files, plan, job.seed, folder / "trips.xml", gui, extra)
        with ExitStack() as stack:
            processes = stack.enter_context(_processes(plan, folder, job)) if fleet else None
            stack.enter_context(world)
            lamps = [
                Lamp(one, Head(len(one.greens), one.yellow_s, one.red_s, GREEN_S_MIN))
                for one in plan.signals
            ]
            controller = _make(kind, world, lamps, job, processes)
            _loop(world, controller, lamps, watch)
        found = metric.trips(folder / "trips.xml", files.routes, network)
    minutes = (network.end_s - network.begin_s) / 60
    return Result(
        job, found.delay_s, found.waiting_s, found.trip_s, found.cars, found.arrived,
        found.left_out, world.teleports, controller.messages / minutes / len(lamps),
        time.monotonic() - begun_s, controller.extra(),
    )  # fmt: skip


def _processes(plan: roads.Roads, folder: Path, job: Job) -> Any:
    from quelea.traffic.fleet import TrafficFleet

    return TrafficFleet(plan, folder, dict(job.options))


def _make(
    kind: Any, world: World, lamps: list[Lamp], job: Job, processes: Any = None
) -> Controller:
    if processes is not None:
        from quelea.traffic.fleet import FleetController

        return FleetController(world, lamps, processes)
    if kind.takes_options:
        made: Controller = kind(world, lamps, dict(job.options), job.liars, job.cuts, job.seed)
    else:
        made = kind(world, lamps)
    return made


def _loop(world: World, controller: Controller, lamps: list[Lamp], watch: Watch | None) -> None:
    while world.running:
        if not controller.shipped:
            if (world.now_s - world.network.begin_s) % controller.every_s == 0:
                controller.decide()
            for lamp in lamps:
                world.show(lamp)
            if watch is not None:
                watch(world, lamps)
            for lamp in lamps:
                lamp.head.tick()
        elif watch is not None:
            watch(world, lamps)
        world.step()
