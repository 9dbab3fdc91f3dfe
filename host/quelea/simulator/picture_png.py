"""The same picture as PNG; needs matplotlib: pip install 'quelea[plot]'."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

from quelea.simulator.network import LOST, SENT
from quelea.simulator.picture import COLOURS, OFF, SECOND_US, Picture


def draw(picture: Picture, path: Path) -> None:
    """Write the picture to path."""
    lanes = {node: -row for row, node in enumerate(picture.ids)}
    figure, axes = pyplot.subplots(figsize=(13, 1.6 + 0.5 * len(lanes)), dpi=110)
    try:
        _fill(picture, lanes, axes)
        figure.tight_layout()
        figure.savefig(path)
    finally:
        pyplot.close(figure)


def _fill(picture: Picture, lanes: dict[int, int], axes: Any) -> None:
    for band in picture.bands:
        colour = "#d5d9dd" if band.what == OFF else "#efe3c2"
        left, right = band.from_us / SECOND_US, band.to_us / SECOND_US
        axes.fill_between(
            [left, right], lanes[band.node] - 0.2, lanes[band.node] + 0.2, color=colour
        )
    for flight in picture.flights:
        times = [flight.from_us / SECOND_US, flight.to_us / SECOND_US]
        ends = [float(lanes[flight.source]), float(lanes[flight.dest])]
        if flight.fate == LOST:
            times[1], ends[1] = times[0] + 0.03, ends[0] + 0.3 * (ends[1] - ends[0])
        axes.plot(times, ends, color=COLOURS.get(flight.fate, COLOURS[SENT]), linewidth=0.7)
        if flight.fate != LOST:
            axes.plot(times[1], ends[1], ".", color=COLOURS[flight.fate], markersize=3)
    for t_us, name in picture.fleet:
        axes.axvline(t_us / SECOND_US, color="#0a7d5a", linestyle=":", linewidth=1)
        axes.text(t_us / SECOND_US, 0.6, name, color="#0a7d5a", fontsize=8)
    for t_us, node, _ in picture.marks:
        axes.plot(t_us / SECOND_US, lanes.get(node, 0.6), "o", mfc="none", mec="#d0342c", ms=12)
    axes.set_xlim(picture.from_us / SECOND_US, picture.to_us / SECOND_US)
    axes.set_ylim(min(lanes.values()) - 0.8, 1.0)
    axes.set_yticks(list(lanes.values()), [picture.ids[node] for node in lanes])
    axes.set_xlabel("s")
    axes.set_title(picture.title, fontsize=10)
