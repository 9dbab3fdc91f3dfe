"""Rows (line, hex, cause, fields), as for vec_unpack, against pack."""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea_proto.frames import FLOW, Frame, frame_bytes, pack

from quelea.conform.device.vec_rows import each, unhex, wrong


class Edges:
    """The columns of a flow frame to be packed."""

    def __init__(self, fields) -> None:
        self.flow_q = fields[4]
        self.turn = fields[5]
        self.residue = fields[6]


def run(path: str) -> None:
    """Print mismatches and the number of rows."""
    count = 0
    for row in each(path):
        fields = row[3]
        frame = Frame(len(fields[3]))
        frame.kind = fields[0]
        frame.flags = fields[1]
        frame.head = fields[2]
        frame.used = bytearray(fields[3])
        buffer = bytearray(frame_bytes(fields[0], len(fields[3])))
        flows = Edges(fields) if fields[0] == FLOW else None
        length = pack(frame, buffer, flows)  # type: ignore[arg-type]  # what it looks like
        if length != len(buffer) or buffer != unhex(row[1]):
            wrong(row, "other bytes")
        count += 1
    print("ROWS", count)
