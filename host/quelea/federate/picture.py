"""Pictures of learning together: accuracy over the rounds, and under each attack."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from quelea.federate.cases import Case
from quelea.federate.run import Outcome, Setting
from quelea.pictures.style import AREAS, DPI, HONEST, KEPT, LIAR, legend, new_figure

CENTRAL = "central"
CONTROL = "mean"


def curves(
    labels: Sequence[str], settings: Sequence[Setting], outcomes: Sequence[Outcome], alone: float,
    path: Path,
) -> None:  # fmt: skip
    """Draw accuracy over the rounds and what came out, mean and worst node."""
    drawing = new_figure(3.6)
    left, right = drawing.subplots(1, 2, width_ratios=(3, 2))
    left.set_title("Accuracy while they learn")
    for at, (label, setting, outcome) in enumerate(zip(labels, settings, outcomes)):
        fallen = setting.rule == CONTROL and setting.liars
        color = LIAR if fallen else AREAS[at % len(AREAS)]
        left.plot(
            [point[0] for point in outcome.curve], [point[1] for point in outcome.curve],
            color=color, linestyle="--" if setting.liars else "-", label=label, linewidth=1.2,
        )  # fmt: skip
        right.plot([outcome.mean], [at], "o", color=color, markersize=4)
        right.plot([outcome.worst, outcome.mean], [at, at], color=color, linewidth=1)
        right.text(max(outcome.worst, 0.2) - 0.03, at + 0.1, f"{outcome.mean:.3f}", fontsize=7,
                   ha="right")  # fmt: skip
    for axes, draw in ((left, left.axhline), (right, right.axvline)):
        draw(alone, linestyle=":", color="grey", linewidth=1)
        axes.grid(color="#e6e6e6", linewidth=0.5)
    left.set_xlabel("round")
    left.set_ylabel("share of test rows right")
    left.set_ylim(0, 1)
    left.legend(frameon=False, fontsize=6.5, loc="center right")
    right.set_title("At the end, and the worst node")
    right.set_yticks(range(len(labels)), [_short(setting) for setting in settings])
    right.set_ylim(len(labels) - 0.5, -0.6)
    right.set_xlim(0, 1)
    right.set_xlabel("dotted: one learner with all rows")
    drawing.savefig(path, dpi=DPI)


def _short(setting: Setting) -> str:
    return f"{setting.rule}\n{setting.attack or 'all honest'}"


def bars(cases: Sequence[Case], rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw our rule, the best of byzfl's and the plain mean under each attack, a panel a case."""
    shown = [case for case in cases if len(case.attacks) > 1]
    if not shown:
        return
    drawing = new_figure(2.3 * len(shown))
    for axes, case in zip(np.atleast_1d(drawing.subplots(len(shown), 1)), shown):
        own = {(r["rule"], r["attack"]): r for r in rows if r["case"] == case.name}
        axes.set_title(case.title)
        named: set[str] = set()
        for at, attack in enumerate(case.attacks):
            ours = own.get((case.rules[0], attack))
            found = [r["mean"] for (rule, a), r in own.items() if a == attack and "byzfl" in rule]
            fallen = own.get((CONTROL, attack))
            for place, name, value, color in (
                (-0.25, "ours", ours and ours["mean"], HONEST),
                (0.0, "best of byzfl's", max(found, default=None), KEPT),
                (0.25, "plain mean", fallen and fallen["mean"], LIAR),
            ):
                if value is not None:
                    label = None if name in named else name
                    hatch = "//" if color == LIAR else None
                    axes.bar(at + place, value, 0.25, color=color, label=label, hatch=hatch)
                    named.add(name)
            if ours:
                axes.errorbar([at - 0.25], [ours["mean"]], [ours["deviation"]], color="black",
                              linewidth=0.8)  # fmt: skip
        axes.axhline(case.target, linestyle=":", color="grey", linewidth=1)
        axes.set_xticks(range(len(case.attacks)), case.attacks, fontsize=7)
        axes.set_xlim(-0.6, len(case.attacks) - 0.4)
        axes.set_ylim(0, 1)
        legend(axes, 3)
    drawing.savefig(path, dpi=DPI)
