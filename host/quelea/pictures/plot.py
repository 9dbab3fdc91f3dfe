"""The figure of a run: spread, estimates, what rules left out, frames in space and time, caps."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from quelea.errors import UserError
from quelea.journal import Journal
from quelea.pictures import panels
from quelea.pictures.caps import Allocation, read_allocation
from quelea.pictures.course import Course, read_course
from quelea.pictures.messages import Message, neighbourhood, read_messages, window
from quelea.pictures.style import DPI, FORMATS, new_figure
from quelea.pictures.trimmed import read_trims

HEIGHTS = (1.7, 2.0, 1.4, 2.4, 2.0)  # inches


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
    heights = HEIGHTS if drawing.allocation else HEIGHTS[:-1]
    figure = new_figure(sum(heights) + 1.2)
    axes = figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights})
    panels.spread(axes[0], course)
    panels.estimates(axes[1], course, drawing.span)
    panels.trims(axes[2], course, *drawing.trims)
    panels.messages(axes[3], course, drawing.messages, drawing.span, drawing.shown)
    if drawing.allocation:
        panels.allocation(axes[4], course, drawing.allocation)
    figure.suptitle(course.title, fontsize=10, x=0.01, ha="left", weight="bold")
    figure.savefig(path, dpi=DPI)
    return path
