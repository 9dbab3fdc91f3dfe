"""The live picture of a run in the terminal: spread on a log scale, nodes, traffic, events.

On a terminal it is drawn in place; where output is no terminal, a line every few seconds says
the same in short. It reads a Scene that the run fills; nothing here touches the fleet.
"""

import math
import sys
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

COURSE_MAX = 400  # points of the spread kept for the chart
CHART_ROWS = 8
EVENTS_SHOWN = 6
PLAIN_EVERY_S = 4.0
BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass
class NodeLine:
    """One row of the node table; None where it is not known yet. claim: what a liar says."""

    id: str
    lying: bool = False
    state: str = "..."
    epoch: int | None = None
    seq: int | None = None
    input_q: int | None = None
    value_q: int | None = None
    held: bool = False
    age_s: float | None = None
    frames: int = 0
    heap_kb: float | None = None


@dataclass
class Scene:
    """What the run knows now. spread_q: of the honest nodes that share the newest epoch."""

    title: str
    unit: str
    seconds: float
    lines: list[NodeLine] = field(default_factory=list)
    elapsed_s: float = 0.0
    spread_q: int | None = None
    frames: int = 0
    frames_per_s: float = 0.0
    bytes_per_frame: float = 0.0
    phase: str = "starting"
    events: deque[str] = field(default_factory=lambda: deque(maxlen=200))
    course: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=COURSE_MAX))

    def note(self, text: str) -> None:
        """Add an event with the time of the run before it."""
        self.events.append(f"{self.elapsed_s:6.1f} s  {text}")


def chart(course: Iterable[tuple[float, int]], width: int, seconds: float) -> list[str]:
    """Return CHART_ROWS lines: the spread over the whole run on a log scale, 1 q at the bottom.

    Each column shows the largest spread of its share of the time.
    """
    points = list(course)
    top = max([10, *(spread_q for _, spread_q in points)])
    decades = math.ceil(math.log10(top))
    columns = [-1] * width
    for at_s, spread_q in points:
        column = min(width - 1, int(at_s / max(seconds, 1e-9) * width))
        columns[column] = max(columns[column], spread_q)
    cells = CHART_ROWS * 8
    heights = [
        -1 if spread_q < 0 else round(math.log10(max(1, spread_q)) / decades * cells)
        for spread_q in columns
    ]
    lines = []
    for row in range(CHART_ROWS - 1, -1, -1):
        mark = 10 ** (decades * (row + 1) / CHART_ROWS)
        label = f"{mark:>9,.0f} ┤" if row % 2 == 1 else " " * 10 + "│"
        body = "".join(
            "·" if row == 0 and height == 0 else BLOCKS[max(0, min(8, height - row * 8))]
            for height in heights
        )
        lines.append(label + body)
    return lines


def _number(value: float | int | None, form: str = "{:,}") -> str:
    return "-" if value is None else form.format(value)


def node_table(scene: Scene, rows_max: int) -> Table:
    """Return the node table; liars first, then by number; what does not fit is counted."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (
        ("node", "left"),
        ("state", "left"),
        ("epoch", "right"),
        ("frame", "right"),
        (f"demand {scene.unit}", "right"),
        (f"value {scene.unit}", "right"),
        ("age s", "right"),
        ("heap KB", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    ordered = sorted(scene.lines, key=lambda line: (not line.lying, line.id))
    for line in ordered[:rows_max]:
        remark = "lies: this is its claim" if line.lying else "held" if line.held else ""
        table.add_row(
            line.id,
            line.state,
            _number(line.epoch),
            _number(line.seq),
            _number(line.input_q),
            _number(line.value_q),
            _number(line.age_s, "{:.1f}"),
            _number(line.heap_kb, "{:.0f}"),
            remark,
            style="red" if line.lying else "yellow" if line.state != "ready" else "",
        )
    if len(ordered) > rows_max:
        table.add_row(f"... {len(ordered) - rows_max} more", *[""] * 8, style="dim")
    return table


def render(scene: Scene, width: int, height: int) -> Group:
    """Return the whole picture for a terminal of this size."""
    inner = max(40, width - 4)
    graph = Text("\n".join(chart(scene.course, inner - 12, scene.seconds)), style="cyan")
    spread = "spread of honest values, " + scene.unit + ", log scale"
    now = "" if scene.spread_q is None else f"   now {scene.spread_q:,}"
    head = Text.assemble(
        (scene.title, "bold"),
        f"   {scene.elapsed_s:.0f} of {scene.seconds:.0f} s   {scene.phase}\n",
        f"{scene.frames:,} frames, {scene.frames_per_s:.0f} a second, "
        f"{scene.bytes_per_frame:.0f} bytes each",
    )
    events = Text("\n".join(list(scene.events)[-EVENTS_SHOWN:]))
    rows_max = max(4, height - CHART_ROWS - EVENTS_SHOWN - 11)
    return Group(
        head,
        Panel(graph, title=spread + now, title_align="left", width=width),
        node_table(scene, rows_max),
        Panel(events, title="events", title_align="left", width=width),
    )


class Display:
    """Shows a Scene while a run goes on; use as a context manager and call refresh() often."""

    def __init__(self, scene: Scene, console: Console) -> None:
        self.scene = scene
        self.console = console
        self.live: Live | None = None
        self.said_s = -PLAIN_EVERY_S
        self.events_said = 0

    def __enter__(self) -> "Display":
        if self.console.is_terminal and sys.stderr.isatty():
            self.live = Live(console=self.console, auto_refresh=False, transient=True)
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()

    def say(self, text: str) -> None:
        """Say something that is to stay, above the drawing."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def refresh(self) -> None:
        """Draw the scene, or say it in a line when it is time to."""
        if self.live is not None:
            size = self.console.size
            self.live.update(render(self.scene, size.width, size.height), refresh=True)
            return
        events = list(self.scene.events)
        for text in events[self.events_said :]:
            self.say(text)
        self.events_said = len(events)
        if time.monotonic() - self.said_s >= PLAIN_EVERY_S:
            self.said_s = time.monotonic()
            self.say(self._line())

    def _line(self) -> str:
        scene = self.scene
        liars = [f"{line.id} claims {_number(line.value_q)}" for line in scene.lines if line.lying]
        ready = sum(line.state == "ready" for line in scene.lines)
        text = (
            f"{scene.elapsed_s:6.1f} s  {ready} of {len(scene.lines)} ready, "
            f"spread {_number(scene.spread_q)} {scene.unit}, "
            f"{scene.frames:,} frames, {scene.frames_per_s:.0f}/s"
        )
        return text + ("; " + ", ".join(liars[:4]) if liars else "")
