"""The picture of the tale: what happened, round by round, the phases marked."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError
from quelea.story.course import Course, Phase

WIDTH, HEIGHT, DPI = 9.0, 9.0, 110
SMOOTH = 5  # rounds of the thick lines
TINTS = ("#f6dcd8", "#ddeedd", "#f5ecd2", "#e6dff0")


def draw(parts: list[tuple[Phase, Course]], title: str, path: Path) -> None:
    """Write a PNG; UserError if matplotlib is missing or the file cannot be written."""
    try:
        import matplotlib
    except ImportError:
        raise UserError(
            "the picture needs matplotlib", "--png", "", "pip install 'quelea[plot]'"
        ) from None
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots(5, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.6, 1.6, 2, 1.6]})
    share = np.concatenate([course.share for _, course in parts])
    rounds = np.arange(len(share))
    loads = np.concatenate([np.array(course.loads) for _, course in parts])
    rows = (
        (axes[0], share, "goodput,\nshare of the optimum", "tab:green"),
        (axes[1], _joined(parts, "overloaded"), "overloaded\nservers of 8", "tab:red"),
        (axes[2], _joined(parts, "fairness"), "fairness:\nJain of satisfaction", "tab:blue"),
        (axes[4], _joined(parts, "messages"), "messages an agent", "tab:purple"),
    )
    for panel, values, label, colour in rows:
        panel.plot(rounds, values, color=colour, alpha=0.25, linewidth=0.8)
        panel.plot(rounds, _smooth(values), color=colour, linewidth=1.6)
        panel.set_ylabel(label, fontsize=8)
    axes[0].axhline(1.0, color="black", linewidth=0.8, linestyle=":")
    axes[0].set_ylim(0, 1.08)
    axes[2].set_ylim(0.4, 1.02)
    axes[4].set_ylim(0, 2.1)
    axes[3].plot(rounds, loads, linewidth=0.6)
    axes[3].axhline(1.0, color="black", linewidth=0.8, linestyle=":")
    axes[3].set_ylabel("oscillation: load of each\nserver / its capacity", fontsize=8)
    axes[4].set_xlabel("round")
    begins = 0
    for (phase, _), tint in zip(parts, TINTS, strict=False):
        for panel in axes:
            panel.axvspan(begins, begins + phase.rounds, color=tint, linewidth=0)
            panel.set_xlim(0, len(share))
        middle = begins + phase.rounds / 2
        axes[0].text(middle, 0.04, phase.name, ha="center", fontsize=10)
        begins += phase.rounds
    axes[0].set_title(title, fontsize=10)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=DPI)
    except OSError as error:
        raise UserError(f"cannot write {path}", "--png", str(error)) from None


def _joined(parts: list[tuple[Phase, Course]], name: str) -> NDArray[np.float64]:
    return np.concatenate([np.array(getattr(course, name), float) for _, course in parts])


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the last SMOOTH values, of as many as there are at first."""
    total = np.cumsum(values)
    total[SMOOTH:] -= total[:-SMOOTH].copy()
    return np.asarray(total / np.minimum(np.arange(len(values)) + 1, SMOOTH))
