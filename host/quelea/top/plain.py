"""A fleet line by line, where there is no terminal to draw on."""

import time
from collections.abc import Callable, Iterator

from quelea.top import views
from quelea.top.replay import PLAYING, US, Replayer
from quelea.watch import wire
from quelea.watch.attention import BAD, notices
from quelea.watch.follow import RUNNING

LINE_S = 1.0  # of the run between two lines


def lines(source: views.Source, wait: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Yield what happens: a line a second of the run, every event, what is bad when it begins.

    Ends with the run. A Replayer of speed 0 is played as fast as it goes.
    """
    told = 0
    bad: set[tuple[str, tuple[int, ...]]] = set()
    next_us = 0
    while True:
        _step(source)
        model = source.model
        for row in wire.event_rows(one for one in model.events if one.number > told):
            told = row[0]
            yield f"{row[1] / US:10.2f} s  {row[2]} {row[3]} {row[4]}".rstrip()
        ended = source.whole and source.phase not in (RUNNING, PLAYING) and not source.audit_behind
        if model.t_us >= next_us or ended:
            next_us = model.t_us + int(LINE_S * US)
            now = {(one.name, one.nodes): one.text for one in notices(model) if one.level == BAD}
            for key in sorted(now.keys() - bad):
                yield f"{model.t_us / US:10.2f} s  ! {now[key]}"
            bad = set(now)
            yield _line(source)
        if ended:
            return
        if not (isinstance(source, Replayer) and source.speed == 0):
            wait(0.1 if source.whole else 0.0)


def _step(source: views.Source) -> None:
    if isinstance(source, Replayer) and source.speed == 0:
        source.advance(int(LINE_S * US))
    else:
        source.step()


def _line(source: views.Source) -> str:
    model = source.model
    fleet = wire.fleet(model)
    spread_q = fleet["spread_q"]
    text = (
        f"{model.t_us / US:10.2f} s  {fleet['present']} of {fleet['nodes']} nodes, "
        f"epoch {fleet['epoch']}, spread {'-' if spread_q is None else f'{spread_q:,}'} q, "
        f"{model.frames:,} frames"
    )
    one = model.budget
    if one.budget_q is not None:
        text += f", caps {one.caps_q:,} + {one.under_way_q:,} of {one.budget_q:,}"
    if model.accused:
        ids = ", ".join(model.nodes[number].id for number in sorted(model.accused))
        text += f", proved wrong: {ids}"
    return text
