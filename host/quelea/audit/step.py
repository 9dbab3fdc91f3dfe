"""The judgement of one frame: what it shows by itself, and what the reference makes of its inputs.

A sentence is a proof that the frame breaks the protocol; None says that nothing is wrong.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from quelea_proto.fixed import clamp
from quelea_proto.frames import FLOW, STATE, Frame

from quelea.audit.setting import Setting
from quelea.journal import FrameRow

Rule = Callable[[int, list[int], int, int], int]


class Wrong(NamedTuple):
    """rule: a word for the kind of breach. expected, found: numbers, None where they say less."""

    rule: str
    what: str
    expected: int | None = None
    found: int | None = None


class Named(NamedTuple):
    """One input as a frame names it. frame: None when it was not heard or may be another."""

    source: int
    mark: int
    frame: FrameRow | None
    certain: bool


def alone(setting: Setting, row: FrameRow, frame: Frame) -> Wrong | None:
    """Return what is wrong with a frame whatever anybody else said; frame: row unpacked."""
    wanted = FLOW if setting.mode == "exact" else STATE
    if row.kind != wanted:
        return Wrong(
            "kind", f"a frame of kind {row.kind} in {setting.mode} mode", wanted, row.kind
        )
    near = setting.neighbours.get(row.source, ())
    if frame.count != len(near):
        what = f"columns for {frame.count} neighbours, it has {len(near)}"
        return Wrong("neighbours", what, len(near), frame.count)
    outside = setting.range_known and not setting.lo_q <= row.input_q <= setting.hi_q
    if outside:
        what = f"input {row.input_q} is outside the range {setting.lo_q} to {setting.hi_q}"
        return Wrong("range", what, clamp(row.input_q, setting.lo_q, setting.hi_q), row.input_q)
    return _flows(row, frame) if row.kind == FLOW else _state(setting, row, frame)


def _flows(row: FrameRow, frame: Frame) -> Wrong | None:
    wanted_q = row.input_q - sum(frame.flow_at(slot) for slot in range(frame.count))
    if wanted_q == row.value_q:
        return None
    what = f"value {row.value_q}, but input less flows is {wanted_q}"
    return Wrong("flows", what, wanted_q, row.value_q)


def _state(setting: Setting, row: FrameRow, frame: Frame) -> Wrong | None:
    used = sum(frame.used_at(slot) != 0 for slot in range(frame.count))
    if row.restart:
        if row.value_q != row.input_q:
            what = f"an epoch begins with value {row.value_q}, its input is {row.input_q}"
            return Wrong("restart", what, row.input_q, row.value_q)
        if used or row.held:
            return Wrong("restart", f"an epoch begins with {used} inputs or held", 0, used)
        return None
    if setting.range_known and not setting.lo_q <= row.value_q <= setting.hi_q:
        what = f"value {row.value_q} is outside the range {setting.lo_q} to {setting.hi_q}"
        return Wrong("range", what, clamp(row.value_q, setting.lo_q, setting.hi_q), row.value_q)
    if row.seq == 1:
        return Wrong("restart", "the first frame of a session begins no epoch")
    if row.held and used:
        return Wrong("held", f"it held and names {used} inputs", 0, used)
    if not row.held and used < setting.needed:
        what = f"it names {used} inputs, fewer than 2F + 1 = {setting.needed}, and did not hold"
        return Wrong("faults-max", what, setting.needed, used)
    return None


def onward(row: FrameRow, before: FrameRow) -> Wrong | None:
    """Return what is wrong between a resilient frame and the sender's one before."""
    if row.restart:
        if row.epoch == before.epoch:
            return Wrong("restart", f"epoch {row.epoch} begins a second time", None, row.epoch)
        return None
    if row.epoch != before.epoch:
        what = f"epoch {row.epoch} after {before.epoch} without a restart"
        return Wrong("restart", what, before.epoch, row.epoch)
    if row.input_q != before.input_q:
        what = f"input {row.input_q} after {before.input_q} within an epoch"
        return Wrong("input", what, before.input_q, row.input_q)
    if row.held and row.value_q != before.value_q:
        what = f"it held and moved from {before.value_q} to {row.value_q}"
        return Wrong("held", what, before.value_q, row.value_q)
    return None


def follow(
    setting: Setting, apply: Rule, row: FrameRow, before: FrameRow, inputs: Sequence[Named]
) -> tuple[Wrong | None, str]:
    """Return (what is wrong, why it cannot be said for sure) of a move by the rule.

    ("", None) is verified. The rule's result with at most F inputs unknown lies in the hull of
    the own value and the known ones (REQ-RULE-9), so that a coarse lie shows all the same.
    """
    known = [clamp(one.frame.value_q, setting.lo_q, setting.hi_q) for one in inputs if one.frame]
    if len(known) == len(inputs):
        wanted_q = apply(before.value_q, known, len(known), setting.faults_max)
        if wanted_q == row.value_q:
            return None, ""
        if all(one.certain for one in inputs):
            if not setting.range_known:
                return None, "the journal does not say the signal's range"
            what = (
                f"value {row.value_q}, but {setting.rule} with F = {setting.faults_max} makes "
                f"{wanted_q} of {before.value_q} and {_list(known)}"
            )
            return Wrong("rule", what, wanted_q, row.value_q), ""
    sure = [
        clamp(one.frame.value_q, setting.lo_q, setting.hi_q)
        for one in inputs
        if one.frame and one.certain
    ]
    low_q, high_q = min([before.value_q, *sure]), max([before.value_q, *sure])
    unknown = len(inputs) - len(sure)
    inside = low_q <= row.value_q <= high_q
    if inside or unknown > setting.faults_max or setting.rule == "mean" or not setting.range_known:
        return None, "an input was not heard" if len(known) < len(inputs) else "ambiguous inputs"
    what = (
        f"value {row.value_q} is outside {low_q} to {high_q}, the hull of its own value and "
        f"{len(sure)} known inputs, with {unknown} of at most {setting.faults_max} unknown"
    )
    return Wrong("hull", what, clamp(row.value_q, low_q, high_q), row.value_q), ""


def _list(values_q: Sequence[int]) -> str:
    return ", ".join(map(str, values_q))
