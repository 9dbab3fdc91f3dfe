"""The study as one picture: six panels, points with confidence bounds, lines for the theory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.quantum import theory
from quelea.quantum.figures import Figure

COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red")


def need_matplotlib() -> None:
    """UserError if matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        raise UserError(
            "the picture needs matplotlib", "--png", "", "pip install 'quelea[plot]'"
        ) from None
    matplotlib.use("Agg")


def points(axes: Any, found: Sequence[Figure], series: str, colour: str, label: str) -> None:
    """Draw one curve's figures with their bounds, and a line through their theory."""
    row = sorted((f for f in found if f.series == series), key=lambda f: f.at)
    if not row:
        return
    at = [f.at for f in row]
    values = [f.value for f in row]
    below = [max(0.0, f.value - f.low) for f in row]  # never below 0 by rounding
    above = [max(0.0, f.high - f.value) for f in row]
    axes.plot(at, [f.theory for f in row], color=colour, linewidth=1)
    axes.errorbar(
        at,
        values,
        yerr=[below, above],
        color=colour,
        fmt="o",
        markersize=4,
        capsize=3,
        label=label,
    )


def noise_panel(axes: Any, found: Sequence[Figure], curve: str, label: str) -> None:
    """Draw agreement, parity and election over one kind of noise."""
    rows = (
        ("randomness", f"{curve}, agree, n=8", "GHZ, all 8 agree"),
        ("randomness", f"{curve}, parity, n=8", "GHZ, even parity in X, n=8"),
        ("election", f"{curve}, n=8", "W, one leader of 8"),
    )
    for (section, series, text), colour in zip(rows, COLOURS):
        points(axes, [f for f in found if f.section == section], series, colour, text)
    axes.axhline(0.5, color="grey", linewidth=0.7, linestyle=":")
    axes.set(xlabel=label, ylabel="probability", ylim=(0, 1.05))


def agreement_panel(axes: Any, found: Sequence[Figure]) -> None:
    """Draw the coin rounds of every coin at n = 11, theory as a tick."""
    rows = [f for f in found if f.section == "agreement" and f.unit == "rounds" and f.at == 11]
    for place, f in enumerate(reversed(rows)):
        axes.errorbar(
            f.value, place, xerr=[[f.value - f.low], [f.high - f.value]], fmt="o", markersize=4,
            color=COLOURS[0], capsize=3,
        )  # fmt: skip
        axes.plot(f.theory, place, marker="|", markersize=14, color="black")
    axes.set_yticks(range(len(rows)), [f.series for f in reversed(rows)], fontsize=8)
    axes.set(xscale="log", xlabel="coin rounds to agree; bar: theory", title="n = 11, f = 2")


def allocation_panel(axes: Any, found: Sequence[Figure]) -> None:
    """Draw queries over the number of nodes, with the budget and exhaustive search."""
    rows = [f for f in found if f.section == "allocation"]
    points(axes, rows, "Durr-Hoyer", COLOURS[0], "Durr-Hoyer, minimum held (mean)")
    points(axes, rows, "classical", COLOURS[1], "classical, first seen (mean)")
    sizes = [2**power for power in range(3, 13)]
    axes.plot(
        sizes, [theory.minimum_bound(size) for size in sizes], "k--", linewidth=1,
        label="Durr-Hoyer's budget",
    )  # fmt: skip
    axes.plot(
        sizes,
        [size - 1 for size in sizes],
        color="grey",
        linestyle=":",
        label="classical, all but one",
    )
    axes.set(xscale="log", yscale="log", xlabel="nodes to choose from", ylabel="queries")


def draw(found: Sequence[Figure], path: Path) -> None:
    """Write a PNG; UserError if it cannot be written."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(14, 8), layout="constrained")
    panels = canvas.subplots(2, 3)
    noise_panel(panels[0][0], found, "depolarising", "depolarising probability a qubit")
    noise_panel(panels[0][1], found, "waiting", "waiting time / T1")
    elections = [f for f in found if f.section == "election"]
    points(panels[0][2], elections, "W", COLOURS[2], "W state")
    points(panels[0][2], elections, "own coins", COLOURS[1], "own coins, 1/n each")
    panels[0][2].set(xlabel="nodes", ylabel="exactly one leader", ylim=(0, 1.05))
    agreement_panel(panels[1][0], found)
    searches = [f for f in found if f.section == "allocation"]
    points(panels[1][1], searches, "upset 0", COLOURS[0], "no noise")
    points(panels[1][1], searches, "upset 0.05", COLOURS[3], "register lost, 5 % a round")
    panels[1][1].set(xlabel="Grover rounds", ylabel="best of 64 found", ylim=(0, 1.05))
    allocation_panel(panels[1][2], found)
    for axes in panels.ravel():
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8)
    canvas.suptitle("Points: measured, with 99.73 % confidence. Lines and bars: theory.")
    try:
        canvas.savefig(path, dpi=110)
    except OSError as error:
        raise UserError(f"cannot write {path}", "--png", str(error)) from None
