"""Pictures: the placers beside each other and our course by round; a live run over time."""

from pathlib import Path
from typing import Any

import numpy as np

from quelea.errors import UserError
from quelea.serving.trials import OURS, ROUTED, Outcome

WIDTH, HEIGHT, DPI = 9.0, 7.0, 110


def _figure() -> Any:
    try:
        import matplotlib
    except ImportError:
        raise UserError(
            "the picture needs matplotlib", "--png", "", "pip install 'quelea[plot]'"
        ) from None
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, HEIGHT), layout="constrained")


def _save(figure: Any, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=DPI)
    except OSError as error:
        raise UserError(f"cannot write {path}", "--png", str(error)) from None


def draw(outcomes: list[Outcome], path: Path) -> None:
    """Write bars of every placer (mean, and worst as a mark) and the rounds of ours."""
    figure = _figure()
    names = list(dict.fromkeys(one.name for one in outcomes))
    panels = figure.subplots(2, len(names), squeeze=False)
    for column, name in enumerate(names):
        rows = [one for one in outcomes if one.name == name]
        labels = list(rows[0].shares)
        shares = np.array([[one.shares[label] for label in labels] for one in rows])
        colours = ["tab:green" if label in (OURS, ROUTED) else "tab:grey" for label in labels]
        panel = panels[0][column]
        places = np.arange(len(labels))
        panel.barh(places, shares.mean(axis=0), color=colours)
        panel.plot(shares.min(axis=0), places, "k|", markersize=10)
        panel.set_yticks(places, labels, fontsize=7)
        panel.invert_yaxis()
        panel.axvline(1.0, color="black", linewidth=0.8, linestyle=":")
        panel.set_title(f"{name}: share of the optimum, mean and worst of {len(rows)}", fontsize=9)
        panel = panels[1][column]
        rounds = np.arange(1, len(rows[0].course) + 1)
        for one in rows:
            panel.plot(rounds, [row[0] for row in one.course], color="tab:green", linewidth=0.8)
            panel.plot(rounds, [row[1] for row in one.course], color="tab:blue", linewidth=0.5)
        panel.set_ylim(0.5, 1.02)
        panel.axhline(0.95, color="black", linewidth=0.8, linestyle=":")
        panel.set_xlabel("gossip round")
        panel.set_title("ours: placement (green), as leased (blue)", fontsize=9)
    _save(figure, path)
