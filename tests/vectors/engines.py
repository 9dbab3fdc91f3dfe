"""Who is held to the vectors: the shared protocol, the reference's twin, the compiled reference.

An engine answers the same questions in the same form, whatever it is made of.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import quelea_proto
from conftest import need
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


class Reference:
    """quelea.reference: package is `twin` (plain Python) or `compiled`."""

    def __init__(self, package: str) -> None:
        self.name = f"reference-{package}"
        self.package = package

    def _module(self, noun: str) -> Any:
        try:
            return import_module(f"quelea.reference.{self.package}.{noun}")
        except ModuleNotFoundError:
            return need(None, f"quelea.reference.{self.package}", "make env")

    def rule(self, name: str, own_q: int, values_q: list[int], faults_max: int) -> int:
        apply = next(row[1] for row in self._module("rules").RULES if row[0] == name)
        return int(apply(own_q, values_q, len(values_q), faults_max))

    def unpack(self, payload: bytes) -> dict[str, Any]:
        cause, fields = self._module("frames").unpack(payload)
        if cause != "ok":
            return {"cause": cause}
        columns = {name: list(fields.get(name, ())) for name in COLUMNS}
        head = {name: fields[name] for name in ("kind", "flags", *HEAD)}
        return {"cause": cause, **head, **columns}

    def pack(self, row: dict[str, Any]) -> bytes:
        columns = COLUMNS if row["kind"] == frames.FLOW else ("used",)
        fields = {name: row[name] for name in ("kind", "flags", *HEAD)}
        return bytes(
            self._module("frames").pack({**fields, **{name: tuple(row[name]) for name in columns}})
        )

    def flows(self, node: int, neighbours: tuple[int, ...], input_q: int) -> Any:
        return self._module("flows").Flows(node, neighbours, input_q)


ENGINES = [Protocol(), Reference("twin"), Reference("compiled")]
