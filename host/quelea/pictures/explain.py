"""Why a node has the value it has: its newest step in plain words, each number with its frame."""

import heapq
from dataclasses import dataclass, field, replace
from typing import Any

from quelea_proto.fixed import clamp
from quelea_proto.frames import FLOW

from quelea import reference
from quelea.audit.auditor import LATE_US, WAIT_PERIODS
from quelea.audit.setting import Setting, read_setting
from quelea.audit.step import Named
from quelea.audit.voices import Voice
from quelea.errors import UserError
from quelea.journal import FrameRow, Journal
from quelea.pictures import shares as sharing
from quelea.pictures.course import US
from quelea.pictures.shares import Shares, read_shares
from quelea.pictures.trims import KEPT, fates

BACK_PERIODS = 400  # of the run before the step in which its inputs are looked for
NEIGHBOURS_TOLD = 20  # not used neighbours named in a line
RULE_WORDS = {
    "wmsr": "up to {F} of the values below its own and up to {F} above are left out, those "
    "farthest off; the mean of the rest and its own is the next value",
    "clipped-wmsr": "as wmsr, with what is kept drawn in towards its own value",
    "trimmed-mean": "its own value among them, the {F} smallest and {F} largest are left out; the "
    "mean of the rest is the next value",
    "midpoint": "its own value among them, the {F} smallest and {F} largest are left out; the "
    "middle between the ends of the rest is the next value",
    "median": "the median, its own value among them, is the next value",
    "trim-and-clip": "the {F} smallest and {F} largest are left out, the rest drawn in towards "
    "its own value; their mean is the next value",
    "mean": "the mean of all is the next value, whoever lies",
}


@dataclass(frozen=True)
class Story:
    """One step. inputs: as named; fate: what became of each, by source; before: None if unheard;
    wanted_q: what the reference makes of it, None if too little was heard."""

    setting: Setting
    row: FrameRow
    begin: FrameRow | None
    before: FrameRow | None
    inputs: list[Named] = field(default_factory=list)
    unused: list[int] = field(default_factory=list)
    fate: dict[int, str] = field(default_factory=dict)
    wanted_q: int | None = None
    unit: str = "q"
    shares: list[Shares] = field(default_factory=list)


def tell(journal: Journal, node: str, at_s: float | None = None) -> Story:
    """Return the story of a node's newest step up to at_s (default: of the run).

    node: an id or a number. UserError for one unknown, or not heard by then.
    """
    setting = read_setting(journal)
    number = _number(setting, node, journal.where)
    until_us = int(at_s * US) + 1 if at_s is not None else journal.end_us() + 1
    row = journal.latest(until_us).get(number)
    if row is None:
        what = f"{node} was not heard up to {until_us / US:.3f} s"
        raise UserError(what, "--at", "", "ask for a later time")
    voices, mine = _listen(journal, setting, row)
    begin = next((one for one in reversed(mine) if one.restart), None)
    before = voices[number].before(row)[0]
    near = setting.neighbours[number]
    frame = row.frame()
    marks = [
        frame.used_at(slot) if frame and slot < frame.count else 0 for slot in range(len(near))
    ]
    inputs = []
    for source, mark in zip(near, marks):
        if mark:
            voice = voices.get(source)
            found = voice.named(mark, row, row.t_us + LATE_US) if voice else (None, False)
            inputs.append(Named(source, mark, *found))
    stored = journal.run().get("settings")
    story = Story(
        setting,
        row,
        begin,
        before,
        inputs,
        [n for n, mark in zip(near, marks) if not mark],
        unit=str(stored.get("unit") or "q") if isinstance(stored, dict) else "q",
        shares=read_shares(journal, number, until_us),
    )
    return _computed(story)


def _number(setting: Setting, node: str, where: str) -> int:
    for number, id_ in setting.ids.items():
        if node in (id_, str(number)):
            return number
    known = ", ".join(list(setting.ids.values())[:NEIGHBOURS_TOLD])
    raise UserError(f"there is no node {node!r}", where, f"Nodes: {known}.", "name one of them")


