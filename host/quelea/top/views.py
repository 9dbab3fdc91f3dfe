"""The model in words and blocks, for terminals: no widget in here, text in and out."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rich.text import Text

from quelea.watch import wire
from quelea.watch.attention import BAD, Notice, notices, reason
from quelea.watch.course import Course
from quelea.watch.facts import Facts
from quelea.watch.state import Model, Node

US = 1_000_000
BLOCKS = " ▁▂▃▄▅▆▇█"
PREDICTED = "╌"
BAR_CELLS = 40
# colour-blind safe on dark and light: no pair differs in hue alone, each has a sign as well
GOOD_STYLE, BAD_STYLE, WARN_STYLE, DIM_STYLE = "cyan", "bold red", "yellow", "dim"


class Source(Protocol):
    """What the views are drawn from: a Follower, a Bus or a Replayer."""

    model: Model
    course: Course
    facts: Facts
    whole: bool
    audit_behind: int
    audit_missing: str

    @property
    def phase(self) -> str:
        """What goes on: running, finished, playing ..."""
        ...

    def step(self) -> None:
        """Take what is new."""
        ...

    def close(self) -> None:
        """End."""
        ...


class Column(NamedTuple):
    """A column of the node table; right: numbers."""

    name: str
    width: int
    right: bool = False


# what a narrow terminal needs first
COLUMNS = (
    Column("", 1),
    Column("node", 10),
    Column("value", 10, True),
    Column("wish", 10, True),
    Column("cap", 9, True),
    Column("doubt", 5, True),
    Column("why", 28),
    Column("state", 11),
    Column("epoch", 5, True),
    Column("round", 5, True),
    Column("age s", 6, True),
    Column("heap", 4, True),
    Column("boots", 5, True),
    Column("fw", 6),
)
SORTS = ("node", "value", "age s", "doubt", "heap")


def doubt(model: Model, node: Node) -> int:
    """Return findings of the audit and contradictions: 0 for a node without blame."""
    accused = model.accused.get(node.number)
    return (accused.findings if accused else 0) + node.account.contradictions


def mark(model: Model, node: Node) -> tuple[str, str]:
    """Return (a sign, its style) of a node's standing."""
    if node.number in model.accused or node.account.contradictions:
        return "✗", BAD_STYLE
    if node.liar:
        return "◆", BAD_STYLE
    if not model.present(node):
        return "○", WARN_STYLE
    if node.held:
        return "‖", WARN_STYLE
    return "●", GOOD_STYLE


def cells(model: Model, node: Node) -> list[str]:
    """Return a node's row, in the order of COLUMNS."""
    sign, _ = mark(model, node)
    heard = node.heard
    high, size = node.heap()
    cap_q = model.budget.cap_q(node.number)
    cap_q = node.figure("cap_q") if cap_q is None else cap_q
    wish_q = node.figure("wish_q")
    doubts = doubt(model, node)
    return [
        sign,
        node.id,
        f"{node.value_q:,}" if heard else "-",
        f"{node.input_q if wish_q is None else wish_q:,}" if heard else "-",
        "-" if cap_q is None else f"{cap_q:,}",
        f"{doubts:,}" if doubts else "",
        reason(model, node),
        node.state or ("heard" if heard else "-"),
        str(node.epoch) if heard else "-",
        str(node.round) if heard else "-",
        f"{(model.t_us - node.heard_us) / US:.1f}" if heard else "-",
        f"{100 * high // size}%" if high is not None and size else "-",
        str(node.resets) if node.resets else "",
        str(node.birth.get("fw", "-"))[:6],
    ]


def in_order(model: Model, sort: str) -> list[Node]:
    """Return the members by a word of SORTS; the largest first, but nodes by number."""
    members = model.members()
    if sort == "value":
        return sorted(members, key=lambda node: -node.value_q if node.heard else math.inf)
    if sort == "age s":
        return sorted(members, key=lambda node: node.heard_us)
    if sort == "doubt":
        return sorted(members, key=lambda node: (-doubt(model, node), not node.liar))
    if sort == "heap":
        return sorted(members, key=lambda node: -(node.heap()[0] or 0))
    return members


def head(source: Source, note: str = "") -> Text:
    """Return the two lines on top: the run and its time, the fleet and its figures."""
    model, facts = source.model, source.facts
    fleet = wire.fleet(model)
    rates = source.course.rates()
    spread_q = fleet["spread_q"]
    wrong = len(model.accused)
    rule = facts.mode if facts.mode == "exact" else f"{facts.rule}, F = {facts.faults_max}"
    text = Text.assemble(
        (facts.name or "fleet", "bold"),
        f"  {model.t_us / US:,.1f} s  {source.phase}{note}  {rule if facts.mode else ''}\n",
        f"{fleet['present']} of {fleet['nodes']} nodes  epoch {_or_dash(fleet['epoch'])}  ",
        ("spread ", "bold"),
        f"{_or_dash(spread_q)} q  {sum(rates.values()) * 8 / 1000:,.1f} kbit/s  "
        f"{model.frames:,} frames  ",
    )
    if source.audit_missing:
        text.append("no audit", DIM_STYLE)
    elif wrong:
        text.append(f"audit: {wrong} wrong", BAD_STYLE)
    else:
        text.append("audit: nobody wrong", GOOD_STYLE)
    if source.audit_behind > 200:
        text.append(f", {source.audit_behind:,} frames behind", DIM_STYLE)
    parts = fleet["parts"]
    if len(parts) > 1:
        text.append(f"  {len(parts)} parts: {parts}", BAD_STYLE)
    return text


