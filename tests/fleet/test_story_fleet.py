"""The story by real MicroPython processes, a small one, and the host's side of it."""

from pathlib import Path

import numpy as np
import pytest
from quelea.journal import Journal, RunFolder
from quelea.journal.rows import LEASE, RUMOUR
from quelea.story import fleet, retell, setting
from quelea.story.chronicle import Chronicle
from quelea.story.course import COORDINATED, GREEDY, Mode, Phase
from quelea.story.servers import Servers
from quelea_agent.choice.q_learning import ACTIONS, STATES
from quelea_agent.q_table import QTable, Schedule
from quelea_proto.lease_row import BYTES, Lease, pack, unpack
from waiting import alive, until

AGENTS = 16
LENGTHS_MAX = 4


def question(node: int, seq: int, server: int = 0, ask_q: int = 640) -> bytes:
    row = Lease()
    row.node, row.session, row.seq, row.server = node, 1, seq, server
    row.first_q, row.use_q = ask_q, ask_q
    buffer = bytearray(BYTES)
    pack(buffer, row)
    return bytes(buffer)


def test_processes_share_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "PERIOD_MS", 100)
    coordinated = Phase("coordination on", 45, COORDINATED, liars=1)
    phases = (Phase("greedy", 10, GREEDY), *[coordinated] * LENGTHS_MAX)
    instance = setting.draw(5, 0.9, AGENTS)
    kept = Chronicle(RunFolder("story", tmp_path), instance, phases, (), True)
    with fleet.StoryFleet(instance, tmp_path, chronicle=kept) as running:
        courses = running.run(phases)
        _, greedy = next(courses)
        for _, together in courses:  # 45 rounds are enough, unless the machine has other work
            if together.share[-20:].mean() > 0.9:
                break
        pids = [running.supervisor.pid(fleet.node_id(number)) for number in running.numbers]
        questions, refused = running.servers.questions, running.servers.refused
    assert max(greedy.overloaded) > 0  # nothing is hidden while nobody is throttled
    assert together.share[-20:].mean() > 0.9
    assert sum(together.overloaded[-20:]) == 0
    assert float(np.mean(together.messages[-20:])) < 2.0
    assert questions > 55 * AGENTS // 2
    assert refused == 0
    assert not [pid for pid in pids if pid and Path(f"/proc/{pid}").exists()]
    assert kept.close() == ""
    with Journal.open(tmp_path) as journal:
        rows = list(journal.frames(good=False))
        told = retell.explain(journal, "a03")
        seen = [row for row in retell.courses(journal)[0][1].share]
    assert seen == pytest.approx(list(greedy.share), abs=1e-3)
    asked = [row for row in rows if row.cause == LEASE and row.source > 0]
    answered = [row for row in rows if row.cause == LEASE and row.source < 0]
    assert len(asked) >= questions <= len(answered)
    assert [row for row in rows if row.cause == RUMOUR]
    assert any("grants" in line for line in told["lines"])


def test_what_nodes_learned_outlives_their_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "PERIOD_MS", 100)
    learning = Phase("learning", 30, Mode("q-learning", throttled=True, checked=True))
    steps: list[list[int]] = []
    for _ in range(2):
        with fleet.StoryFleet(setting.draw(5, 0.9, 8), tmp_path) as running:
            ids = [fleet.node_id(number) for number in running.numbers]
            pids = [running.supervisor.pid(node) or 0 for node in ids]
            ((_, course),) = running.run((learning,))
            for pid in pids:
                until(lambda pid=pid: not alive(pid), 20, "a node's last words")
        assert sum(course.overloaded) == 0
        steps.append([learned(tmp_path / "nodes" / node / "q.bin") for node in ids])
    assert all(later > first > 0 for first, later in zip(*steps, strict=True))


def learned(path: Path) -> int:
    """Return after how many steps a node's table was stored, 0 if it is not there."""
    table = QTable(STATES, len(ACTIONS), Schedule(0, 0, 0, 0, 1, 0))
    if not path.exists() or not table.restore(path.read_bytes()):
        return 0
    return int(table.steps)


def test_a_question_is_answered_once_and_garbage_never() -> None:
    servers = Servers(setting.draw(5, 0.9, AGENTS).setup())
    answer = Lease()
    assert unpack(servers.ask(3, question(3, 1)) or b"", answer)
    assert (answer.answer, answer.seq, answer.first_q, answer.second_q) == (True, 1, 640, 640)
    assert servers.ask(3, question(3, 1)) is None  # a repetition
    assert servers.ask(4, question(3, 2)) is None  # by the topic of another
    assert servers.ask(3, question(3, 2, server=8)) is None
    assert servers.ask(3, question(3, 2)[:-1]) is None
    assert servers.ask(99, question(99, 1)) is None
    assert servers.refused == 5


def test_who_moves_is_counted_once_and_who_falls_silent_draws_nothing() -> None:
    servers = Servers(setting.draw(5, 0.9, AGENTS).setup())
    servers.ask(1, question(1, 1, server=2))
    servers.ask(1, question(1, 2, server=3))
    assert [offload.asked_q for offload in servers.offloads] == [0, 0, 0, 640, 0, 0, 0, 0]
    servers.tick()
    assert (servers.moves, servers.goodput_q) == (1, 640)
    for _ in range(12):
        servers.tick()
    assert servers.goodput_q == 0
    assert servers.offloads[3].asked_q == 0
