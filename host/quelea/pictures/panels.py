"""The parts of a figure, one function each: axes and columns in, drawing out."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from quelea.pictures.caps import Allocation
from quelea.pictures.course import Course, Line, predicted
from quelea.pictures.messages import Message
from quelea.pictures.style import (
    AREAS,
    EPOCH,
    FAULT,
    GRID,
    HIGH,
    HONEST,
    KEPT,
    LIAR,
    LOW,
    OTHER,
    SPREAD,
    legend,
)  # fmt: skip
from quelea.pictures.trimmed import WORDS

NAMES_MAX = 40  # nodes whose ids are written beside an axis
LINES_MAX = 60  # honest nodes drawn one by one; of more the shares of them
WILD = 3.0  # lies that span so many times the honest values go off the picture
FAULTS_TOLD = 2  # kinds of fault in a legend
EPOCHS_DRAWN = 60  # of more only the span of their spreads is drawn, and none by itself
BINS = 180
AREAS_MAX = 8  # nodes with an area of their own
NOUGHT_Q = 0.5  # where a spread of 0 is drawn on the log scale


def spread(axes: Any, course: Course) -> None:
    """Honest spread over time, with what plain averaging on the graph would do."""
    shown = np.where(course.spread_q > 0, course.spread_q, NOUGHT_Q)
    shown[np.isnan(course.spread_q)] = np.nan
    axes.plot(
        course.spread_s, shown, color=SPREAD, lw=1.1, drawstyle="steps-post", label="measured"
    )
    for at, (t_s, spread_q) in enumerate(predicted(course)):
        if len(course.epochs) > EPOCHS_DRAWN:
            break
        label = f"plain averaging (ρ = {course.rho:.2f})" if at == 0 else None
        axes.plot(t_s, spread_q, color=HONEST, lw=1.0, ls=(0, (4, 2)), label=label)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.4)
    axes.set_xlim(course.begin_s, course.end_s)
    axes.set_ylabel(f"honest spread ({course.unit})")
    axes.set_title("Spread of the honest nodes' values in the epoch most of them are in")
    ticks = [tick for tick in axes.get_yticks() if 1 <= tick <= axes.get_ylim()[1]]
    axes.set_yticks([NOUGHT_Q, *ticks], ["0", *(f"{tick:,.0f}" for tick in ticks)])
    axes.grid(axis="y", color=GRID, lw=0.6)
    _marks(axes, course, named=True)
    legend(axes, 6)


def _spread_band(axes: Any, course: Course, shown: Any) -> None:
    """Of many epochs, the smallest and largest spread of each short time."""
    edges = np.linspace(course.begin_s, course.end_s, BINS + 1)
    at = np.clip(np.searchsorted(edges, course.spread_s) - 1, 0, BINS - 1)
    low, high = np.full(BINS, np.nan), np.full(BINS, np.nan)
    for part in range(BINS):
        mine = shown[at == part]
        if len(mine) and not np.isnan(mine).all():
            low[part], high[part] = np.nanmin(mine), np.nanmax(mine)
    each_s = (course.end_s - course.begin_s) / BINS
    axes.fill_between(
        edges[:-1], low, high, step="post", color="#777777", lw=0,
        label=f"from least to most in {each_s:,.0f} s; {len(course.epochs):,} epochs",
    )  # fmt: skip
    axes.plot(edges[:-1], low, color=SPREAD, lw=1.0, drawstyle="steps-post", label="least")


def estimates(axes: Any, course: Course, span: tuple[float, float] | None) -> None:
    """What every node says; of many honest ones the bands in which half and all of them are."""
    honest = [line for line in course.lines if not line.liar]
    lying = [line for line in course.lines if line.liar]
    if len(honest) <= LINES_MAX:
        for at, line in enumerate(honest):
            axes.plot(
                line.t_s, line.value_q, color=HONEST, lw=0.8, label=None if at else _count(honest),
                alpha=max(0.3, min(0.8, 8 / len(honest))),
            )  # fmt: skip
    else:
        _bands(axes, course, honest)
    for at, line in enumerate(lying):
        axes.plot(
            line.t_s, line.value_q, color=LIAR, lw=1.2, ls=(0, (4, 1.5)), alpha=0.9,
            label=None if at else _count(lying),
        )  # fmt: skip
    if span is not None:
        axes.axvspan(*span, color="#dddddd", alpha=0.5, lw=0, label="window below")
    axes.set_ylabel(f"value ({course.unit})")
    axes.set_xlabel("time (s)")
    axes.set_xlim(course.begin_s, course.end_s)
    axes.set_title(f"What every node says its value is{_focus(axes, honest, lying)}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    _marks(axes, course, named=False)
    legend(axes)


def _count(lines: Sequence[Line]) -> str:
    word = "lying" if lines[0].liar else "honest"
    return f"{len(lines)} {word}"


def _bands(axes: Any, course: Course, honest: Sequence[Line]) -> None:
    times = np.linspace(course.begin_s, course.end_s, 400)
    values = np.full((len(honest), len(times)), np.nan)
    for row, line in enumerate(honest):
        known = ~np.isnan(line.t_s)
        at = np.searchsorted(line.t_s[known], times, side="right") - 1
        values[row, at >= 0] = line.value_q[known][at[at >= 0]]
    heard = ~np.isnan(values).all(axis=0)
    if not heard.any():
        return
    shares = np.nanpercentile(values[:, heard], (0, 25, 50, 75, 100), axis=0)
    t_s = times[heard]
    axes.fill_between(
        t_s, shares[0], shares[4], color=HONEST, alpha=0.18, lw=0,
        label=f"all {len(honest):,} honest",
    )  # fmt: skip
    axes.fill_between(
        t_s, shares[1], shares[3], color=HONEST, alpha=0.4, lw=0, label="half of them"
    )
    axes.plot(t_s, shares[2], color=HONEST, lw=1.0, label="median")


def _marks(axes: Any, course: Course, named: bool) -> None:
    """Epochs as thin dotted lines, faults as bands or lines."""
    for at, (t_s, _) in enumerate(course.epochs):
        if len(course.epochs) > EPOCHS_DRAWN:
            break
        label = "epoch begins" if named and at == 0 else None
        axes.axvline(t_s, color=EPOCH, lw=0.7, ls=":", label=label, zorder=0)
    told: set[str] = set()
    for fault in course.faults:
        from_s = fault.from_us / 1e6
        to_s = from_s if fault.to_us is None else fault.to_us / 1e6
        fresh = named and fault.name not in told and len(told) < FAULTS_TOLD
        told.add(fault.name)
        label = f"{fault.name} {fault.target}" if fresh else None
        if to_s - from_s < (course.end_s - course.begin_s) / 200:
            axes.axvline(from_s, color=FAULT, lw=1.4, label=label, zorder=0)
        else:
            axes.axvspan(from_s, to_s, color=FAULT, alpha=0.25, lw=0, label=label, zorder=0)


def _focus(axes: Any, honest: Sequence[Line], lying: Sequence[Line]) -> str:
    """Keep the honest values readable beside wild lies; return what the title says of it."""
    if not honest or not lying:
        return ""
    low_q, high_q = _span(honest)
    lowest_q, highest_q = _span(lying)
    span_q = max(high_q - low_q, 1.0)
    if highest_q - lowest_q < WILD * span_q:
        return ""
    axes.set_ylim(low_q - 0.1 * span_q, high_q + 0.4 * span_q)
    return f"; the liars go from {lowest_q:,.0f} to {highest_q:,.0f}"


def _span(lines: Sequence[Line]) -> tuple[float, float]:
    lows = [float(np.nanmin(line.value_q)) for line in lines]
    highs = [float(np.nanmax(line.value_q)) for line in lines]
    return min(lows), max(highs)


def messages(
    axes: Any, course: Course, found: list[Message], span: tuple[float, float],
    shown: Sequence[int],
) -> None:  # fmt: skip
    """Each frame as a dot, and a line to the frame in which its value was used.

    shown: numbers of the nodes drawn, which may be a part of a big fleet.
    """
    from matplotlib.collections import LineCollection

    lines = {line.number: line for line in course.lines}
    rows = {number: at for at, number in enumerate(shown)}
    for liar in (False, True):
        mine = [one for one in found if one.source in rows and lines[one.source].liar == liar]
        colour = LIAR if liar else HONEST
        pairs = [
            ((one.t_s, rows[one.source]), (to_s, rows[to]))
            for one in mine
            for to, to_s in one.used_by
            if to in rows
        ]
        if pairs:
            axes.add_collection(
                LineCollection(
                    pairs, colors=colour, lw=1.0 if liar else 0.5, alpha=0.6 if liar else 0.35
                )
            )
        axes.scatter(
            [one.t_s for one in mine],
            [rows[one.source] for one in mine],
            s=16 if liar else 9,
            color=colour,
            marker="D" if liar else "o",
            zorder=3,
            label=("a lying node's frame" if liar else "a frame") if mine else None,
        )
    axes.set_xlim(*span)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _names(axes.get_yaxis(), [lines[number] for number in shown])
    axes.set_ylabel("node")
    axes.set_xlabel("time (s)")
    part = "" if len(shown) == len(course.lines) else f"; {len(shown)} of {len(course.lines):,}"
    axes.set_title(f"Frames in space and time{part}: lines go to the step that used the value")
    axes.grid(axis="y", color="#eeeeee", lw=0.5)
    legend(axes)


def _names(axis: Any, lines: Sequence[Line]) -> None:
    if len(lines) > NAMES_MAX:
        axis.set_ticks([])
        return
    axis.set_ticks(range(len(lines)), [f"{line.id} ◆" if line.liar else line.id for line in lines])
    for label, line in zip(axis.get_ticklabels(), lines):
        label.set_color(LIAR if line.liar else "black")
        label.set_fontsize(6.5)


def trims(axes: Any, course: Course, found: dict[int, Counter[str]], steps: int) -> None:
    """For each sender the shares of its values that were kept and left out by its neighbours."""
    axes.set_title("What the rule of honest neighbours did with each node's values")
    if not found:
        why = "exact mode trims nothing" if course.facts.mode == "exact" else "no step was heard"
        axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, color="#666")
        axes.set_axis_off()
        return
    order = [line for line in course.lines if line.number in found]
    if len(order) > NAMES_MAX:
        dropped = {n: 1 - words[WORDS[0]] / words.total() for n, words in found.items()}
        order = sorted(order, key=lambda line: -dropped[line.number])[:NAMES_MAX]
    below = np.zeros(len(order))
    for word, colour, hatch in zip(WORDS, (KEPT, LOW, HIGH, OTHER), ("", "///", "\\\\\\", "")):
        shares = np.array([100 * found[o.number][word] / found[o.number].total() for o in order])
        if shares.any():
            axes.bar(
                range(len(order)), shares, 0.8, below, color=colour, label=word, hatch=hatch,
                edgecolor="white", linewidth=0.3,
            )  # fmt: skip
        below += shares
    axes.set_ylim(0, 100)
    axes.set_xlim(-0.6, len(order) - 0.4)
    axes.set_ylabel("share of uses (%)")
    more = "" if len(order) == len(found) else f"the {len(order)} least kept, "
    axes.set_xlabel(f"sender ({more}◆ lies); {steps:,} steps of honest nodes")
    _names(axes.get_xaxis(), order)
    if len(order) > 20:
        axes.tick_params(axis="x", rotation=90)
    legend(axes)


def allocation(axes: Any, course: Course, found: Allocation) -> None:
    """Caps on each other, units under way above them, and the limit."""
    ids = {line.number: line.id + " ◆" * line.liar for line in course.lines}
    order = np.argsort(-found.caps_q.mean(axis=1))
    own, rest = np.sort(order[:AREAS_MAX]), order[AREAS_MAX:]
    parts = [found.caps_q[at] for at in own]
    labels = [ids.get(found.numbers[at], str(found.numbers[at])) for at in own]
    if len(rest):
        parts.append(found.caps_q[rest].sum(axis=0))
        labels.append(f"{len(rest)} more")
    colours = [*AREAS[: len(own)], "#cccccc"]
    axes.stackplot(
        found.t_s, parts, labels=labels, colors=colours, step="post", edgecolor="white", lw=0.3
    )
    total = np.sum(parts, axis=0)
    axes.fill_between(
        found.t_s, total, total + found.under_way_q, step="post", facecolor="none",
        edgecolor="#333333", hatch="////", lw=0, label="under way",
    )  # fmt: skip
    if found.limit_q is not None:
        axes.axhline(found.limit_q, color=LIAR, lw=1.2, label="limit")
    if found.budget_q is not None and found.budget_q != found.limit_q:
        axes.axhline(found.budget_q, color=LIAR, lw=1.0, ls="--", label="limit less safety")
    axes.set_xlim(course.begin_s, course.end_s)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"may draw ({course.unit})")
    axes.set_xlabel("time (s)")
    kept = "never above the limit"
    if found.violations:
        kept = f"the limit was BROKEN {found.violations:,} times"
    if found.limits > 1:
        kept += f" (the first of {found.limits})"
    axes.set_title(f"Who may draw how much: caps and units under way, {kept}", pad=30)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    legend(axes, 7)
