"""How well a limit was shared, from rows alone: who wanted a part too briefly is not judged."""

import pytest
from quelea.headroom.course import follow
from quelea.headroom.group import Load
from quelea_proto import headroom_row as rows

LOADS = [Load(node, 0, 1000, 1000, 1000) for node in (1, 2, 3)]  # on or off
BUDGET_Q = 1000  # for one of them at a time


def said(node: int, entry: int, cap_q: int, claim_q: int) -> bytes:
    row = bytearray(rows.row_bytes(2))
    rows.pack_head(row, 0, node, entry, cap_q, 0, claim_q, 2)
    for slot in (0, 1):
        rows.pack_slot(row, slot, 0, 0, 0)
    rows.seal(row)
    return bytes(row)


def course(seconds: int, *, starve: int = 0, brief: int = 0) -> list[tuple[int, int, bytes]]:
    """Two loads take turns of 4 s; starve: never on. brief: a third wants its part for 1 s."""
    heard = []
    for half in range(2 * seconds):
        on = 1 + half // 8 % 2
        for node in (1, 2, 3):
            wants = 1000 if node < 3 or (half in range(brief, brief + 2) and brief) else 0
            cap_q = 1000 if node == on != starve else 0
            heard.append((half * 500_000 + node, node, said(node, half + 1, cap_q, wants)))
    return heard


@pytest.mark.parametrize(("starve", "index"), [(0, 1.0), (2, 0.5)])
def test_turns_are_judged_over_the_run(starve: int, index: float) -> None:
    found = follow(course(60, starve=starve), LOADS, BUDGET_Q, always=True, owed_s=12)
    assert found.judged == 2
    assert found.index == pytest.approx(index, abs=0.02)


def test_who_wanted_a_part_for_a_moment_is_not_judged() -> None:
    heard = course(60, brief=40)
    assert follow(heard, LOADS, BUDGET_Q, always=True, owed_s=12).judged == 2
    every = follow(heard, LOADS, BUDGET_Q, always=True)
    assert every.judged == 3 and every.index < 0.7  # it had nothing in its one second
