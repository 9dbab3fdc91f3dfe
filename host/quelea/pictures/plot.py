"""The figure of a run: spread, estimates, what rules left out, frames in space and time, caps."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quelea.errors import UserError
from quelea.journal import Journal
from quelea.pictures import panels
from quelea.pictures.caps import Allocation, read_allocation
from quelea.pictures.course import Course, read_course
from quelea.pictures.messages import Message, neighbourhood, read_messages, window
from quelea.pictures.style import DPI, FORMATS, new_figure
from quelea.pictures.trimmed import read_trims


@dataclass(frozen=True)
class Drawing:
    """Everything that figures are drawn from. allocation: None where no limit was shared."""

    course: Course
    span: tuple[float, float]
    shown: list[int]
    messages: list[Message]
    trims: tuple[dict[int, Counter[str]], int]
    allocation: Allocation | None


def prepare(journal: Journal, at_s: float | None = None) -> Drawing:
    """Read what a run's figures need; at_s: middle of the window of messages.

    UserError for a run without frames.
    """
    course = read_course(journal)
    shown = neighbourhood(journal, course)
    span = window(journal, course, shown, at_s)
    return Drawing(
        course, span, shown, read_messages(journal, *span), read_trims(journal),
        read_allocation(journal),
    )  # fmt: skip


def ending(path: Path) -> str:
    """Return png, svg or pdf; UserError for another ending."""
    word = path.suffix.lstrip(".").lower()
    if word not in FORMATS:
        allowed = ", ".join(f".{name}" for name in FORMATS)
        raise UserError(
            f"a figure cannot be written as {path.name!r}",
            "FILE",
            f"Endings: {allowed}.",
            "rename it",
        )
    return word


def draw(drawing: Drawing, path: Path) -> Path:
    """Draw the figure into path (.png, .svg or .pdf); UserError when matplotlib is missing."""
    ending(path)
    course = drawing.course
    wanted: list[tuple[float, Callable[[Any], None]]] = [
        (1.7, lambda axes: panels.spread(axes, course)),
        (2.0, lambda axes: panels.estimates(axes, course, drawing.span)),
        (
            2.4,
            lambda axes: panels.messages(
                axes, course, drawing.messages, drawing.span, drawing.shown
            ),
        ),
    ]
    if drawing.trims[0]:  # nothing is left out in exact mode
        wanted.insert(2, (1.4, lambda axes: panels.trims(axes, course, *drawing.trims)))
    allocation = drawing.allocation
    if allocation is not None:
        wanted.append((2.0, lambda axes: panels.allocation(axes, course, allocation)))
    heights = [height for height, _ in wanted]
    figure = new_figure(sum(heights) + 1.2)
    places = figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights})
    for axes, (_, draw_panel) in zip(places, wanted):
        draw_panel(axes)
    figure.suptitle(course.title, fontsize=10, x=0.01, ha="left", weight="bold")
    figure.savefig(path, dpi=DPI)
    return path
