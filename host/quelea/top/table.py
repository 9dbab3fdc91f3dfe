"""The list of nodes as a widget that draws only the lines one sees, so that it takes thousands."""

from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from quelea.top import views
from quelea.watch.state import Model, Node

HEAD = Style(bold=True, underline=True)


class NodeTable(ScrollView, can_focus=True):
    """show() gives it the model; `Opened` says which node was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("home,g", "move(-100000)", show=False),
        Binding("end,G", "move(100000)", show=False),
        Binding("enter", "open", "why?", show=True),
    ]

    class Opened(Message):
        """A node was chosen."""

        def __init__(self, number: int) -> None:
            self.number = number
            super().__init__()

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.model: Model | None = None
        self.order: list[Node] = []
        self.cursor = 0
        self.sort = views.SORTS[0]
        width = sum(column.width + 1 for column in views.COLUMNS)
        self.virtual_size = Size(width, 1)

    def show(self, model: Model) -> None:
        """Draw the model as it is now; the cursor stays on its node."""
        chosen = self.chosen
        self.model = model
        self.order = views.in_order(model, self.sort)
        if chosen is not None:
            numbers = [node.number for node in self.order]
            if chosen.number in numbers:
                self.cursor = numbers.index(chosen.number)
        self.cursor = max(0, min(self.cursor, len(self.order) - 1))
        self.virtual_size = Size(self.virtual_size.width, len(self.order) + 1)
        self.refresh()

    @property
    def chosen(self) -> Node | None:
        """The node under the cursor."""
        return self.order[self.cursor] if self.cursor < len(self.order) else None

    def action_move(self, by: int) -> None:
        """Move the cursor and keep it in view."""
        self.cursor = max(0, min(self.cursor + by, len(self.order) - 1))
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True)
        self.refresh()

    def action_open(self) -> None:
        """Ask for the node under the cursor."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen.number))

    def on_click(self, event: events.Click) -> None:
        """Take the node that was clicked; one that was chosen already is opened."""
        at = event.y - 1 + self.scroll_offset.y
        if event.y >= 1 and at < len(self.order):
            if at == self.cursor:
                self.action_open()
            self.cursor = at
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line: the head stays on top."""
        left, top = self.scroll_offset
        if y == 0:
            strip = Strip([Segment(_line([c.name for c in views.COLUMNS]), HEAD)])
        else:
            strip = self._row(top + y - 1)
        width = self.scrollable_content_region.width
        return strip.crop(left, left + width).adjust_cell_length(width)

    def _row(self, at: int) -> Strip:
        if self.model is None or at >= len(self.order):
            return Strip.blank(self.size.width)
        node = self.order[at]
        texts = views.cells(self.model, node)
        _, style = views.mark(self.model, node)
        marked = Style.parse(style)
        body = Style() if style == views.GOOD_STYLE else marked
        if at == self.cursor:
            marked, body = marked + Style(reverse=True), body + Style(reverse=True)
        return Strip([Segment(texts[0] + " ", marked), Segment(_line(texts)[2:], body)])


def _line(texts: list[str]) -> str:
    parts = []
    for column, text in zip(views.COLUMNS, texts):
        short = text if len(text) <= column.width else text[: column.width - 1] + "…"
        parts.append(short.rjust(column.width) if column.right else short.ljust(column.width))
    return " ".join(parts)
