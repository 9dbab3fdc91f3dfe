"""The picture of a run: cars over time, and streets coloured by the time that is lost there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from quelea.errors import UserError
from quelea.traffic.roads import Roads

WIDTH, HEIGHT, DPI = 11.0, 8.5, 110
SMOOTH_S = 30
SUMMARY = "summary.xml"
EDGES = "edges.xml"
LOST_S_MAX = 60.0  # a car on a street; the colour ends there


def outputs(folder: Path) -> tuple[str, ...]:
    """Return the options by which SUMO writes what is drawn."""
    return ("--summary-output", str(folder / SUMMARY), "--edgedata-output", str(folder / EDGES))


@dataclass(frozen=True)
class Drawn:
    """A run as it is drawn. lost_s: by edge what a car loses there, in the mean."""

    label: str
    minutes: list[float]
    running: list[int]
    halting: list[int]
    outside: list[int]
    lost_s: dict[str, float]


def load(label: str, folder: Path) -> Drawn:
    """Read what SUMO wrote."""
    rows: list[tuple[float, int, int, int]] = []
    for _, row in ElementTree.iterparse(folder / SUMMARY):
        if row.tag == "step":
            figures = [int(row.get(name, "0")) for name in ("running", "halting", "waiting")]
            rows.append((float(row.get("time", "0")), figures[0], figures[1], figures[2]))
    begin_s = rows[0][0]
    lost_s = {}
    for _, row in ElementTree.iterparse(folder / EDGES):
        if row.tag == "edge":
            cars = float(row.get("entered", "0")) + float(row.get("departed", "0"))
            if cars:
                lost_s[str(row.get("id"))] = float(row.get("timeLoss", "0")) / cars
    return Drawn(
        label, [(row[0] - begin_s) / 60 for row in rows], [row[1] for row in rows],
        [row[2] for row in rows], [row[3] for row in rows], lost_s,
    )  # fmt: skip


def draw(runs: list[Drawn], roads: Roads, title: str, path: Path) -> None:
    """Write a PNG; UserError if matplotlib is missing or the file cannot be written."""
    try:
        import matplotlib
    except ImportError:
        raise UserError(
            "the picture needs matplotlib", "--png", "", "pip install 'quelea[plot]'"
        ) from None
    matplotlib.use("Agg")
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    halves = figure.subfigures(2, 1, height_ratios=[1, 1.6], squeeze=False)
    top, bottom = halves[0][0], halves[1][0]
    panels = top.subplots(1, 2)
    for run in runs:
        panels[0].plot(run.minutes, _smooth(run.halting), label=run.label)
        inside = [a + b for a, b in zip(run.running, run.outside, strict=True)]
        panels[1].plot(run.minutes, _smooth(inside), label=run.label)
    panels[0].set_title("cars that stand", fontsize=9)
    panels[1].set_title("cars on their way or waiting to get in", fontsize=9)
    for panel in panels:
        panel.set_xlabel("minute", fontsize=8)
        panel.set_ylim(bottom=0)
        panel.legend(fontsize=8)
    maps = bottom.subplots(1, len(runs), squeeze=False)[0]
    shapes = [shape for _, shape in roads.edges]
    scale = Normalize(0, LOST_S_MAX)
    for panel, run in zip(maps, runs, strict=True):
        lines = LineCollection(shapes, cmap="RdYlGn_r", norm=scale, linewidths=2)
        lines.set_array([run.lost_s.get(name, 0.0) for name, _ in roads.edges])
        panel.add_collection(lines)
        places = [signal.place for signal in roads.signals]
        panel.scatter(*zip(*places, strict=True), s=14, color="black", zorder=3)
        panel.autoscale()
        panel.set_aspect("equal")
        panel.set_axis_off()
        panel.set_title(run.label, fontsize=9)
    bottom.colorbar(lines, ax=list(maps), label="seconds lost by a car on a street", shrink=0.8)
    figure.suptitle(title, fontsize=10)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=DPI)
    except OSError as error:
        raise UserError(f"cannot write {path}", "--png", str(error)) from None


def _smooth(values: list[int]) -> list[float]:
    """Return the mean of the last SMOOTH_S values, of as many as there are at first."""
    total, found = 0, []
    for at, value in enumerate(values):
        total += value - (values[at - SMOOTH_S] if at >= SMOOTH_S else 0)
        found.append(total / min(at + 1, SMOOTH_S))
    return found
