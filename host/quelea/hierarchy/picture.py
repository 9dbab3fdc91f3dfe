"""One picture of a run: the ground in clusters, and how far agents are off against messages."""

from pathlib import Path

import numpy as np

from quelea.errors import UserError
from quelea.hierarchy.ground import Ground
from quelea.hierarchy.race import NEAR_SHARE, Result

POINTS_MAX = 8_000  # agents drawn


def draw(ground: Ground, result: Result, path: Path) -> None:
    """Write a PNG; UserError if matplotlib is missing or the file cannot be written."""
    try:
        import matplotlib
    except ImportError:
        raise UserError(
            "the picture needs matplotlib", "--png", "", "pip install 'quelea[plot]'"
        ) from None
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    step = max(1, len(ground.labels) // POINTS_MAX)
    shuffled = np.random.default_rng(1).permutation(len(ground.hierarchy.sizes))
    left.scatter(
        *ground.places[::step].T, c=shuffled[ground.labels[::step]], s=1.5, cmap="prism",
        linewidths=0,
    )  # fmt: skip
    left.set(
        xticks=[], yticks=[], aspect="equal",
        title=f"{len(ground.labels):,} agents in {len(shuffled)} clusters",
    )  # fmt: skip
    for name, course, color in (
        ("clusters", result.clusters, "tab:green"), ("flat", result.flat, "tab:red"),
    ):  # fmt: skip
        right.plot(course.heard, course.worst, label=name, color=color)
    right.axhline(NEAR_SHARE, color="gray", linestyle=":", label="1 %")
    if result.naive is not None:
        right.axhline(
            result.naive.off, color="tab:orange", linestyle="--", label="as in the article"
        )
    right.set(xscale="log", yscale="log", xlabel="messages heard", ylabel="worst agent off, share")
    right.legend()
    for axes in (left, right):
        axes.title.set_fontsize(9)
    try:
        figure.savefig(path, dpi=90)
    except OSError as error:
        raise UserError(f"cannot write {path}", "--png", str(error)) from None
