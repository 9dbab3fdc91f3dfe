"""Where the roads come from: RESCO's eight networks out of the installed wheel, and our own grid.

The networks are read where the package sumo-rl put them and are never copied into this project:
their licences are their own. The grid is made by SUMO's netgenerate and demand of our own.
"""

import importlib.util
import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from quelea.errors import UserError

INSTALL = "pip install 'quelea[traffic]' && pip install --no-deps sumo-rl==1.4.5"
GRID_TIMEOUT_S = 60


@dataclass(frozen=True)
class Network:
    """begin_s, end_s: simulated span. target_s: the median delay that we want to reach.

    gridlock_s: a delay above it counts as gridlock; 0 where the demand is above what fits.
    """

    name: str
    begin_s: int
    end_s: int
    routes: str
    target_s: float
    gridlock_s: float = 180.0


@dataclass(frozen=True)
class Files:
    """A network's two files."""

    net: Path
    routes: Path


NETWORKS = (
    Network("cologne1", 25200, 28800, "cologne1.rou.xml", 18.5),
    Network("cologne3", 25200, 28800, "cologne3.rou.xml", 21.0),
    Network("cologne8", 25200, 28800, "cologne8.rou.xml", 19.5),
    Network("ingolstadt1", 57600, 61200, "ingolstadt1.rou.xml", 14.0),
    Network("ingolstadt7", 57600, 61200, "ingolstadt7.rou.xml", 29.0),
    Network("grid4x4", 0, 3600, "grid4x4_1.rou.xml", 31.0),
    Network("arterial4x4", 0, 3600, "arterial4x4_1.rou.xml", 780.0, 0.0),
    Network("ingolstadt21", 57600, 61200, "ingolstadt21.rou.xml", 65.0),
)
GRID = Network("grid", 0, 600, "grid.rou.xml", 0.0)


def find(name: str) -> Network:
    """Return a network by its name; UserError for one that is none."""
    for network in (*NETWORKS, GRID):
        if network.name == name:
            return network
    known = ", ".join(network.name for network in (*NETWORKS, GRID))
    raise UserError(f"no network named {name!r}", "NETWORK", f"one of: {known}")


def sumo_home() -> Path:
    """Return SUMO's folder and tell its programs about it; UserError if it is missing."""
    found = importlib.util.find_spec("sumo")
    if found is None or not found.submodule_search_locations:
        raise UserError("SUMO is missing", "quelea traffic", "", INSTALL)
    home = Path(next(iter(found.submodule_search_locations)))
    os.environ["SUMO_HOME"] = str(home)
    return home


def files(network: Network, folder: Path) -> Files:
    """Return a network's files; the grid is generated into folder if it is not there yet."""
    if network.name == GRID.name:
        return _grid(folder)
    found = importlib.util.find_spec("sumo_rl")
    if found is None or not found.submodule_search_locations:
        raise UserError(f"the files of {network.name} are missing", "NETWORK", "", INSTALL)
    place = Path(next(iter(found.submodule_search_locations))) / "nets" / "RESCO" / network.name
    both = Files(place / f"{network.name}.net.xml", place / network.routes)
    for path in (both.net, both.routes):
        if not path.exists():
            raise UserError(f"{path.name} is not in the installed sumo-rl", "NETWORK", "", INSTALL)
    return both


# -- the small grid --------------------------------------------------------------------------
GRID_SIDE = 2  # intersections with signals in each direction
GRID_METRES = 150
GRID_CARS = 180
GRID_SEED = 7


def _grid(folder: Path) -> Files:
    """Generate 2 x 2 signals with arms all round, yellow 3 s and all red 1 s, and its demand."""
    both = Files(folder / "grid.net.xml", folder / "grid.rou.xml")
    if both.net.exists() and both.routes.exists():
        return both
    folder.mkdir(parents=True, exist_ok=True)
    program = sumo_home() / "bin" / "netgenerate"
    side, metres = str(GRID_SIDE), str(GRID_METRES)
    asked = subprocess.run(
        [
            str(program), "--grid", "--grid.x-number", side, "--grid.y-number", side,
            "--grid.length", metres, "--grid.attach-length", metres, "--default.lanenumber", "1",
            "--default-junction-type", "traffic_light", "--tls.allred.time", "1",
            "--tls.yellow.time", "3",
            "--no-turnarounds", "true", "--seed", "1", "-o", str(both.net),
        ],
        capture_output=True, text=True, timeout=GRID_TIMEOUT_S, check=False,
    )  # fmt: skip
    if asked.returncode:
        raise UserError("the grid could not be generated", "grid", asked.stderr.strip()[-300:])
    both.routes.write_text(_grid_routes())
    return both


def _grid_routes() -> str:
    """Return demand from arm to arm: cars that depart evenly, more along one axis."""
    draws = random.Random(GRID_SEED)
    last = GRID_SIDE - 1
    arms = [(f"left{i}", f"A{i}") for i in range(GRID_SIDE)]
    arms += [(f"right{i}", f"{chr(ord('A') + last)}{i}") for i in range(GRID_SIDE)]
    arms += [(f"bottom{i}", f"{chr(ord('A') + i)}0") for i in range(GRID_SIDE)]
    arms += [(f"top{i}", f"{chr(ord('A') + i)}{last}") for i in range(GRID_SIDE)]
    rows = ['<routes><vType id="car" speedDev="0.1"/>']
    for number in range(GRID_CARS):
        west_east = draws.random() < 0.6
        come = draws.choice(arms[: 2 * GRID_SIDE] if west_east else arms[2 * GRID_SIDE :])
        go = draws.choice([arm for arm in arms if arm != come])
        depart_s = number * 480 // GRID_CARS
        rows.append(
            f'<trip id="{number}" type="car" depart="{depart_s}" '
            f'from="{come[0]}{come[1]}" to="{go[1]}{go[0]}"/>'
        )
    return "\n".join([*rows, "</routes>\n"])