def _listen(
    journal: Journal, setting: Setting, row: FrameRow
) -> tuple[dict[int, Voice], list[FrameRow]]:
    """Return what was heard around a step of whom, and the node's own frames up to it."""
    period_us = setting.period_ms * 1000
    from_us = max(0, row.t_us - BACK_PERIODS * period_us)
    to_us = row.t_us + LATE_US + WAIT_PERIODS * period_us
    voices: dict[int, Voice] = {}
    mine = []
    sources = (row.source, *setting.neighbours[row.source])
    rows = [journal.frames(from_us, to_us, node=source) for source in sources]
    for one in heapq.merge(*rows, key=lambda one: (one.t_us, one.at)):
        voices.setdefault(one.source, Voice(period_us)).hear(one)
        if one.source == row.source and one.session == row.session and one.seq <= row.seq:
            mine.append(one)
    return voices, mine


def _computed(story: Story) -> Story:
    setting, row, before = story.setting, story.row, story.before
    known = [one for one in story.inputs if one.frame]
    if setting.mode == "exact":
        frame = row.frame() if row.kind == FLOW else None
        if frame is None:
            return story
        given_q = [frame.flow_at(slot) for slot in range(frame.count)]
        return replace(story, wanted_q=row.input_q - sum(given_q))
    if row.restart:
        return replace(story, wanted_q=row.input_q)
    if before is None or len(known) < len(story.inputs):
        return story
    if row.held or len(known) < setting.needed:
        return replace(story, wanted_q=before.value_q)
    values_q = [clamp(one.frame.value_q, setting.lo_q, setting.hi_q) for one in known if one.frame]
    words = fates(setting.rule, before.value_q, values_q, setting.faults_max)
    apply = reference.rule(setting.rule)
    return replace(
        story,
        fate=dict(zip((one.source for one in known), words)),
        wanted_q=apply(before.value_q, values_q, len(values_q), setting.faults_max),
    )


def text(story: Story) -> str:
    """Return the story in plain words."""
    return "\n".join(
        [*_step(story), *(line for one in story.shares for line in _share(story, one))]
    )


def _share(story: Story, one: Shares) -> list[str]:
    return ["", *sharing.words(one, story.setting.ids, story.unit)]


def _step(story: Story) -> list[str]:
    setting, row, unit = story.setting, story.row, story.unit
    name = setting.ids[row.source]
    lines = [
        f"{name} says {row.value_q:,} {unit} at {row.t_us / US:.3f} s "
        f"(session {row.session}, seq {row.seq}, epoch {row.epoch})."
    ]
    if setting.mode == "exact":
        return [*lines, *_exact(story)]
    if row.restart:
        lines.append(
            f"It has just begun the epoch, so its value is its own demand, {row.input_q:,} {unit}."
        )
        return [*lines, *_verdict(story)]
    begun = ""
    if story.begin is not None and story.begin.epoch == row.epoch:
        begun = f" at {story.begin.t_us / US:.3f} s (seq {story.begin.seq})"
    lines.append(f"Its epoch began{begun} with its own demand, {row.input_q:,} {unit}.")
    if story.before is None:
        lines.append("Its frame before this one was not heard, so the step cannot be followed.")
    else:
        lines.append(
            f"Before this step it stood at {story.before.value_q:,} {unit} (seq {row.seq - 1})."
        )
    if row.held:
        near = len(setting.neighbours[row.source])
        lines.append(
            f"It held: fewer than 2F + 1 = {setting.needed} of its {near} neighbours had a fresh "
            f"value of epoch {row.epoch}."
        )
        return [*lines, *_verdict(story)]
    return [*lines, *_rule(story), *_verdict(story)]


def _rule(story: Story) -> list[str]:
    setting = story.setting
    near = setting.neighbours[story.row.source]
    words = RULE_WORDS.get(setting.rule, "").format(F=setting.faults_max)
    lines = [
        f"It used the values of {len(story.inputs)} of its {len(near)} neighbours; to bear up to "
        f"F = {setting.faults_max} lying ones it needs {setting.needed}.",
        f"The rule is {setting.rule}{f': {words}' if words else ''}. "
        "In brackets the frame that carried a value, and how long before:",
    ]
    for one in sorted(story.inputs, key=_by_value):
        lines.append(f"  {_input(story, one)}")
    if story.unused:
        names = ", ".join(setting.ids.get(n, str(n)) for n in story.unused[:NEIGHBOURS_TOLD])
        lines.append(f"Not used, for want of a fresh value of this epoch: {names}.")
    return lines


def _by_value(one: Named) -> tuple[bool, int]:
    return one.frame is None, one.frame.value_q if one.frame else 0


