"""The same picture as PNG; needs matplotlib: pip install 'quelea[plot]'."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.lines import Line2D

from quelea.simulator.picture import COLOURS, OFF, Picture
from quelea.simulator.picture_layout import Layout

RED = "#d0342c"
WORDS_WIDTH = 150  # characters of a violation that fit under the picture


def draw(picture: Picture, path: Path) -> None:
    """Write the picture to path."""
    lanes, words = len(picture.ids), picture.words
    height = 1.9 + 0.62 * lanes + 0.21 * len(words)
    figure, axes = pyplot.subplots(figsize=(13, height), dpi=110)
    try:
        _fill(Layout(picture), axes)
        figure.suptitle(
            f"{picture.title}: {picture.scope}; numbers are values said, in q",
            x=0.01, y=1 - 0.12 / height, ha="left", va="top", fontsize=11,
        )  # fmt: skip
        for row, text in enumerate(words):
            number = f"{row + 1}  " if row < len(picture.marks) else ""
            y = (0.08 + 0.21 * (len(words) - 1 - row)) / height
            figure.text(0.01, y, f"{number}{text}"[:WORDS_WIDTH], color=RED, fontsize=9)
        bottom = (0.62 + 0.21 * len(words)) / height
        figure.subplots_adjust(left=0.075, right=0.985, top=1 - 0.85 / height, bottom=bottom)
        figure.savefig(path)
    finally:
        pyplot.close(figure)


def _fill(layout: Layout, axes: Any) -> None:
    picture = layout.picture
    for band in picture.bands:
        left, right = layout.x(band.from_us), layout.x(band.to_us)
        if right > left:
            y, colour = layout.lane[band.node], "#d5d9dd" if band.what == OFF else "#efe3c2"
            axes.fill_between([left, right], y - 0.16, y + 0.16, color=colour, linewidth=0)
            axes.text(left + 0.003, y, band.what, va="center", fontsize=7, color="#555555")
    for y in layout.lane.values():
        axes.axhline(y, color="#bbbbbb", linewidth=0.7, zorder=0)
    for arrow in layout.arrows():
        look = {"color": arrow.colour, "alpha": arrow.strength}
        axes.plot([arrow.x, arrow.to_x], [arrow.y, arrow.to_y], linewidth=0.9, **look)
        axes.plot(arrow.to_x, arrow.to_y, "x" if arrow.lost else ".", markersize=4.5, **look)
    for x, y, text, lies in layout.values():
        colour = RED if lies else "#222222"
        axes.text(x + 0.002, y - 0.09, text, fontsize=7, color=colour, clip_on=True)
    for t_us, name in picture.fleet:
        axes.axvline(layout.x(t_us), color="#0a7d5a", linestyle=":", linewidth=1)
        axes.text(layout.x(t_us), -0.55, name, color="#0a7d5a", fontsize=8)
    for x, y, number, _ in layout.rings():
        axes.plot(x, y, "o", mfc="none", mec=RED, mew=2, ms=12, clip_on=False)
        axes.text(x, y + 0.36, str(number), color=RED, fontsize=9, ha="center", weight="bold")
    axes.set_xlim(-0.004, 1.012)
    axes.set_ylim(len(layout.lane) - 0.4, -0.7)
    axes.set_yticks(list(layout.lane.values()), [layout.name(node) for node in layout.lane])
    for label, node in zip(axes.get_yticklabels(), layout.lane, strict=True):
        label.set_color(RED if node in picture.liars else "#222222")
    ticks = layout.ticks()
    axes.set_xticks([x for x, _ in ticks], [label for _, label in ticks], fontsize=8)
    axes.set_xlabel("s, stretched where much happens")
    _legend(picture, axes)


def _legend(picture: Picture, axes: Any) -> None:
    seen = {flight.fate for flight in picture.flights}
    shown = [(fate, colour) for fate, colour in COLOURS.items() if fate in seen]
    lines = [Line2D([], [], color=colour, label=fate) for fate, colour in shown]
    if lines:
        axes.legend(
            handles=lines, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(lines),
            frameon=False, fontsize=8,
        )  # fmt: skip
