"""PARTS: rows of what a round consists of, and the frames they are given."""

from dataclasses import dataclass

from quelea_proto.flows import Flows
from quelea_proto.frames import FLOW, STATE, Frame, frame_bytes, pack
from quelea_proto.rules import RULES

COUNTS = (4, 8, 16)  # neighbours
RESILIENT, EXACT = "resilient", "exact"
RULE = "wmsr"  # of the rounds that are added up
NONE = 0  # the part is given no frame
DEVICE = "bench.firmware.device"


@dataclass(frozen=True)
class Row:
    """A part. name: as printed; module: of device/; kind: of the frame it is given.

    rule: for part_rule. per_round: by mode, how often a round does it: "frame" once a neighbour,
    "round" once; a mode that is not named does without it.
    """

    name: str
    module: str
    kind: int
    per_round: dict[str, str]
    rule: str = ""

    def imports(self) -> str:
        """Return the lines that a script begins with."""
        text = f"from {DEVICE}.{self.module} import Part\n"
        if self.rule:
            text += f"from quelea_proto.rules.{self.rule.replace('-', '_')} import apply\n"
        return text

    def make(self, count: int) -> str:
        """Return the expression that makes the part."""
        rule = ", apply" if self.rule else ""
        return f"Part({count}, {payload(self.kind, count)!r}{rule})"


BOTH = {RESILIENT: "frame", EXACT: "frame"}
PARTS = (
    Row("checksum, state", "part_crc", STATE, {}),
    Row("checksum, flow", "part_crc", FLOW, {}),
    Row("unpack, state", "part_unpack", STATE, {RESILIENT: "frame"}),
    Row("unpack, flow", "part_unpack", FLOW, {EXACT: "frame"}),
    Row("take", "part_take", NONE, BOTH),
    Row("columns", "part_columns", FLOW, {EXACT: "frame"}),
    Row("hear", "part_hear", NONE, {EXACT: "frame"}),
    Row("expire", "part_expire", NONE, {RESILIENT: "round", EXACT: "round"}),
    *(
        Row(f"rule {name}", "part_rule", NONE, {RESILIENT: "round"} if name == RULE else {}, name)
        for name, _, _ in RULES
    ),
    Row("gather", "part_gather", NONE, {RESILIENT: "round"}),
    Row("move", "part_move", NONE, {EXACT: "frame"}),
    Row("pack, state", "part_pack", NONE, {RESILIENT: "round"}),
    Row("pack, flow", "part_pack_flow", NONE, {EXACT: "round"}),
)


def payload(kind: int, count: int) -> bytes:
    """Return a well-formed frame of this kind from a sender with count neighbours."""
    if kind == NONE:
        return b""
    frame = Frame(count)
    frame.kind = kind
    frame.head[:] = [101, 7, 3, 123_456, 4_000, 5_000]
    flows = None
    if kind == FLOW:
        flows = Flows(101, tuple(range(1, count + 1)), 4_000)
        for slot in range(count):
            flows.flow_q[slot] = (slot - 2) * 321
            flows.turn[slot] = 2
            flows.residue[slot] = slot - 3
    for slot in range(count):
        frame.used[slot] = 1 + slot
    buffer = bytearray(frame_bytes(kind, count))
    pack(frame, buffer, flows)
    return bytes(buffer)