def _input(story: Story, one: Named) -> str:
    setting = story.setting
    name = setting.ids.get(one.source, str(one.source))
    if one.frame is None:
        return f"{name:16} not heard (its seq is {one.mark - 1} modulo 255)"
    value_q = clamp(one.frame.value_q, setting.lo_q, setting.hi_q)
    clamped = f", said {one.frame.value_q:,} and moved into the range" * (
        value_q != one.frame.value_q
    )
    sure = one.certain or story.wanted_q == story.row.value_q
    doubt = "" if sure else ", perhaps another frame"
    age_ms = (story.row.t_us - one.frame.t_us) // 1000
    fate = story.fate.get(one.source, "used")
    where = f"(seq {one.frame.seq}, {age_ms} ms{doubt})"
    return f"{name:16} {value_q:>11,} {story.unit}  {fate}{clamped} {where}"


def _exact(story: Story) -> list[str]:
    row, unit = story.row, story.unit
    frame = row.frame() if row.kind == FLOW else None
    lines = [
        f"Its own demand is {row.input_q:,} {unit}, less what it has given each neighbour; so "
        "all values together stay the sum of all demands."
    ]
    if frame is None:
        return [*lines, *_verdict(story)]
    before = story.before
    then = before.frame() if before is not None and before.kind == FLOW else None
    heard = {one.source: one for one in story.inputs}
    near = story.setting.neighbours[row.source]
    for slot in range(min(frame.count, len(near))):
        flow_q = frame.flow_at(slot)
        name = story.setting.ids.get(near[slot], str(near[slot]))
        moved = ""
        if then is not None and slot < then.count:
            moved = f"  {flow_q - then.flow_at(slot):+,} in this step"
        said = _edge(story, heard, near[slot])
        lines.append(f"  {name:16} {flow_q:>11,} {unit}{moved}{said}")
    if before is not None:
        stood = f"Before this step it stood at {before.value_q:,} {unit} (seq {row.seq - 1})"
        if row.input_q != before.input_q:
            stood += f"; its demand has changed by {row.input_q - before.input_q:+,}"
        lines.append(stood + ".")
    return [*lines, *_verdict(story)]


def _edge(story: Story, heard: dict[int, Named], number: int) -> str:
    one = heard.get(number)
    if one is None:
        return "; not heard of late"
    if one.frame is None:
        return f"; its newest frame was not recorded (seq {one.mark - 1} modulo 255)"
    age_ms = (story.row.t_us - one.frame.t_us) // 1000
    return f"; it said {one.frame.value_q:,} (seq {one.frame.seq}, {age_ms} ms)"


def _verdict(story: Story) -> list[str]:
    wanted_q, value_q, unit = story.wanted_q, story.row.value_q, story.unit
    if wanted_q is None:
        return ["The result cannot be checked: not all of that was heard."]
    moved = story.before is not None and not story.row.restart and not story.row.held
    kept = sum(word == KEPT for word in story.fate.values())
    of = f"Its own value and the {kept} kept make" if moved and kept else "That makes"
    if wanted_q == value_q:
        return [f"{of} {wanted_q:,} {unit}, which is what it says."]
    return [f"{of} {wanted_q:,} {unit}, but it says {value_q:,}: it did not follow the rules."]


def as_json(story: Story) -> dict[str, Any]:
    """Return the story as one object; expected: None if too little was heard."""
    row, setting = story.row, story.setting
    return {
        "node": setting.ids[row.source],
        "frame": _frame(row),
        "before": _frame(story.before),
        "rule": setting.rule,
        "faults_max": setting.faults_max,
        "expected": story.wanted_q,
        "inputs": [
            {
                "node": setting.ids.get(one.source, str(one.source)),
                "mark": one.mark,
                "fate": story.fate.get(one.source),
                "certain": one.certain,
                "frame": _frame(one.frame),
            }
            for one in story.inputs
        ],
        "not_used": [setting.ids.get(number, str(number)) for number in story.unused],
        "unit": story.unit,
        "limits": [sharing.as_json(one, setting.ids) for one in story.shares],
    }


def _frame(row: FrameRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    fields = ("t_us", "session", "epoch", "seq", "input_q", "value_q")
    return {name: getattr(row, name) for name in fields} | {"payload": row.payload.hex()}
