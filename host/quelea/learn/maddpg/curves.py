"""Learning curves: one CSV file a seed, and a picture of all."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

CURVE = "curve.csv"


class Point(NamedTuple):
    """played: mean return since the point before, as explored; evaluated: without exploring."""

    episodes: int
    updates: int
    played: float
    evaluated: float
    critic_loss: float
    actor_loss: float
    explore: float


class Curve:
    """A CSV file that grows by a row a point; rows after `episodes` are of a run that went on."""

    def __init__(self, path: Path, episodes: int) -> None:
        self.path = path
        kept = [point for point in read(path) if point.episodes <= episodes]
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(Point._fields)
            writer.writerows(kept)

    def add(self, point: Point) -> None:
        """Write one more row."""
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerow([x if isinstance(x, int) else f"{x:.6g}" for x in point])


def read(path: Path) -> list[Point]:
    """Return the points of a file; none if it is not there. A row cut short is left out."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [
        Point(int(row[0]), int(row[1]), *map(float, row[2:]))
        for row in rows
        if len(row) == len(Point._fields)
    ]


def gather(curves: Mapping[int, Sequence[Point]], path: Path) -> None:
    """Write the points of all seeds into one file, with a column of the seed before them."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("seed", *Point._fields))
        for seed, points in curves.items():
            writer.writerows((seed, *point) for point in points)


def draw(
    title: str, curves: Mapping[int, Sequence[Point]], marks: Mapping[str, float], path: Path
) -> None:
    """Draw the evaluated return of every seed, their mean, and levels to compare with."""
    from quelea.pictures.style import DPI, HONEST, LOW, new_figure

    drawing = new_figure(2.8, 4.6)
    axes = drawing.subplots()
    axes.set_title(title)
    for points in curves.values():
        axes.plot([p.episodes for p in points], [p.evaluated for p in points], color=LOW, lw=0.7)
    shortest = min(len(points) for points in curves.values())
    if shortest:
        columns = list(zip(*(points[:shortest] for points in curves.values())))
        axes.plot(
            [column[0].episodes for column in columns],
            [sum(p.evaluated for p in column) / len(column) for column in columns],
            color=HONEST, lw=1.6,
        )  # fmt: skip
    for name, level in marks.items():
        axes.axhline(level, linestyle=":", color="grey", lw=0.8)
        axes.annotate(
            name, (1.01, level), xycoords=("axes fraction", "data"), fontsize=7, color="dimgrey",
            va="center",
        )  # fmt: skip
    if marks:  # the first points, of nets that know nothing, may lie far below all else
        lowest = min(marks.values())
        if lowest < 0.0:
            axes.set_ylim(lowest * 1.15, 0.0)
        else:
            axes.set_ylim(bottom=lowest * 0.95)
    axes.set_xlabel("episodes played")
    axes.set_ylabel("return of an episode, all agents")
    drawing.savefig(path, dpi=DPI)
