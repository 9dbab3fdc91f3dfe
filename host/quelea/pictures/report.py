"""The report of a run as PDF: what it was and whether it held, then one figure after the other."""

import warnings
from pathlib import Path
from typing import Any

from quelea.audit.auditor import audit
from quelea.audit.report import report as audited
from quelea.errors import UserError
from quelea.journal import Check, Journal
from quelea.pictures import panels
from quelea.pictures.caps import MISSING
from quelea.pictures.plot import Drawing
from quelea.pictures.style import LIAR, new_figure

PAGE_IN = (8.27, 11.69)  # A4
MARGIN = 0.09  # of the page, left and right
CHECKS_MAX = 34
AUDIT_ROWS_MAX = 60_000
WRAP = 92


def write_report(journal: Journal, drawing: Drawing, path: Path) -> Path:
    """Write the pages into path."""
    figures = [_first(journal, drawing), *_pages(drawing)]
    from matplotlib.backends.backend_pdf import PdfPages

    with PdfPages(path, metadata={"Title": drawing.course.title, "Creator": "quelea"}) as pdf:
        for figure in figures:
            pdf.savefig(figure)
    return path


def _page() -> Any:
    figure = new_figure(PAGE_IN[1], PAGE_IN[0])
    figure.get_layout_engine().set(rect=(0.06, 0.05, 0.88, 0.9), h_pad=0.15, hspace=0.04)
    return figure


def _pages(drawing: Drawing) -> list[Any]:
    course = drawing.course
    second = _page()
    axes = second.subplots(3, 1, gridspec_kw={"height_ratios": (2.2, 2.6, 2)})
    panels.spread(axes[0], course)
    panels.estimates(axes[1], course, None)
    panels.trims(axes[2], course, *drawing.trims)
    third = _page()
    axes = third.subplots(2, 1, gridspec_kw={"height_ratios": (3, 2)})
    panels.messages(axes[0], course, drawing.messages, drawing.span, drawing.shown)
    if drawing.allocation:
        panels.allocation(axes[1], course, drawing.allocation)
    else:
        axes[1].set_title("Who may draw how much")
        axes[1].text(0, 1.0, MISSING, transform=axes[1].transAxes, va="top")
        axes[1].set_axis_off()
    return [second, third]


def _first(journal: Journal, drawing: Drawing) -> Any:
    figure = new_figure(PAGE_IN[1], PAGE_IN[0])
    figure.set_layout_engine("none")
    run = journal.run()
    y = 0.93
    figure.text(MARGIN, y, f"Run {run.get('name', '?')}", fontsize=16, weight="bold")
    figure.text(MARGIN, y - 0.022, drawing.course.title, fontsize=10)
    y -= 0.06
    for name, value in _facts(journal, drawing, run):
        figure.text(MARGIN, y, name, weight="bold")
        lines = _wrapped(value)
        for line in lines:
            figure.text(MARGIN + 0.16, y, line)
            y -= 0.0155
    y = _verdict(figure, y - 0.02, journal.checks(), run.get("verdict"))
    _audit(figure, y - 0.025, journal)
    return figure


def _facts(journal: Journal, drawing: Drawing, run: dict[str, Any]) -> list[tuple[str, str]]:
    traffic = journal.traffic()
    course = drawing.course
    lacking, forgotten = journal.incomplete, journal.forgotten
    whole = "yes" if journal.closed else "no: its writer was killed, or still writes"
    if lacking:
        dropped = ", ".join(f"{count:,} of {table}" for table, count in lacking.dropped.items())
        whole = f"INCOMPLETE: {dropped} dropped: {lacking.reason}"
    if forgotten:
        whole += f"; its first {forgotten.until_us / 1e6:,.0f} s were forgotten (--journal-mb)"
    liars = [line.id for line in course.lines if line.liar]
    seconds = course.end_s or 1.0
    good = sum(row.frames for row in traffic)
    size = sum(row.bytes for row in traffic)
    topology = run.get("topology")
    graph = str(topology.get("name", "")) if isinstance(topology, dict) else ""
    return [
        ("started", f"{run.get('started', '?')}, lasted {seconds:,.1f} s"),
        ("version", f"quelea {run.get('version', '?')} {run.get('git') or ''}".strip()),
        ("command", " ".join(str(word) for word in run.get("command") or ["?"])),
        ("graph", graph + (f", ρ = {course.rho:.3f}" if course.rho else "")),
        ("liars", ", ".join(liars) or "none"),
        ("frames", f"{good:,} good, {sum(row.refused for row in traffic):,} refused, "
                   f"{sum(row.lost for row in traffic):,} missed by the recorder"),
        ("traffic", f"{good / seconds:,.0f} frames/s, {size * 8 / seconds / 1000:,.1f} kbit/s"),
        ("faults", ", ".join(f"{f.name} {f.target} at {f.from_us / 1e6:.1f} s"
                             for f in course.faults) or "none injected"),
        ("whole", whole),
    ]  # fmt: skip


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, WRAP)[:4] or [""]


def _verdict(figure: Any, y: float, checks: list[Check], holds: object) -> float:
    words = {True: "The verdict holds", False: "The verdict DOES NOT HOLD"}
    head = words.get(bool(holds), "") if holds is not None else "No verdict was reached"
    colour = LIAR if holds is False else "black"
    figure.text(MARGIN, y, head, fontsize=11, weight="bold", color=colour)
    y -= 0.024
    for name, x in (("check", 0.07), ("found", 0.55), ("bound", 0.7), ("unit", 0.8)):
        figure.text(MARGIN + x, y, name, weight="bold")
    for check in checks[:CHECKS_MAX]:
        y -= 0.016
        colour = "black" if check.ok else LIAR
        figure.text(MARGIN, y, "holds" if check.ok else "FAILS", color=colour)
        figure.text(MARGIN + 0.07, y, check.name, color=colour)
        for value, x in ((check.value, 0.55), (check.bound, 0.7), (check.unit, 0.8)):
            shown = f"{value:,}" if isinstance(value, int | float) else str(value)
            figure.text(MARGIN + x, y, shown, color=colour)
    return y


def _audit(figure: Any, y: float, journal: Journal) -> None:
    figure.text(MARGIN, y - 0.01, "Audit", fontsize=11, weight="bold")
    try:
        with warnings.catch_warnings():
            auditor = audit(journal, AUDIT_ROWS_MAX)
    except UserError as error:
        figure.text(MARGIN, y - 0.033, f"No audit: {error.what}.")
        return
    result = audited(auditor)
    lines = [
        f"{result['frames']:,} frames computed again: {result['verified']:,} verified, "
        f"{result['unverifiable']:,} unverifiable, {result['wrong']:,} wrong."
    ]
    for node in result["nodes"]:
        if node["findings"]:
            first = node["proofs"][0]
            what = f"{node['id']} is proved wrong {node['findings']:,} times; first at "
            lines += _wrapped(what + f"{first['t_us'] / 1e6:.3f} s: {first['what']}")
    if not result["wrong_nodes"]:
        lines.append("Nobody is proved wrong.")
    for at, line in enumerate(lines):
        if y - 0.033 - 0.0155 * at > 0.05:
            figure.text(MARGIN, y - 0.033 - 0.0155 * at, line)
