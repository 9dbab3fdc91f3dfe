"""Checkers and nodes that begin anew in a session of before."""

from dataclasses import replace

import numpy as np
from quelea.checkers import epochs
from quelea.checkers.facts import Facts
from quelea.checkers.freshness import check
from quelea.checkers.record import RESTART, Record
from quelea.journal import EventRow

SECOND_US = 1_000_000
NEAR = {1: (2,), 2: (1,)}
FACTS = Facts(whole=True, neighbours=NEAR, numbers={"n01": 1, "n02": 2}, reused=frozenset({1}))
USED_AT = 19  # of a state frame: docs/protocol.md


def record(said: list[tuple[int, int, int, int]], events: list[EventRow]) -> Record:
    """Return a Record; said: (second, node, seq, seq of the neighbour's frame it used or -1)."""
    second, source, seq, used = (np.array(column) for column in zip(*said, strict=True))
    marks = [0 if one < 0 else 1 + one % 255 for one in used.tolist()]
    zeros = {name: np.zeros(len(said), np.int64) for name in ("dest", "epoch", "flags")}
    ones = {name: np.ones(len(said), np.int64) for name in ("kind", "session")}
    return Record(
        t_us=second * SECOND_US, source=source, seq=seq, input_q=seq, value_q=seq,
        honest=np.ones(len(said), np.bool_), events=events,
        payloads=[bytes(USED_AT - 1) + bytes([1, mark]) for mark in marks], **zeros, **ones,
    )  # fmt: skip


SAID = [(1, 2, 10, -1), (2, 2, 17, -1), (3, 1, 5, 17), (9, 1, 6, 10)]


def test_a_node_does_not_go_back_to_an_older_frame() -> None:
    (found,) = check(record(SAID, []), FACTS)
    assert "used session, seq (1, 10) of node 2 after (1, 17)" in found


def test_a_reboot_knows_nobody_also_where_its_numbers_happen_to_go_on() -> None:
    """Its session is one of before, and the first frames of its new life never left it."""
    booted = EventRow(1, 5 * SECOND_US, "n01", "booted", {"session": 1})
    assert check(record(SAID, [booted]), FACTS) == []
    early = EventRow(1, 2 * SECOND_US, "n01", "booted", {"session": 1})
    assert len(check(record(SAID, [early]), FACTS)) == 1


def test_rounds_of_an_epoch_are_counted_in_one_life() -> None:
    """Node 1 began epoch 1 at seq 9; after a reboot, in the same session, unheard and later."""
    said = record([(1, 1, 9, -1), (20, 1, 2, -1), (40, 1, 19, -1)], [])
    said.epoch[:] = [1, 1, 2]
    said.flags[0] = RESTART
    facts = replace(FACTS, epoch_rounds=14, first_epoch=1)
    (found,) = epochs.check(said, facts)
    assert "went from 1 to epoch 2" in found
    said.events.append(EventRow(1, 10 * SECOND_US, "n01", "booted", {"session": 1}))
    assert epochs.check(said, facts) == []
