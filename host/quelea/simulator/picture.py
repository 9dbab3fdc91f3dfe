"""A picture of messages in space and time around what went wrong: SVG and text, PNG with [plot].

One line a node, time to the right. An arrow is a frame from its sending to its arrival; a stub one
that never arrived. Grey boxes are nodes without power, or standing still; red rings violations.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from quelea.journal import Journal
from quelea.simulator.network import COPY, DAMAGED, LOST, OLD, SENT, STALE
from quelea.simulator.world import Flight

SECOND_US = 1_000_000
BEFORE_US, AFTER_US = 6 * SECOND_US, 2 * SECOND_US
FLIGHTS_MAX = 4000
COLOURS = {
    SENT: "#7a8a99",
    LOST: "#d0342c",
    DAMAGED: "#e08e0b",
    COPY: "#2b7bba",
    OLD: "#7b3fa0",
    STALE: "#0a7d5a",
}
OFF, STILL = "no power", "standing still"
BEGINS = {"down": OFF, "left": OFF, "paused": STILL}
ENDS = {"booted": (OFF, STILL), "resumed": (STILL,), "back": (OFF,)}
WIDTH, LANE, LEFT, TOP = 1200, 46, 74, 54


@dataclass(frozen=True)
class Band:
    """A node without power or standing still, from from_us to to_us."""

    node: int
    from_us: int
    to_us: int
    what: str


@dataclass(frozen=True)
class Picture:
    """What is drawn; marks: (t_us, node or 0 for the whole fleet, text)."""

    title: str
    ids: dict[int, str]
    liars: frozenset[int]
    from_us: int
    to_us: int
    flights: list[Flight]
    bands: list[Band]
    fleet: list[tuple[int, str]]
    marks: list[tuple[int, int, str]]


def compose(
    journal: Journal, flights: list[Flight], violations: dict[str, list[str]], title: str
) -> Picture:
    """Return the picture around the first violation, or of the whole run without one."""
    marks = [
        (int(getattr(text, "t_us", 0)), int(getattr(text, "node", 0)), f"{name}: {text}")
        for name, texts in violations.items()
        for text in texts
    ]
    end_us = journal.end_us()
    from_us, to_us = 0, end_us
    if marks:
        first_us = min(mark[0] for mark in marks)
        from_us, to_us = max(0, first_us - BEFORE_US), min(end_us, first_us + AFTER_US)
    inside = [f for f in flights if f.to_us >= from_us and f.from_us <= to_us]
    members = journal.nodes()
    return Picture(
        title=title,
        ids={row.number: row.id for row in members},
        liars=frozenset(row.number for row in members if row.liar),
        from_us=from_us,
        to_us=max(to_us, from_us + 1),
        flights=inside[:FLIGHTS_MAX],
        bands=_bands(journal, {row.id: row.number for row in members}, end_us),
        fleet=[
            (event.t_us, event.name)
            for event in journal.events(from_us, to_us)
            if event.source in ("network", "broker", "fleet") and event.name != "wide-integer"
        ],
        marks=[mark for mark in marks if from_us <= mark[0] <= to_us],
    )


def _bands(journal: Journal, numbers: dict[str, int], end_us: int) -> list[Band]:
    open_since: dict[tuple[int, str], int] = {(n, OFF): 0 for n in numbers.values()}
    bands = []
    for event in journal.events():
        node = numbers.get(event.source)
        if node is None:
            continue
        if event.name in BEGINS:
            open_since.setdefault((node, BEGINS[event.name]), event.t_us)
        for what in ENDS.get(event.name, ()):
            since_us = open_since.pop((node, what), None)
            if since_us is not None:
                bands.append(Band(node, since_us, event.t_us, what))
    bands += [Band(node, since, end_us, what) for (node, what), since in open_since.items()]
    return bands


# -- SVG ------------------------------------------------------------------------------------------
def svg(picture: Picture) -> str:
    """Return the picture as an SVG document."""
    lanes = {node: TOP + LANE * (row + 1) for row, node in enumerate(picture.ids)}
    height = TOP + LANE * (len(lanes) + 1) + 24 + 15 * min(6, len(picture.marks))
    span_us = picture.to_us - picture.from_us

    def x(t_us: int) -> float:
        inside = min(max(t_us, picture.from_us), picture.to_us)
        return LEFT + (inside - picture.from_us) * (WIDTH - LEFT - 20) / span_us

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="10" y="18" font-size="14">{escape(picture.title)}</text>',
        *_legend(),
    ]
    for band in picture.bands:
        if band.to_us > picture.from_us and band.from_us < picture.to_us:
            left, width = x(band.from_us), x(band.to_us) - x(band.from_us)
            fill = "#d5d9dd" if band.what == OFF else "#efe3c2"
            out.append(
                f'<rect x="{left:.1f}" y="{lanes[band.node] - 9}" width="{max(1.0, width):.1f}" '
                f'height="18" fill="{fill}"><title>{band.what}</title></rect>'
            )
    for node, y in lanes.items():
        colour = "#b00020" if node in picture.liars else "#222"
        out.append(f'<text x="8" y="{y + 4}" fill="{colour}">{picture.ids[node]}</text>')
        out.append(f'<path d="M{LEFT} {y}H{WIDTH - 20}" stroke="#bbb"/>')
    out += [_arrow(flight, lanes, x) for flight in picture.flights]
    for t_us, name in picture.fleet:
        out.append(f'<path d="M{x(t_us):.1f} {TOP}V{height - 24}" stroke="#0a7d5a" '
                   f'stroke-dasharray="3 3"/><text x="{x(t_us):.1f}" y="{TOP - 2}" '
                   f'fill="#0a7d5a">{escape(name)}</text>')  # fmt: skip
    bottom = TOP + LANE * (len(lanes) + 1)
    for t_us, node, text in picture.marks:
        y = lanes.get(node, TOP)
        out.append(f'<circle cx="{x(t_us):.1f}" cy="{y}" r="8" fill="none" stroke="#d0342c" '
                   f'stroke-width="2.5"><title>{escape(text)}</title></circle>')  # fmt: skip
    for row, (_, _, text) in enumerate(picture.marks[:6]):
        out.append(f'<text x="10" y="{bottom + 15 * row}" fill="#d0342c">{escape(text)}</text>')
    for step in range(9):
        t_us = picture.from_us + span_us * step // 8
        out.append(f'<text x="{x(t_us):.1f}" y="{height - 6}" fill="#555" text-anchor="middle">'
                   f"{t_us / SECOND_US:.2f} s</text>")  # fmt: skip
    return "\n".join([*out, "</svg>"]) + "\n"


def _legend() -> list[str]:
    return [
        f'<text x="{LEFT + 90 * at}" y="34" fill="{colour}">&#8212; {fate}</text>'
        for at, (fate, colour) in enumerate(COLOURS.items())
    ]


def _arrow(flight: Flight, lanes: dict[int, int], x: Any) -> str:
    colour = COLOURS.get(flight.fate, COLOURS[SENT])
    y, to_y = lanes[flight.source], lanes[flight.dest]
    to_x = x(flight.to_us)
    if flight.fate == LOST:  # a stub that points where it would have gone
        to_x, to_y = x(flight.from_us) + 5, int(y + 0.3 * (to_y - y))
    line = f'<path d="M{x(flight.from_us):.1f} {y}L{to_x:.1f} {to_y}" stroke="{colour}"/>'
    if flight.fate == LOST:
        return line
    return line + f'<circle cx="{to_x:.1f}" cy="{to_y}" r="2" fill="{colour}"/>'


# -- text -----------------------------------------------------------------------------------------
def text(picture: Picture, columns: int = 96) -> str:
    """Return the picture as text: s sent, . heard, x lost, - no power, ~ still, ! wrong."""
    span_us = picture.to_us - picture.from_us

    def column(t_us: int) -> int:
        return min(columns - 1, max(0, (t_us - picture.from_us) * columns // span_us))

    rows = {node: [" "] * columns for node in picture.ids}
    for band in picture.bands:
        if band.to_us > picture.from_us and band.from_us < picture.to_us:
            for at in range(column(band.from_us), column(band.to_us) + 1):
                rows[band.node][at] = "-" if band.what == OFF else "~"
    for flight in picture.flights:
        if flight.fate == LOST:
            rows[flight.dest][column(flight.to_us)] = "x"
        elif flight.to_us <= picture.to_us:
            rows[flight.dest][column(flight.to_us)] = "."
    for flight in picture.flights:
        if flight.from_us >= picture.from_us:
            rows[flight.source][column(flight.from_us)] = "s"
    for t_us, node, _ in picture.marks:
        for number in (node,) if node in rows else rows:
            rows[number][column(t_us)] = "!"
    lines = [picture.title]
    for node, row in rows.items():
        mark = "*" if node in picture.liars else " "
        lines.append(f"{picture.ids[node]:>6}{mark} |{''.join(row)}|")
    first, last = picture.from_us / SECOND_US, picture.to_us / SECOND_US
    lines.append(f"{first:.2f} s to {last:.2f} s; s sent, . heard, x lost, - no power, ~ still")
    lines += [f"{t_us / SECOND_US:.3f} s: {name}" for t_us, name in picture.fleet[:8]]
    return "\n".join([*lines, *(f"! {words}" for _, _, words in picture.marks[:6])]) + "\n"


def save(picture: Picture, stem: Path) -> list[Path]:
    """Write stem.svg, stem.txt and, with matplotlib, stem.png; return what was written."""
    written = [stem.with_suffix(".svg"), stem.with_suffix(".txt")]
    written[0].write_text(svg(picture), encoding="utf-8")
    written[1].write_text(text(picture), encoding="utf-8")
    try:
        from quelea.simulator.picture_png import draw
    except ImportError:
        return written  # matplotlib comes with the extra `plot`
    draw(picture, stem.with_suffix(".png"))
    return [*written, stem.with_suffix(".png")]
