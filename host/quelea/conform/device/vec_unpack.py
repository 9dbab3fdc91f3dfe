"""Rows (line, hex, cause, fields or None) against unpack.

fields   kind, flags, head (6), used, flow_q, turn, residue
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea_proto.frames import CAUSES, FLOW, Frame, unpack

from quelea.conform.device.vec_rows import each, unhex, wrong


def _same(frame, fields) -> bool:
    """Return whether a frame that was taken has these fields, each by itself: heap is short."""
    if (frame.kind, frame.flags, frame.count) != (fields[0], fields[1], len(fields[3])):
        return False
    if frame.head != fields[2]:
        return False
    for slot in range(frame.count):
        if frame.used_at(slot) != fields[3][slot]:
            return False
        if frame.kind == FLOW:
            if frame.flow_at(slot) != fields[4][slot] or frame.turn_at(slot) != fields[5][slot]:
                return False
            if frame.residue_at(slot) != fields[6][slot]:
                return False
    return True


def run(path: str) -> None:
    """Print mismatches and the number of rows."""
    frame = Frame()
    count = 0
    for row in each(path):
        taken = unpack(unhex(row[1]), frame)
        if CAUSES[frame.cause] != row[2] or (taken is None) != (row[3] is None):
            wrong(row, CAUSES[frame.cause])
        elif taken is not None and not _same(frame, row[3]):
            wrong(row, "other fields")
        count += 1
    print("ROWS", count)
