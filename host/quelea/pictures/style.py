"""How figures look: sizes of print, and colours that people with any colour vision tell apart.

Colours are of Okabe and Ito (2008). No meaning hangs on a colour alone: liars are also dashed,
drawn as diamonds and named.
"""

from typing import Any

from quelea.errors import UserError

HONEST, LIAR, SPREAD, FAULT, EPOCH = "#0072B2", "#D55E00", "#000000", "#E69F00", "#999999"
LOW, HIGH, OTHER, KEPT = "#56B4E9", "#CC79A7", "#BBBBBB", "#009E73"
GRID = "#e6e6e6"
# for areas beside each other, in turn
AREAS = ("#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#CC79A7", "#999999", "#333333")
WIDTH_IN = 7.2  # two columns of most journals
DPI = 200
FORMATS = ("png", "svg", "pdf")


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> Any:
    """Return an empty figure; UserError when matplotlib is missing."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError(
            "plots need matplotlib, which is not installed",
            "",
            "",
            'pip install "quelea[plot]"',
        ) from None
    matplotlib.rcParams.update(
        {
            "font.size": 8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.linewidth": 0.7,
            "axes.titlesize": 8.5,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.titlepad": 17,
            "xtick.major.width": 0.7,
            "ytick.major.width": 0.7,
            "svg.fonttype": "none",
            "svg.hashsalt": "quelea",
            "pdf.fonttype": 42,
        }
    )
    return Figure(figsize=(width_in, height_in), layout="constrained")


def legend(axes: Any, columns: int = 5) -> None:
    """Between title and axes, where it covers no data."""
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": columns}
        axes.legend(
            **place, frameon=False, borderpad=0.1, handlelength=1.6, columnspacing=1.1,
            handletextpad=0.5, borderaxespad=0.2,
        )  # fmt: skip
