"""Accuracy on the rows that nobody trained on, round by round, of real nodes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quelea.errors import UserError
from quelea.pictures.style import FAULT, HONEST, LIAR, SPREAD, legend, new_figure

if TYPE_CHECKING:
    from quelea.federate.fleet_verdict import Phase


def draw(phases: "Sequence[Phase]", floats: Mapping[str, float], path: Path) -> None:
    """Write a line of the mean and a band from worst to best for each training."""
    figure = new_figure(3.2)
    axes = figure.add_subplot()
    for phase, colour in zip(phases, (HONEST, LIAR), strict=False):
        curve = phase.curve()
        if not len(curve):
            continue
        rounds = np.arange(1, len(curve) + 1)
        axes.fill_between(
            rounds, curve.min(axis=1), curve.max(axis=1), color=colour, alpha=0.25, linewidth=0
        )
        style = "--" if phase.liars else "-"
        axes.plot(rounds, curve.mean(axis=1), style, color=colour, label=f"boards, {phase.name}")
    for (name, value), colour in zip(floats.items(), (SPREAD, FAULT), strict=False):
        axes.axhline(value, color=colour, linewidth=0.8, linestyle=":", label=f"float: {name}")
    axes.set_ylim(0.5, 1.0)
    axes.set_xlabel("round")
    axes.set_ylabel("right, of the test's digits")
    legend(axes, 2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {path}", "--png", str(error)) from None
