"""The world: one SUMO simulation in this process, its detectors read and its lamps set.

libsumo holds one simulation a process; `gui` takes SUMO's window instead, over a socket. Teleports
are off, so what is jammed stays jammed.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from quelea_agent.signal_head import GREEN, RED, Head

from quelea.errors import UserError
from quelea.traffic import networks
from quelea.traffic.networks import Files, Network
from quelea.traffic.roads import DETECTOR_M, Roads, Signal

HALTED_M_S = 0.1  # SUMO's own bound of waiting
GREEN_S_MIN = 5
WINDOW = "sumo-gui"
WINDOW_OPTIONS = ("--start", "true", "--quit-on-end", "true")
REMEDY = "run it on a desktop or under xvfb-run, or leave out --gui and draw with --png FILE"


@dataclass
class Seen:
    """What a detector sees of a lane: cars that stand, and of the others metres and speed.

    cars: (metres to the stop line, metres a second, share), nearest first is not promised.
    """

    queue: float = 0.0
    moving: float = 0.0
    cars: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def all(self) -> float:
        """Standing and moving."""
        return self.queue + self.moving


@dataclass
class Lamp:
    """A signal's head, and what SUMO shows."""

    signal: Signal
    head: Head
    shown: str = ""

    def state(self) -> str:
        """Return the string of lamps for the head's stage."""
        head = self.head
        if head.stage == GREEN:
            return str(self.signal.greens[head.phase])
        shown: tuple[str, str] = self.signal.between(head.phase, head.next)
        return shown[1] if head.stage == RED else shown[0]


class World:
    """A context: SUMO starts when it is entered. extra: further options of SUMO."""

    def __init__(
        self, network: Network, files: Files, roads: Roads, seed: int, trips: Path,
        gui: bool = False, extra: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.network = network
        self.roads = roads
        self.trips = trips
        self.now_s = network.begin_s
        self.gui = gui
        self.teleports = 0
        self._options = [
            "-n", str(files.net), "-r", str(files.routes), "-b", str(network.begin_s),
            "-e", str(network.end_s), "--seed", str(seed), "--time-to-teleport", "-1",
            "--tripinfo-output", str(trips), "--tripinfo-output.write-unfinished",
            "--no-step-log", "true", "--no-warnings", "true", "--duration-log.disable", "true",
            *extra,
        ]  # fmt: skip

    def __enter__(self) -> World:
        home = networks.sumo_home()
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            # it warns of a pyarrow of another version, which is not used here
            self.sumo: Any = importlib.import_module("traci" if self.gui else "libsumo")
        if self.gui:
            self._open([str(home / "bin" / WINDOW), *self._options, *WINDOW_OPTIONS])
        else:
            self.sumo.start([str(home / "bin" / "sumo"), *self._options])
        return self

    def _open(self, command: list[str]) -> None:
        """Start SUMO with its window and wait for it; UserError if none can be shown."""
        if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
            raise UserError(
                "no display to open a window on", "--gui", "DISPLAY is not set", REMEDY
            )
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it tells of every attempt to connect
                port = importlib.import_module("sumolib.miscutils").getFreeSocketPort()
                self.sumo.start(command, port=port)  # without a port it tries sixty of them
        except (OSError, self.sumo.TraCIException, self.sumo.FatalTraCIError) as error:
            raise UserError("SUMO's window does not open", "--gui", str(error), REMEDY) from None

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        with contextlib.suppress(Exception):  # a window that was closed has ended by itself
            self.sumo.close()
        if self.gui and isinstance(value, self.sumo.FatalTraCIError):
            raise UserError(
                "SUMO ended before the run was over", "--gui", "its window was closed",
                "leave it open until it closes by itself",
            ) from None  # fmt: skip

    @property
    def running(self) -> bool:
        """Whether there are seconds left."""
        return self.now_s < self.network.end_s

    def step(self) -> None:
        """Simulate a second."""
        self.sumo.simulationStep()
        self.teleports += self.sumo.simulation.getStartingTeleportNumber()
        self.now_s += 1

    def show(self, lamp: Lamp) -> None:
        """Set a signal's lamps, if they have changed."""
        state = lamp.state()
        if state != lamp.shown:
            lamp.shown = state
            start = 0
            for name, lamps in lamp.signal.parts:
                part = state[start : start + lamps]
                self.sumo.trafficlight.setRedYellowGreenState(name, part)
                start += lamps

    def see(self, signal: Signal) -> list[Seen]:
        """Read the detectors of an intersection, one entry a lane."""
        lane, vehicle = self.sumo.lane, self.sumo.vehicle
        found = []
        for pieces in signal.pieces:
            seen = Seen()
            for piece in pieces:
                for name in lane.getLastStepVehicleIDs(piece.lane):
                    metres = piece.behind_m + piece.length_m - vehicle.getLanePosition(name)
                    if metres > DETECTOR_M:
                        continue
                    speed = vehicle.getSpeed(name)
                    if speed < HALTED_M_S:
                        seen.queue += piece.share
                    else:
                        seen.moving += piece.share
                    seen.cars.append((metres, speed, piece.share))
            found.append(seen)
        return found

    def jammed(self, lane: str, metres: float, car_m: float) -> int:
        """Return how full of standing cars the beginning of a lane is, in percent."""
        if not self.sumo.lane.getLastStepHaltingNumber(lane):
            return 0
        vehicle = self.sumo.vehicle
        metres = max(metres / 2, min(metres, self.sumo.lane.getLength(lane)))
        cars = sum(
            vehicle.getLanePosition(name) <= metres and vehicle.getSpeed(name) < HALTED_M_S
            for name in self.sumo.lane.getLastStepVehicleIDs(lane)
        )
        return min(100, int(100 * cars * car_m / metres))

    def boxes(self, signal: Signal) -> list[str]:
        """Return the lanes inside the junctions of a signal."""
        light = self.sumo.trafficlight
        heads = {
            link[2].rsplit("_", 2)[0] + "_"
            for name, _ in signal.parts for links in light.getControlledLinks(name)
            for link in links if link[2]
        }  # fmt: skip
        return [
            lane for lane in self.sumo.lane.getIDList()
            if lane.startswith(":") and lane.rsplit("_", 2)[0] + "_" in heads
            and lane.rsplit("_", 2)[1].isdigit()
        ]  # fmt: skip

    def slow(self, lanes: list[str], speed_m_s: float) -> int:
        """Return how many cars on these lanes are slower than that."""
        lane, vehicle = self.sumo.lane, self.sumo.vehicle
        return sum(
            vehicle.getSpeed(name) < speed_m_s
            for one in lanes if lane.getLastStepVehicleNumber(one)
            for name in lane.getLastStepVehicleIDs(one)
        )  # fmt: skip

    def standing(self, lane: str) -> int:
        """Return how many cars stand on a lane."""
        return int(self.sumo.lane.getLastStepHaltingNumber(lane))