def budget(model: Model, cells_max: int = BAR_CELLS) -> Text:
    """Return the bar of the shared limit; a sentence for a fleet without one."""
    one = model.budget
    if one.budget_q is None or not one.limit_q:
        return Text("no limit is shared: no caps", DIM_STYLE)
    used = max(0, min(cells_max, round(one.caps_q / one.limit_q * cells_max)))
    way = max(0, min(cells_max - used, math.ceil(one.under_way_q / one.limit_q * cells_max)))
    end = min(cells_max, round(one.budget_q / one.limit_q * cells_max))
    rest = "".join("│" if at == end else "·" for at in range(used + way, cells_max))
    kept = (f"BROKEN {one.violations:,} times", BAD_STYLE) if one.violations else ("kept", "bold")
    return Text.assemble(
        ("caps ", "bold"), ("█" * used, GOOD_STYLE), ("▒" * way, WARN_STYLE), (rest, DIM_STYLE),
        f" {one.caps_q:,} + {one.under_way_q:,} under way of {one.budget_q:,} "
        f"(limit {one.limit_q:,}); headroom {one.headroom_q:,}; ", kept,
    )  # fmt: skip


def chart(source: Source, width: int, rows: int) -> Text:
    """Return the spread over the whole time on a log scale, the prediction dashed."""
    points = [(p.t_us, p.spread_q) for p in (*source.course.whole, *source.course.recent[-5:])]
    if not points or width < 20 or rows < 2:
        return Text("nothing to draw yet", DIM_STYLE)
    first_us, last_us = points[0][0], max(points[-1][0], points[0][0] + US)
    columns = width - 12
    levels: list[int | None] = [None] * columns
    for t_us, spread_q in points:
        at = min(columns - 1, (t_us - first_us) * columns // (last_us - first_us + 1))
        if spread_q is not None:
            levels[at] = max(levels[at] or 0, spread_q)
    for at in range(1, columns):  # a point lasts until the next
        if levels[at] is None:
            levels[at] = levels[at - 1]
    decades = math.ceil(math.log10(max([10, *(one or 0 for one in levels)])))
    predicted = [
        _predicted_q(source, first_us + (2 * at + 1) * (last_us - first_us) // (2 * columns))
        for at in range(columns)
    ]
    text = Text()
    for row in range(rows - 1, -1, -1):
        top = 10 ** (decades * (row + 1) / rows)
        text.append(f"{top:>9,.0f} ┤" if row % 2 == (rows - 1) % 2 else " " * 10 + "│", DIM_STYLE)
        for level, guess in zip(levels, predicted):
            fill = _height(level, decades, rows) - 8 * row if level is not None else -1
            cell = BLOCKS[max(0, min(8, fill))]
            if row == 0 and fill == 0 and level is not None:
                cell = "▁"
            dashed = guess is not None and _height(round(guess), decades, rows) // 8 == row
            if cell == " " and dashed:
                text.append(PREDICTED, WARN_STYLE)
            else:
                text.append(cell, GOOD_STYLE)
        text.append("\n")
    ends = f"{first_us / US:,.0f} s", f"{last_us / US:,.0f} s"
    text.append(" " * 11 + ends[0] + " " * max(1, columns - len(ends[0] + ends[1])) + ends[1])
    return text


def _height(spread_q: int, decades: int, rows: int) -> int:
    """Return the height of a spread in eighths of a row."""
    return round(math.log10(max(1, spread_q)) / decades * rows * 8)


def _predicted_q(source: Source, t_us: int) -> float | None:
    """Return what plain averaging would leave of the epoch's first spread; None below 1 q."""
    rho = source.facts.rho
    begun = [one for one in source.model.epochs if one.t_us <= t_us]
    if rho is None or not 0 < rho < 1 or not begun:
        return None
    rounds = (t_us - begun[-1].t_us) / 1000 / source.facts.period_ms
    left_q = begun[-1].spread_q * rho**rounds
    return left_q if left_q >= 1 else None


def attention(model: Model, lines: int) -> Text:
    """Return what a person should look at, worst first."""
    found: Sequence[Notice] = notices(model)
    if not found:
        return Text("● nothing calls for attention", GOOD_STYLE)
    text = Text()
    for one in found[:lines]:
        sign, style = ("✗", BAD_STYLE) if one.level == BAD else ("!", WARN_STYLE)
        text.append(f"{sign} {one.text}\n", style)
    if len(found) > lines:
        text.append(f"and {len(found) - lines} more", DIM_STYLE)
    return text


def events(model: Model, lines: int) -> Text:
    """Return the newest events, the newest last."""
    text = Text()
    for row in wire.event_rows(list(model.events)[-lines:]):
        _, t_us, who, name, detail = row
        text.append(f"{t_us / US:9.2f} s  ", DIM_STYLE)
        text.append(f"{who:12} ")
        text.append(f"{name} ", "bold")
        text.append(f"{detail}\n")
    return text


def neighbours(model: Model, node: Node) -> Text:
    """Return a node's table of neighbours: what each says, and who hears whom."""
    text = Text()
    text.append(f"{'':2}{'neighbour':12}{'value':>12}{'hears it':>10}{'heard by':>10}\n", "bold")
    for slot, number in enumerate(node.neighbours):
        other = model.nodes.get(number)
        if other is None:
            continue
        sign, style = mark(model, other)
        back = node.number in other.neighbours and model.hears(
            other, other.neighbours.index(node.number)
        )
        text.append(f"{sign} ", style)
        value = f"{other.value_q:,}" if other.heard else "-"
        text.append(f"{other.id:12}{value:>12}")
        for yes in (model.hears(node, slot), back):
            text.append(f"{'yes' if yes else 'NO':>10}", "" if yes else WARN_STYLE)
        text.append("\n")
    return text


def _or_dash(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
