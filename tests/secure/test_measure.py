"""What security may cost a node: bounds with room, the figures are those of measure.py."""

from pathlib import Path

import measure


def test_costs_are_bounded(tmp_path: Path) -> None:
    row = measure.measure(tmp_path)
    print(row)
    assert row["auth_message_bytes"] == 29 + 6 + 8 * 2 + 8 * 8 + 1
    assert 64 <= row["verify_steps"] < 100
    assert row["verify_held_bytes"] < 4_000
    assert row["verify_garbage_a_step_bytes"] < 60_000
    assert row["auth_guard_bytes"] < 16_000
    assert row["auth_seal_garbage_bytes"] < 8_000
    assert row["auth_receive_garbage_bytes"] < 2_000
