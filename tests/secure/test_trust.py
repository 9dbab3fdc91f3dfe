"""Signed configurations on a board: one at a time, the newest next, and what a store may do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from quelea.secure import signing
from quelea_agent.port import trust
from ring import FLEET, settings_of

TOPIC = f"quelea/1/{FLEET}/cfg".encode()
KEY = signing.new_key()
Make = Callable[[], trust.Trust]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Boot a node's check in a folder of its own; `heard` is what went on."""
    monkeypatch.chdir(tmp_path)

    def boot() -> trust.Trust:
        one = trust.Trust(settings_of(1), signing.public_bytes(KEY))
        one.heard = []
        one.inner = lambda topic, payload: one.heard.append((topic, payload))
        return one

    return boot


def document(epoch: int, more: str = "") -> bytes:
    return signing.sign(KEY, b"cfg", f'{{"fleet":"{FLEET}","epoch":{epoch}{more}}}'.encode())


def run(one: trust.Trust) -> int:
    """Take turns until nothing is under way; return how many."""
    turns = 0
    while one.busy:
        one.turn(0)
        turns += 1
        assert turns < 1000
    return turns


def counts(one: trust.Trust) -> dict[str, int]:
    return {name: n for name, n in zip(trust.NAMES, one.counts, strict=True) if n}


def test_what_is_of_another_topic_passes(make: Make) -> None:
    one = make()
    one.receive(b"other", b"x")
    assert one.heard == [(b"other", b"x")] and not one.busy


def test_a_turn_is_a_slice(make: Make) -> None:
    one = make()
    one.receive(TOPIC, document(1))
    assert 64 < run(one) < 120
    assert one.heard[0][1].startswith(b"{") and counts(one) == {"taken": 1}


def test_of_several_only_the_newest_waits(make: Make) -> None:
    one = make()
    for epoch in (1, 2, 3):
        one.receive(TOPIC, document(epoch))
        one.turn(0)  # the first one's check begins
    run(one)
    assert one.epoch == 3 and counts(one) == {"taken": 2}


def test_an_epoch_outlives_a_boot(make: Make) -> None:
    one = make()
    newest = document(5)
    one.receive(TOPIC, newest)
    run(one)
    for _ in range(2):
        one = make()
        assert one.epoch == 5
        one.receive(TOPIC, newest)
        assert not one.busy and counts(one) == {"repeated": 1}
        one.receive(TOPIC, document(5, ',"other":1'))
        run(one)
        one.receive(TOPIC, document(4))
        run(one)
        assert counts(one) == {"repeated": 1, "epoch": 2} and one.heard == []


def test_a_power_cut_leaves_the_old_epoch_or_the_new(make: Make) -> None:
    one = make()
    one.receive(TOPIC, document(5))
    run(one)

    def cut(*_: object) -> None:
        raise OSError("power cut")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trust.os, "rename", cut)
        one.receive(TOPIC, document(6))
        run(one)
    assert counts(one) == {"taken": 1, "unstored": 1} and one.epoch == 5
    assert trust.read()[0] == 5


@pytest.mark.parametrize("content", [b"", b"x" * 35, b"x" * 37])
def test_a_record_that_cannot_be_read_is_none(make: Make, content: bytes) -> None:
    make()
    Path(trust.PATH).write_bytes(content)
    assert make().epoch == 0


@pytest.mark.parametrize("times, taken", [(3, True), (100, False)])
def test_a_shortage_of_memory_ends_no_node(
    make: Make, times: int, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    left = [times]
    step = trust.signed.Check.step

    def short(self: object) -> object:
        if left[0]:
            left[0] -= 1
            raise MemoryError
        return step(self)

    monkeypatch.setattr(trust.signed.Check, "step", short)
    one.receive(TOPIC, document(1))
    run(one)
    assert counts(one) == ({"taken": 1} if taken else {"shortage": 1})
    left[0] = 0
    one.receive(TOPIC, document(2))
    run(one)
    assert one.epoch == 2


@pytest.mark.parametrize("config", [{"key": "AAAA"}, {"key": 5}, {"key": "?"}, {}, None])
def test_a_faulty_key_is_one_sentence(make: Make, config: object) -> None:
    make()
    assert "public key" in trust.attach(None, config)
