"""The figure of a run: spread on a log scale, everybody's estimate, and frames in space and time.

Colours are of Okabe and Ito (2008), which people with any colour vision tell apart; liars are also
drawn thicker and dashed.
"""

from pathlib import Path
from typing import Any

import numpy as np

from quelea.errors import UserError
from quelea.journal import Journal
from quelea.pictures.course import Course, read_course
from quelea.pictures.messages import Message, read_messages, window

HONEST, LIAR, SPREAD, FAULT, EPOCH = "#0072B2", "#D55E00", "#000000", "#E69F00", "#999999"
WIDTH_IN, HEIGHT_IN, DPI = 8.0, 9.0, 160
NAMES_MAX = 40  # nodes whose ids are written beside the axis
FORMATS = ("png", "svg", "pdf")
WILD = 3.0  # lies that span so many times the honest values go off the picture
FAULTS_TOLD = 3  # kinds of fault in the legend


def draw(journal: Journal, path: Path, at_s: float | None = None) -> Path:
    """Draw the run into path (.png, .svg or .pdf); at_s: middle of the window of messages.

    UserError for another ending, for a run without frames, and when matplotlib is missing.
    """
    if path.suffix.lstrip(".").lower() not in FORMATS:
        allowed = ", ".join(f".{name}" for name in FORMATS)
        raise UserError(
            f"a figure cannot be written as {path.name!r}",
            "FILE",
            f"Endings: {allowed}.",
            "rename it",
        )
    figure = _figure()
    course = read_course(journal)
    span = window(journal, course, at_s)
    messages = read_messages(journal, *span)
    tall = [2.2, 3.0, 3.2]
    axes = figure.subplots(3, 1, gridspec_kw={"height_ratios": tall})
    axes[0].sharex(axes[1])
    _spread(axes[0], course)
    _estimates(axes[1], course, span)
    _messages(axes[2], course, messages, span)
    figure.suptitle(course.title, fontsize=11, x=0.01, ha="left", weight="bold")
    figure.savefig(path, dpi=DPI)
    return path


def _figure() -> Any:
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
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 9,
            "axes.titlelocation": "left",
            "axes.titlepad": 18,
            "svg.fonttype": "none",
            "svg.hashsalt": "quelea",
        }
    )
    return Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")


def _spread(axes: Any, course: Course) -> None:
    """Honest spread over time; a spread of 0 is drawn on the line of 1/2."""
    shown = np.where(course.spread_q > 0, course.spread_q, 0.5)
    shown[np.isnan(course.spread_q)] = np.nan
    axes.plot(course.spread_s, shown, color=SPREAD, lw=1.1, drawstyle="steps-post")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.4)
    axes.set_ylabel(f"honest spread ({course.unit})")
    axes.set_title("Spread of the honest nodes' values in the epoch most of them are in")
    axes.grid(axis="y", color="#e6e6e6", lw=0.6)
    axes.tick_params(labelbottom=False)
    _marks(axes, course, named=True)


def _estimates(axes: Any, course: Course, span: tuple[float, float]) -> None:
    for liar in (False, True):
        lines = [line for line in course.lines if line.liar == liar]
        for at, line in enumerate(lines):
            axes.plot(
                line.t_s,
                line.value_q,
                color=LIAR if liar else HONEST,
                lw=1.2 if liar else 0.8,
                ls=(0, (4, 1.5)) if liar else "-",
                alpha=0.9 if liar else max(0.3, min(0.8, 8 / len(lines))),
                label=None if at else f"{len(lines)} {'lying' if liar else 'honest'}",
            )
    axes.axvspan(*span, color="#dddddd", alpha=0.5, lw=0, label="window below")
    axes.set_ylabel(f"value ({course.unit})")
    axes.set_xlabel("time (s)")
    axes.set_xlim(0, course.end_s)
    axes.set_title(f"What every node says its value is{_focus(axes, course)}")
    _marks(axes, course, named=False)
    _legend(axes)


def _marks(axes: Any, course: Course, named: bool) -> None:
    """Epochs as thin dotted lines, faults as bands or lines, with their names on top."""
    for at, (t_s, _) in enumerate(course.epochs):
        label = "an epoch begins" if named and at == 0 else None
        axes.axvline(t_s, color=EPOCH, lw=0.7, ls=":", label=label, zorder=0)
    told: set[str] = set()
    for fault in course.faults:
        from_s = fault.from_us / 1e6
        to_s = from_s if fault.to_us is None else fault.to_us / 1e6
        fresh = named and fault.name not in told and len(told) < FAULTS_TOLD
        told.add(fault.name)
        label = f"{fault.name} {fault.target}" if fresh else None
        if to_s - from_s < course.end_s / 200:
            axes.axvline(from_s, color=FAULT, lw=1.4, label=label, zorder=0)
        else:
            axes.axvspan(from_s, to_s, color=FAULT, alpha=0.25, lw=0, label=label, zorder=0)
    if named:
        _legend(axes)


def _legend(axes: Any) -> None:
    """Between title and axes, where it covers no data."""
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 4}
    axes.legend(**place, frameon=False, borderpad=0.1, handlelength=1.6, columnspacing=1.2)


def _focus(axes: Any, course: Course) -> str:
    """Keep the honest values readable beside wild lies; return what the title says of it."""
    honest = [line.value_q for line in course.lines if not line.liar]
    lying = [line.value_q for line in course.lines if line.liar]
    if not honest or not lying:
        return ""
    low_q, high_q = (float(f([f(values) for values in honest])) for f in (np.nanmin, np.nanmax))
    span_q = max(high_q - low_q, 1.0)
    lowest_q, highest_q = (
        float(f([f(values) for values in lying])) for f in (np.nanmin, np.nanmax)
    )
    if highest_q - lowest_q < WILD * span_q:
        return ""
    axes.set_ylim(low_q - 0.1 * span_q, high_q + 0.4 * span_q)
    return f"; the liars go from {lowest_q:,.0f} to {highest_q:,.0f}"


def _messages(
    axes: Any, course: Course, messages: list[Message], span: tuple[float, float]
) -> None:
    """Each frame as a dot, and a line to the frame in which its value was used."""
    rows = {line.number: at for at, line in enumerate(course.lines)}
    liars = {line.number for line in course.lines if line.liar}
    for liar in (False, True):
        mine = [message for message in messages if (message.source in liars) == liar]
        colour = LIAR if liar else HONEST
        pairs = [
            ((message.t_s, rows[message.source]), (to_s, rows[to]))
            for message in mine
            for to, to_s in message.used_by
        ]
        if pairs:
            from matplotlib.collections import LineCollection

            axes.add_collection(
                LineCollection(pairs, colors=colour, lw=1.0 if liar else 0.5, alpha=0.5)
            )
        axes.scatter(
            [message.t_s for message in mine],
            [rows[message.source] for message in mine],
            s=14 if liar else 9,
            color=colour,
            marker="D" if liar else "o",
            zorder=3,
        )
    axes.set_xlim(*span)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    if len(rows) <= NAMES_MAX:
        axes.set_yticks(range(len(rows)), [line.id for line in course.lines], fontsize=7)
        for label, line in zip(axes.get_yticklabels(), course.lines):
            label.set_color(LIAR if line.liar else "black")
    axes.set_ylabel("node")
    axes.set_xlabel("time (s)")
    axes.set_title(
        "Frames in space and time: a line goes from a frame to the step that used it", pad=4
    )
    axes.grid(axis="y", color="#eeeeee", lw=0.5)
