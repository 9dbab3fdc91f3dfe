"""The figures of a run, from SUMO's own trip file.

Delay is the mean over all cars of time lost on the way plus time waited to get in, also of those
that did not arrive; a car that never got in counts from its wished departure to the end. This is
the metric of RESCO's published results.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from quelea.traffic.networks import Network


@dataclass(frozen=True)
class Trips:
    """Means over cars in seconds, and counts. left_out: cars that never got in."""

    delay_s: float
    waiting_s: float
    trip_s: float
    cars: int
    arrived: int
    left_out: int


def wished(routes: Path, network: Network) -> dict[str, float]:
    """Return the wished departure of every car within the simulated span."""
    found = {}
    for _, row in ElementTree.iterparse(routes):
        if row.tag in ("vehicle", "trip"):
            depart_s = float(row.get("depart", "0"))
            if network.begin_s <= depart_s < network.end_s:
                found[str(row.get("id"))] = depart_s
        if row.tag != "route":
            row.clear()
    return found


def trips(path: Path, routes: Path, network: Network) -> Trips:
    """Read a finished run's trip file."""
    absent = wished(routes, network)
    lost_s = waiting_s = trip_s = 0.0
    cars = arrived = 0
    for _, row in ElementTree.iterparse(path):
        if row.tag != "tripinfo":
            continue
        cars += 1
        lost_s += float(row.get("timeLoss", "0")) + max(0.0, float(row.get("departDelay", "0")))
        waiting_s += float(row.get("waitingTime", "0"))
        trip_s += float(row.get("duration", "0"))
        arrived += float(row.get("arrival", "-1")) >= 0
        absent.pop(str(row.get("id")), None)
        row.clear()
    lost_s += sum(network.end_s - depart_s for depart_s in absent.values())
    every = max(1, cars + len(absent))
    seen = max(1, cars)
    return Trips(lost_s / every, waiting_s / seen, trip_s / seen, every, arrived, len(absent))
