"""A picture of messages in space and time around what went wrong: SVG and text, PNG with [plot].

One line a node, time to the right, stretched where much happens. An arrow is a frame from its
sending to its arrival; a stub one that never arrived. Numbers are the values said. Grey boxes are
nodes without power or standing still, red rings what is wrong: the frames into the ring are what
the node was told. Of a large fleet only that node and its neighbours are drawn.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from quelea.journal import Journal, NodeRow
from quelea.simulator.network import COPY, DAMAGED, LOST, OLD, SENT, STALE
from quelea.simulator.world import Flight

SECOND_US = 1_000_000
BEFORE, AFTER = 2.3, 0.4  # periods that are shown before and after the first violation
FLIGHTS_MAX = 4000
LANES_MAX = 10
WORDS_MAX = 6  # violations that are listed in words
COLOURS = {
    SENT: "#4a5a69",
    LOST: "#d0342c",
    DAMAGED: "#e08e0b",
    COPY: "#2b7bba",
    OLD: "#7b3fa0",
    STALE: "#0a7d5a",
}
OFF, STILL = "no power", "standing still"
BEGINS = {"down": OFF, "left": OFF, "paused": STILL}
ENDS = {"booted": (OFF, STILL), "resumed": (STILL,), "back": (OFF,)}


@dataclass(frozen=True)
class Band:
    """A node without power or standing still, from from_us to to_us."""

    node: int
    from_us: int
    to_us: int
    what: str


@dataclass(frozen=True)
class Said:
    """A value as it was said; dest: 0 for all, else the only node that was told this."""

    t_us: int
    node: int
    dest: int
    value_q: int


@dataclass(frozen=True)
class Picture:
    """What is drawn; ids: of the nodes shown, in order; out_of: how many there are.

    marks: (t_us, node or 0 for the whole fleet, text). centre: the node of the first, or 0.
    """

    title: str
    ids: dict[int, str]
    out_of: int
    liars: frozenset[int]
    from_us: int
    to_us: int
    flights: list[Flight]
    bands: list[Band]
    fleet: list[tuple[int, str]]
    marks: list[tuple[int, int, str]]
    centre: int = 0
    said: list[Said] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """What is wrong, in words, the first of it."""
        left = len(self.marks) - WORDS_MAX
        more = [f"... and {left} more until then"] if left > 0 else []
        return [text for _, _, text in self.marks[:WORDS_MAX]] + more

    @property
    def scope(self) -> str:
        """What is shown, in words."""
        if len(self.ids) == self.out_of:
            return f"all {self.out_of} nodes"
        who = f"{self.ids[self.centre]} and neighbours of it, " if self.centre else ""
        return f"{who}{len(self.ids)} of {self.out_of} nodes"

    def stands_out(self, flight: Flight) -> bool:
        """Return whether a flight has to do with the first violation: into its node, before it."""
        if not self.centre:
            return True
        return flight.dest == self.centre and flight.to_us <= self.marks[0][0]


def compose(
    journal: Journal, flights: list[Flight], violations: dict[str, list[str]], title: str
) -> Picture:
    """Return the picture around the first violation, or of the whole run without one."""
    marks = sorted(
        (int(getattr(text, "t_us", 0)), int(getattr(text, "node", 0)), f"{name}: {text}")
        for name, texts in violations.items()
        for text in texts
    )
    end_us = journal.end_us()
    from_us, to_us, centre = 0, end_us, 0
    if marks:
        first_us, centre, _ = marks[0]
        settings = journal.run().get("settings") or {}
        period_us = 1000 * int(settings.get("period_ms", 1000))
        from_us = max(0, first_us - int(BEFORE * period_us))
        to_us = min(end_us, first_us + int(AFTER * period_us))
    members = journal.nodes()
    inside = [f for f in flights if from_us <= f.to_us <= to_us]
    ids = _shown(members, centre, inside)
    kept = [f for f in inside if f.source in ids and f.dest in ids]
    return Picture(
        title=title,
        ids=ids,
        out_of=len(members),
        liars=frozenset(row.number for row in members if row.liar),
        from_us=from_us,
        to_us=max(to_us, from_us + 1),
        flights=kept[:FLIGHTS_MAX],
        bands=[b for b in _bands(journal, members, end_us) if b.node in ids],
        fleet=[
            (event.t_us, event.name)
            for event in journal.events(from_us, to_us)
            if event.source in ("network", "broker", "fleet") and event.name != "wide-integer"
        ],
        marks=[mark for mark in marks if from_us <= mark[0] <= to_us],
        centre=centre if centre in ids else 0,
        said=_said(journal, ids, from_us, to_us),
    )


def _shown(members: list[NodeRow], centre: int, flights: Iterable[Flight]) -> dict[int, str]:
    """Return the ids of the nodes to draw: all of a small fleet, else those around a node."""
    names = {row.number: row.id for row in members}
    if len(members) <= LANES_MAX:
        return names
    near = next((row.neighbours for row in members if row.number == centre), ())
    told = {f.source for f in flights if f.dest == centre and f.fate != LOST}
    lying = {row.number for row in members if row.liar}
    order = sorted(near or names, key=lambda n: (n not in lying, n not in told, n))
    first = [centre] if centre in names else []
    return {n: names[n] for n in sorted([*first, *order][:LANES_MAX])}


def _said(journal: Journal, ids: dict[int, str], from_us: int, to_us: int) -> list[Said]:
    """Return the values said in the window; one for each receiver only where they differ."""
    rows = [row for row in journal.frames(from_us, to_us + 1) if row.source in ids]
    told: dict[tuple[int, int], set[int]] = {}
    for row in rows:
        told.setdefault((row.t_us, row.source), set()).add(row.value_q)
    out = {}
    for row in rows:
        one = len(told[row.t_us, row.source]) == 1
        dest = 0 if one else row.dest
        if dest == 0 or dest in ids:
            out[row.t_us, row.source, dest] = Said(row.t_us, row.source, dest, row.value_q)
    return list(out.values())


def _bands(journal: Journal, members: list[NodeRow], end_us: int) -> list[Band]:
    numbers = {row.id: row.number for row in members}
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
        for number in (node,) if node in rows else () if node else rows:
            rows[number][column(t_us)] = "!"
    lines = [f"{picture.title}: {picture.scope}"]
    for node, row in rows.items():
        mark = "*" if node in picture.liars else " "
        lines.append(f"{picture.ids[node]:>6}{mark} |{''.join(row)}|")
    first, last = picture.from_us / SECOND_US, picture.to_us / SECOND_US
    lines.append(
        f"{first:.2f} s to {last:.2f} s; s sent, . heard, x lost, - no power, ~ still, * lies"
    )
    lines += [f"{t_us / SECOND_US:.3f} s: {name}" for t_us, name in picture.fleet[:8]]
    return "\n".join([*lines, *(f"! {words}" for words in picture.words)]) + "\n"


def save(picture: Picture, stem: Path) -> list[Path]:
    """Write stem.svg, stem.txt and, with matplotlib, stem.png; return what was written."""
    from quelea.simulator.picture_svg import svg

    written = [stem.with_suffix(".svg"), stem.with_suffix(".txt")]
    written[0].write_text(svg(picture), encoding="utf-8")
    written[1].write_text(text(picture), encoding="utf-8")
    try:
        from quelea.simulator.picture_png import draw
    except ImportError:
        return written  # matplotlib comes with the extra `plot`
    draw(picture, stem.with_suffix(".png"))
    return [*written, stem.with_suffix(".png")]
