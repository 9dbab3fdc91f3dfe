"""Frames delivered: what is counted when nobody is cut off, and from when on behind an outage."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from quelea.fleet.verdict import RETURN_US, _delivered
from quelea.journal import MemoryRecorder

SECOND_US = 1_000_000
NODES = (1, 2, 3)  # each hears the other two


def counted(lost=(), outage_s=None, ready_s=None):
    """A minute in which all speak and say a status each second. Return (taken, expected).

    lost: seconds in which node 2 takes nothing. outage_s: when a server is killed. ready_s: when
    node 2 says that it is back.
    """
    recorder = MemoryRecorder()
    spoken, source = [], []
    taken = dict.fromkeys(NODES, 0)
    for second in range(60):
        at_us = second * SECOND_US
        for number in NODES:
            spoken.append(at_us)
            source.append(number)
        for number in NODES:
            taken[number] += 0 if number == 2 and second in lost else 2
            document = json.dumps({"session": 1, "agent": {"frames_in": taken[number]}})
            recorder.status(number, document, at_us + 1)
    for number in NODES:
        recorder.state(number, "$state", "ready", 0)
    if outage_s is not None:
        recorder.fault("server-kill", "s2", outage_s * SECOND_US, fired=1)
    if ready_s is not None:
        recorder.state(2, "$state", "ready", ready_s * SECOND_US)
    record = SimpleNamespace(
        t_us=np.array(spoken), source=np.array(source), dest=np.zeros(len(source), np.int64)
    )
    topology = SimpleNamespace(
        nodes=NODES, neighbours=lambda number: [n for n in NODES if n != number]
    )
    return _delivered(recorder.journal(), record, SimpleNamespace(topology=topology))


def test_all_that_was_said_between_the_first_and_the_last_status():
    assert counted() == (3 * 59 * 2,) * 2


def test_what_is_lost_counts():
    taken, expected = counted(lost=range(10, 15))
    assert expected - taken == 5 * 2


@pytest.mark.parametrize("lost, missed", [(range(12, 20), 0), (range(22, 25), 3 * 2)])
def test_an_outage_is_ten_seconds_long(lost, missed):
    assert RETURN_US == 10 * SECOND_US
    taken, expected = counted(lost, outage_s=10)
    assert expected - taken == missed


def test_to_whom_it_cut_off_it_lasts_until_it_is_ready():
    taken, expected = counted(range(11, 26), outage_s=10, ready_s=26)
    assert taken == expected == 2 * 39 * 2 + 33 * 2  # from 20 on, and node 2 from 26 on
    taken, expected = counted(range(28, 30), outage_s=10, ready_s=26)
    assert expected - taken == 2 * 2


def test_who_comes_back_without_an_outage_is_not_excused():
    taken, expected = counted(range(11, 26), ready_s=26)
    assert expected - taken == 15 * 2
