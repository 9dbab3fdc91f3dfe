"""`quelea top` and `quelea replay`: the screens and their keys."""

from collections.abc import Callable
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from quelea.errors import UserError
from quelea.top import views
from quelea.top.replay import US, Replayer
from quelea.top.table import NodeTable

TICK_S = 0.5
LOW_LINES = 32  # below it the events are left out
EVENTS_SHOWN = 6
SPEED_MIN, SPEED_MAX = 0.125, 64.0
SEEK_S = 5
HELP = """\
[b]What you see[/b]
top         the run, its time; nodes present, epoch, spread, traffic; what the audit says
caps        the shared limit: caps, units under way, what is left; kept or BROKEN
left        spread of the trusted nodes' values on a log scale; ╌ is plain averaging on this graph
right       what deserves attention, worst first
table       one line a node: ● well  ‖ holds  ○ absent  ◆ lies by the run's word  ✗ proved wrong
            wish: what it asks for; doubt: how often the audit found it wrong

[b]Keys[/b]
↑ ↓ PgUp PgDn Home End   move        Enter   why this node is where it is
s   sort by the next column           d       the doubtful first
p   pause the picture                 ?       this text
q   quit

[b]When a journal is played[/b]
Space  pause, go on    + -  faster, slower    b f  5 s back, on   0  from the beginning
"""


