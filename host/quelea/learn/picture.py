"""Pictures of what was learned: the policy of a table, and the curve of the minority game."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from quelea_agent.choice.q_learning import ACTIONS, BEST, STATES, STAY
from quelea_agent.q_table import QTable, Schedule

from quelea.pictures.style import DPI, HONEST, KEPT, legend, new_figure

FULL = ("has room", "to 1.05", "to 1.17", "to 1.4", "beyond")  # of its capacity
OTHER = ("has room", "over by < .1", "better", "no better")


def words(action: int) -> str:
    """Return an action in words."""
    where, shift = ACTIONS[action]
    if where == STAY:
        return "stay"
    chance = "" if shift == 0 else f"\n1 in {1 << shift}"
    return ("best" if where == BEST else "any better") + chance


def policy(memory: bytes, path: Path) -> None:
    """Draw what a stored table does in each of its states; those never seen are left white."""
    table = QTable(STATES, len(ACTIONS), Schedule(0, 0, 0, 0, 1, 0))
    table.restore(memory)
    drawing = new_figure(3.0, 5.0)
    axes = drawing.subplots()
    axes.set_title("What the table does")
    grid = np.full((len(OTHER), len(FULL)), np.nan)
    for state in range(STATES):
        full, other = state >> 2, state & 3
        at = state * len(ACTIONS)
        if any(table.visits[at : at + len(ACTIONS)]):
            grid[other, full] = table.best(state)
            axes.text(full, other, words(table.best(state)), ha="center", va="center", fontsize=8)
    axes.imshow(grid, cmap="Pastel1", vmin=0, vmax=8, aspect="auto")
    axes.set_xticks(range(len(FULL)), FULL)
    axes.set_yticks(range(len(OTHER)), OTHER)
    axes.set_xlabel("load of the own server, of its capacity")
    axes.set_ylabel("the best of the others, with this node")
    drawing.savefig(path, dpi=DPI)


def minority(
    points: Sequence[tuple[float, NDArray[np.float64]]], learned: NDArray[np.float64], path: Path
) -> None:
    """Draw sigma^2 / N against alpha, and what learning nodes reach."""
    drawing = new_figure(3.4, 5.0)
    axes = drawing.subplots()
    axes.set_title("Minority game")
    axes.errorbar(
        [alpha for alpha, _ in points], [float(values.mean()) for _, values in points],
        [float(values.std()) for _, values in points], color=HONEST, marker="o",
        label="two strategies each",
    )  # fmt: skip
    axes.axhline(1.0, linestyle=":", color="grey", label="coins")
    axes.axhline(float(learned.mean()), color=KEPT, label="tables that learn, with gossip")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("alpha = 2^m / N")
    axes.set_ylabel("sigma² / N")
    legend(axes, 3)
    drawing.savefig(path, dpi=DPI)
