"""A step of the exact mode done again: all its flows, from the frame before and the named ones.

Everything a node keeps of its edges is in its frame, so that the frame before, the newest frames
heard of the neighbours (which it names) and its input make the next one.
"""

from collections.abc import Mapping, Sequence

from quelea_proto.frames import Frame
from quelea_proto.limits import USED_MOD

from quelea.audit.setting import Setting
from quelea.audit.step import Named, Wrong
from quelea.journal import FrameRow
from quelea.reference.twin.flows import Flows


def one_by_one(frame: Frame, before: Frame) -> bool:
    """Return whether at most one new frame of each neighbour came between two frames.

    Of several the first may have left a trace that the last does not show.
    """
    for slot in range(min(frame.count, before.count)):
        mark, last = frame.used_at(slot), before.used_at(slot)
        if mark and (last == 0 or (mark - last) % USED_MOD > 1):
            return False
    return True


def again(
    setting: Setting, row: FrameRow, frame: Frame, before: FrameRow, then: Frame,
    inputs: Sequence[Named],
) -> Flows | None:  # fmt: skip
    """Return the flows after the step; None when a named frame was not heard."""
    near = setting.neighbours[row.source]
    flows = Flows(row.source, near, before.input_q)
    flows.estimate_q = before.value_q
    for slot, edge in enumerate(flows.edges):
        edge.flow_q = then.flow_at(slot)
        edge.turn = then.turn_at(slot)
        edge.residue = then.residue_at(slot)
    named: Mapping[int, Named] = {one.source: one for one in inputs}
    for slot, number in enumerate(near):
        if not frame.used_at(slot):
            continue
        heard = named[number].frame if number in named else None
        theirs = heard.frame() if heard is not None else None
        if heard is None or theirs is None or heard.kind != row.kind:
            return None
        back = setting.neighbours[number].index(row.source)
        if back < theirs.count:
            flows.hear(
                slot, theirs.count, heard.value_q, theirs.flow_at(back), theirs.turn_at(back),
                theirs.residue_at(back),
            )  # fmt: skip
    if row.input_q != before.input_q:
        flows.set_input(row.input_q)
    for slot in range(len(near)):
        if frame.used_at(slot):
            flows.move(slot)
    return flows


def moved(
    setting: Setting, row: FrameRow, frame: Frame, before: FrameRow, then: Frame,
    inputs: Sequence[Named],
) -> tuple[Wrong | None, str]:  # fmt: skip
    """Return (what is wrong, why it cannot be said for sure); (None, "") is verified."""
    flows = again(setting, row, frame, before, then, inputs)
    if flows is None:
        return None, "an input was not heard"
    near = setting.neighbours[row.source]
    for slot, edge in enumerate(flows.edges):
        found = frame.flow_at(slot), frame.turn_at(slot), frame.residue_at(slot)
        wanted = edge.flow_q, edge.turn, edge.residue
        if found == wanted:
            continue
        if not all(one.certain for one in inputs):
            return None, "ambiguous inputs"
        if not one_by_one(frame, then):
            return None, "several frames of a neighbour came at once"
        name = setting.ids.get(near[slot], str(near[slot]))
        what = (
            f"flow, turn and residue of the edge to {name} are {found}, but the frame before and "
            f"the named ones make {wanted}"
        )
        return Wrong("moves", what, wanted[0], found[0]), ""
    return None, ""