class Words(ModalScreen[None]):
    """A page of text over the rest; any of its keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "close", "close"),
    ]
    DEFAULT_CSS = """
    Words { align: center middle; }
    Words > VerticalScroll { width: 90%; height: 85%; border: round $primary; padding: 1 2;
        background: $surface; }
    """

    def __init__(self, *parts: Text | str) -> None:
        super().__init__()
        self.parts = parts

    def compose(self) -> ComposeResult:
        """Lay the parts under each other."""
        with VerticalScroll(can_focus=True):
            for part in self.parts:
                yield Static(part)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)


class Top(App[None]):
    """source: read every TICK_S. why(id, second): an explanation, None where there is none."""

    TITLE = "quelea"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #head { height: 2; padding: 0 1; }
    #budget { height: 1; padding: 0 1; }
    #middle { height: 11; }
    #chart, #attention { height: 100%; border: round $primary; padding: 0 1; }
    #chart { width: 3fr; padding: 0; }
    #attention { width: 2fr; }
    #nodes { height: 1fr; margin: 0 1; scrollbar-size: 1 1; }
    .low #middle { height: 7; }
    .low #events { display: none; }
    #events { height: 8; border: round $primary; border-title-align: left; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "quit"),
        Binding("s", "sort", "sort"),
        Binding("d", "doubtful", "doubtful first"),
        Binding("p", "hold", "pause"),
        Binding("question_mark", "help", "help"),
        Binding("space", "play", "play", show=False),
        Binding("plus,equals_sign", "speed(2.0)", "faster", show=False),
        Binding("minus", "speed(0.5)", "slower", show=False),
        Binding("f", f"seek({SEEK_S})", f"+{SEEK_S} s", show=False),
        Binding("b", f"seek(-{SEEK_S})", f"-{SEEK_S} s", show=False),
        Binding("0", "seek(-1000000000)", "start", show=False),
    ]

    def __init__(
        self, source: views.Source, why: Callable[[str, float], str] | None = None
    ) -> None:
        super().__init__()
        self.source = source
        self.why = why
        self.held = False
        self.trouble = ""

    def compose(self) -> ComposeResult:
        """Lay out the screen from top to bottom."""
        yield Static(id="head")
        yield Static(id="budget")
        with Horizontal(id="middle"):
            yield Static(id="chart")
            yield Static(id="attention")
        with Vertical():
            yield NodeTable(id="nodes")
        yield Static(id="events")
        yield Footer()

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#chart").border_title = "spread, q, log scale"
        self.query_one("#attention").border_title = "attention"
        self.query_one("#events").border_title = "events"
        self.query_one(NodeTable).focus()
        self.call_after_refresh(self.turn)
        self.set_interval(TICK_S, self.turn)

    def on_resize(self) -> None:
        """Leave out what a low terminal has no room for."""
        self.screen.set_class(self.size.height < LOW_LINES, "low")

    def turn(self) -> None:
        """Read what is new and draw it; what goes wrong is said and tried again."""
        try:
            self.source.step()
            self.trouble = ""
        except (OSError, UserError, ValueError) as error:
            self.trouble = str(error)
        if not self.held:
            self.draw()

    def draw(self) -> None:
        """Draw everything from the model."""
        source, model = self.source, self.source.model
        self._put("#head", views.head(source, self._note()))
        self._put("#budget", views.budget(model, max(10, min(60, self.size.width - 90))))
        size = self.query_one("#chart", Static).size
        self._put("#chart", views.chart(source, size.width, max(2, size.height - 1)))
        lines = max(1, self.query_one("#attention", Static).size.height - 1)
        self._put("#attention", views.attention(model, lines))
        self._put("#events", views.events(model, EVENTS_SHOWN))
        self.query_one(NodeTable).show(model)

    def _note(self) -> str:
        notes = []
        if isinstance(self.source, Replayer):
            notes.append(f"of {self.source.end_us / US:,.1f} s, x {self.source.speed:g}")
        if self.held:
            notes.append("PICTURE PAUSED (p)")
        if self.trouble:
            notes.append(f"trouble: {self.trouble}")
        if self.query_one(NodeTable).sort != views.SORTS[0]:
            notes.append(f"by {self.query_one(NodeTable).sort}")
        return "".join(f", {note}" for note in notes)

    def _put(self, name: str, text: Text) -> None:
        text.no_wrap = name != "#attention"
        self.query_one(name, Static).update(text)

    # -- keys ---------------------------------------------------------------------------------
    def action_sort(self) -> None:
        """Sort by the next column."""
        table = self.query_one(NodeTable)
        table.sort = views.SORTS[(views.SORTS.index(table.sort) + 1) % len(views.SORTS)]
        self.draw()

    def action_doubtful(self) -> None:
        """Put those that the audit has something against on top."""
        table = self.query_one(NodeTable)
        table.sort = "doubt"
        table.cursor, table.order = 0, []
        self.draw()

    def action_hold(self) -> None:
        """Let the picture stand still, or go on; what comes meanwhile is not lost."""
        self.held = not self.held
        self.draw()

    def action_help(self) -> None:
        """Show what is what."""
        self.push_screen(Words(HELP))

    def action_play(self) -> None:
        """Pause a journal that is played, or go on."""
        if isinstance(self.source, Replayer):
            self.source.paused = not self.source.paused
            self.draw()

    def action_speed(self, times: float) -> None:
        """Play faster or slower."""
        if isinstance(self.source, Replayer):
            self.source.speed = max(SPEED_MIN, min(SPEED_MAX, self.source.speed * times))
            self.draw()

    def action_seek(self, by_s: int) -> None:
        """Go back or on in a journal that is played."""
        if isinstance(self.source, Replayer):
            self.source.seek(self.source.at_us + by_s * US)
            self.draw()

    def on_node_table_opened(self, message: NodeTable.Opened) -> None:
        """Show a node's neighbours and why it has its value."""
        model = self.source.model
        node = model.nodes[message.number]
        parts: list[Text | str] = [Text(f"{node.id} at {model.t_us / US:.2f} s", "bold")]
        if self.why is not None and node.heard:
            try:
                parts.append(Text("\n" + self.why(node.id, model.t_us / US)))
            except UserError as error:
                parts.append(Text(f"\n{error.what}"))
        accused = model.accused.get(node.number)
        if accused is not None:
            what = (
                f"\nProved wrong {accused.findings:,} times, first at {accused.t_us / US:.2f} s: "
            )
            parts.append(Text(what + accused.what, views.BAD_STYLE))
        parts += [Text(""), views.neighbours(model, node)]
        self.push_screen(Words(*parts))

    async def action_quit(self) -> None:
        """End."""
        self.exit()

    def watch_app_focus(self, focus: Any) -> None:
        """Nothing changes when the terminal loses the focus."""
