"""A network that travels to real MicroPython processes: taken, replaced, refused."""

from pathlib import Path

import pytest
from quelea.learn import weights
from quelea.story import fleet, setting
from quelea.story.course import Mode, Phase
from quelea_agent.dense import dump
from waiting import alive, until

AGENTS = 8
POLICY = Phase("policy", 12, Mode("policy", throttled=True, checked=True))
FILE = "policy.qnn"


def homebody() -> bytes:
    """Return a file by which a node stays where it is, whatever it sees."""
    first = [0] * 11
    first[5] = 100  # `mine`
    return bytes(dump([(11, 1, 7, [0], first), (1, 1, 8, [0], [127])]))


def test_a_network_is_taken_replaced_and_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "PERIOD_MS", 100)
    shipped, other = weights.read(), homebody()
    damaged = bytearray(other)
    damaged[20] ^= 4
    with fleet.StoryFleet(setting.draw(5, 0.9, AGENTS), tmp_path, policy=shipped) as running:
        stored = [tmp_path / "nodes" / fleet.node_id(n) / FILE for n in running.numbers]
        pids = [running.supervisor.pid(fleet.node_id(n)) or 0 for n in running.numbers]
        courses = []
        for file in (shipped, other, bytes(damaged)):
            running.heard.clear()
            running.policy = file
            courses += [course for _, course in running.run((POLICY,), stop=False)]
            until(lambda: len(running.heard) == AGENTS, 30, "what the nodes say of it")
            problems = {event["problem"] for event in running.heard.values()}
            assert problems == ({""} if file != damaged else {"the checksum is wrong"})
            kept = other if file == damaged else file
            assert all(path.read_bytes() == kept for path in stored)
        running.stop()
        for pid in pids:
            until(lambda pid=pid: not alive(pid), 20, "a node's last words")
    assert sum(sum(course.overloaded) for course in courses) == 0
    assert sum(courses[0].moves) > 0
    assert sum(courses[2].moves) == 0  # a refused file changes nothing: they still stay
