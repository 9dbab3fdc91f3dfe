"""Epochs as the convergence checker counts them: on a ring, and with nodes that come back."""

import numpy as np
from quelea.checkers.convergence import epochs
from quelea.checkers.record import Record

SECOND_US = 1_000_000
NODES = 3


def record(said: list[tuple[float, int, int, int]]) -> Record:
    """Return a Record of honest state frames; said: (second, node, epoch, value)."""
    columns = {name: np.zeros(len(said), np.int64) for name in ("dest", "session", "seq", "flags")}
    second, source, epoch, value_q = (np.array(column) for column in zip(*said, strict=True))
    return Record(
        t_us=(second * SECOND_US).astype(np.int64), source=source, epoch=epoch, value_q=value_q,
        input_q=value_q, kind=np.ones(len(said), np.int64), honest=np.ones(len(said), np.bool_),
        payloads=[b""] * len(said), **columns,
    )  # fmt: skip


def rounds(first_s: int, epoch: int, values_q: list[int]) -> list[tuple[float, int, int, int]]:
    """Return what all nodes say in one round each, node k a tenth of a second after node k - 1."""
    return [
        (first_s + step + node / 10, node, epoch, value_q)
        for step, value_q in enumerate(values_q)
        for node in range(1, NODES + 1)
    ]


def test_a_reboot_at_epoch_0_is_not_the_epoch_0_that_comes_round() -> None:
    """Node 1 boots at 0, is led back to 65535 and says 900 there; 0 comes round much later."""
    said = [(0.5, 1, 0, 900), *rounds(1, 65535, [40, 20, 10]), *rounds(4, 0, [500, 500])]
    found = epochs(record(said), NODES, period_ms=1000)
    assert [one.number for one in found] == [65535, 0]  # in order of time
    assert found[1].t_us[0] == 4.3 * SECOND_US and found[1].spread_q.max() == 0


def test_a_node_that_has_gone_on_still_counts_with_what_it_said_last() -> None:
    """Node 1 is in epoch 2 before node 3 is in epoch 1: its last value stands for it."""
    said = [(1.0, 1, 1, 100), (1.1, 2, 1, 0), (2.0, 1, 2, 7), (2.1, 2, 1, 50), (2.2, 3, 1, 60)]
    (found,) = epochs(record(said), NODES, period_ms=1000)
    assert found.number == 1 and found.spread_q.tolist() == [50]


def test_an_epoch_ends_when_the_first_node_leaves_it() -> None:
    said = [*rounds(1, 1, [10, 10]), (3.0, 1, 2, 99), (3.1, 2, 1, 77)]
    (found,) = epochs(record(said), NODES, period_ms=1000)
    assert found.number == 1 and len(found.t_us) == 4
