"""Who is held to the vectors: the shared protocol, and the reference where it is built.

An engine answers the same questions in the same form, whatever it is made of.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import quelea_proto
from quelea_proto import frames
from quelea_proto.flows import Flows
from quelea_proto.rules import find

FOLDER = Path(quelea_proto.__file__).parent / "vectors"
COLUMNS = ("used", "flow_q", "turn", "residue")
HEAD = ("node", "session", "epoch", "seq", "input_q", "value_q")


def rows(name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, row) of a vector file."""
    with open(FOLDER / name) as lines:
        for number, line in enumerate(lines, 1):
            yield number, json.loads(line)


class Protocol:
    """shared/quelea_proto on CPython."""

    name = "quelea_proto"

    def rule(self, name: str, own_q: int, values_q: list[int], faults_max: int) -> int:
        room = [*values_q, 0]
        row = find(name)
        assert row is not None, name
        return int(row[1](own_q, room, len(values_q), faults_max))

    def unpack(self, payload: bytes) -> dict[str, Any]:
        """Return {"cause"}, and of a good frame every field and column."""
        frame = frames.Frame()
        got = frames.unpack(payload, frame)
        fields: dict[str, Any] = {"cause": frames.CAUSES[frame.cause]}
        assert (got is frame) == (fields["cause"] == "ok")
        if got is None:
            return fields
        fields.update(kind=frame.kind, flags=frame.flags, **dict(zip(HEAD, frame.head)))
        slots = range(frame.count)
        fields["used"] = [frame.used_at(slot) for slot in slots]
        flow = frame.kind == frames.FLOW
        fields["flow_q"] = [frame.flow_at(slot) for slot in slots] if flow else []
        fields["turn"] = [frame.turn_at(slot) for slot in slots] if flow else []
        fields["residue"] = [frame.residue_at(slot) for slot in slots] if flow else []
        return fields

    def pack(self, row: dict[str, Any]) -> bytes:
        """Return the bytes of the frame that a row describes."""
        count = len(row["used"])
        frame = frames.Frame(count)
        frame.kind, frame.flags = row["kind"], row["flags"]
        frame.head = [row[key] for key in HEAD]
        frame.used = bytearray(row["used"])
        flows = None
        if frame.kind == frames.FLOW:
            flows = Flows(row["node"], tuple(range(1, count + 1)), 0)
            flows.flow_q, flows.turn, flows.residue = row["flow_q"], row["turn"], row["residue"]
        buffer = bytearray(frames.frame_bytes(frame.kind, count))
        length = frames.pack(frame, buffer, flows)
        assert length == len(buffer)
        return bytes(buffer)

    def flows(self, node: int, neighbours: tuple[int, ...], input_q: int) -> Flows:
        return Flows(node, neighbours, input_q)


ENGINES = [Protocol()]
