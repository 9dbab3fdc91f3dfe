"""Golden frames: packing, unpacking, and that no released row ever changes.

REQ-FRAME-1, REQ-FRAME-2, REQ-FRAME-3, REQ-FRAME-4, REQ-FRAME-8; REQ-NUM-1; REQ-ACCEPT-1,
REQ-ACCEPT-2.
"""

import hashlib

import pytest
from engines import ENGINES, FOLDER, rows
from quelea_proto import frames

# (rows, SHA-256 of those first rows). When rows were added, add a line; never change one.
RELEASED = ((52, "1cd821c351ec614a62ef122ce1f7a589e6c1b9b3333bb9b6811758ae66f778eb"),)


@pytest.mark.parametrize("count, digest", RELEASED)
def test_released_rows_never_change(count, digest):
    """REQ-FRAME-7: kinds and their bytes are append-only."""
    lines = (FOLDER / "frames.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) >= count
    assert hashlib.sha256(b"".join(lines[:count])).hexdigest() == digest


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_good_frames_unpack_to_their_fields(engine):
    for line, row in rows("frames.jsonl"):
        got = engine.unpack(bytes.fromhex(row["hex"]))
        expected = {key: value for key, value in row.items() if key not in ("hex", "why")}
        assert got == expected, f"frames.jsonl:{line}: {row['why']}"


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_fields_pack_to_the_golden_bytes(engine):
    packed = 0
    for line, row in rows("frames.jsonl"):
        if row["cause"] == "ok" and max(row["turn"], default=0) <= 6:
            assert engine.pack(row).hex() == row["hex"], f"frames.jsonl:{line}: {row['why']}"
            packed += 1
    assert packed >= 10


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_every_cause_and_every_kind_has_a_row(engine):
    causes = {row["cause"] for _, row in rows("frames.jsonl")}
    kinds = {row["kind"] for _, row in rows("frames.jsonl") if row["cause"] == "ok"}
    assert causes == set(frames.CAUSES)
    assert kinds == {row[0] for row in frames.FRAMES}


def test_a_frame_of_eight_neighbours_is_small():
    """REQ-FRAME-6: 29 bytes in resilient mode and 71 with flows."""
    assert frames.frame_bytes(frames.STATE, 8) == 29
    assert frames.frame_bytes(frames.FLOW, 8) == 71
