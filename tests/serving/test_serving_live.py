"""Real MicroPython processes that hold models: answered bit by bit, refused, moved, killed."""

import dataclasses
from pathlib import Path

import pytest
from quelea.serving import live, models
from quelea_agent import dense
from quelea_agent.placing import Member
from quelea_agent.port.desk import HOST, Desk
from quelea_agent.serving import Plan, Serving
from quelea_proto import request_row
from quelea_proto.crc import crc16
from rich.console import Console


@pytest.fixture(scope="module")
def catalogue() -> list[models.Model]:
    return models.train(3)


def test_two_ways_to_run_a_file_agree_and_the_models_read_digits(
    catalogue: list[models.Model],
) -> None:
    values, _ = models.digits(40, 11)
    for one in catalogue:
        assert one.accuracy > 0.85
        for row in values:
            assert models.reference(one.file, row) == list(one.network.scores(row.tolist()))


def test_a_damaged_file_is_refused_with_a_sentence(catalogue: list[models.Model]) -> None:
    file = bytearray(catalogue[0].file)
    file[200] ^= 4
    network, problem = dense.load(file)
    assert network is None and "checksum" in problem


def test_processes_answer_and_nothing_is_lost_when_one_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: list[models.Model]
) -> None:
    monkeypatch.setattr(live, "DEADLINE_MS", 8000)  # the machine may have other work
    monkeypatch.setattr(live, "LOAD", 0.25)
    monkeypatch.setattr(live, "PERIOD_MS", 400)
    with live.ServeFleet(catalogue, tmp_path, 2, nodes=6) as fleet:
        fleet.spoil_every = 8
        phases = live.run(fleet, 6.0, Console(stderr=True, quiet=True))
        pids = [fleet.supervisor.pid(live.node_id(number)) for number in fleet.numbers]
        faulty, spoilt = fleet.total("faulty"), fleet.spoilt
    sent = sum(one.tally.sent for one in phases)
    answered = sum(one.tally.answered for one in phases)
    assert sent > 30
    assert sum(one.tally.lost for one in phases) == 0
    assert sum(one.tally.wrong for one in phases) == 0
    assert answered > 0.6 * sent
    assert spoilt > 0 and faulty > 0  # files were damaged on their way, and found out
    assert not [pid for pid in pids if pid and Path(f"/proc/{pid}").exists()]


# -- the desk, without processes -----------------------------------------------------------------
def desk(catalogue: list[models.Model], held: bool) -> Desk:
    near = Member(1, ((1, 100),)), Member(2, ((0, 100),))
    plan = Plan(near, (1,), (100,), (1,), 1, 1000, 90, 1)
    agent = Serving(plan, 1)
    made = Desk(agent, [bytes.fromhex(catalogue[0].sha)], [len(catalogue[0].file)])
    if held:
        agent.held[0] = 1
        made.networks[0] = catalogue[0].network
    return made


def request(number: int, budget_ms: int = 1000) -> request_row.Row:
    row = request_row.Row()
    packed = request_row.pack(request_row.REQUEST, 0, number, 0, budget_ms, bytes(64))
    assert request_row.unpack(packed, row)
    return row


def kinds(out: list[tuple[int, bytes]]) -> list[tuple[int, int, int]]:
    row = request_row.Row()
    found = []
    for to, payload in out:
        assert request_row.unpack(payload, row)
        found.append((to, row.kind, row.flag))
    return found


def test_a_full_desk_refuses_and_each_is_answered_once_in_time(
    catalogue: list[models.Model],
) -> None:
    full = desk(catalogue, held=True)
    out = [kinds(full.take(request(number), HOST, 0)) for number in range(1, 15)]
    refused = [one for one in out if one]
    assert refused == [[(HOST, request_row.ANSWER, request_row.REFUSED)]] * len(refused)
    assert len(refused) == 14 - 9  # 9 * 100 ms and the slack fit into a second
    now_ms, answers = 0, 0
    while now_ms < 1000:
        now_ms = full.next_ms(now_ms + 10)
        answers += len(full.tick(now_ms))
    assert answers == 9


def test_what_a_neighbour_does_not_answer_is_refused_before_its_deadline(
    catalogue: list[models.Model],
) -> None:
    empty = desk(catalogue, held=False)
    empty.agent._ready[1] = 2  # the neighbour's word
    out = empty.take(request(1), HOST, 0)
    assert kinds(out) == [(0, request_row.REQUEST, request_row.FORWARDED)]
    assert empty.tick(empty.next_ms(10) - 1) == [] or empty.next_ms(10) == 10
    late = empty.tick(empty.next_ms(2000))
    assert kinds(late) == [(HOST, request_row.ANSWER, request_row.REFUSED)]
    assert empty.late == 1
    assert not empty.agent.holds(0, 0)


def test_a_file_is_used_only_if_its_checksum_is_right(catalogue: list[models.Model]) -> None:
    file = catalogue[0].file
    for spoil in (False, True):
        fresh = desk(catalogue, held=False)
        fresh.agent.coming = 0
        out, now_ms = fresh.files(0), 0
        while out and fresh.networks[0] is None and fresh.faulty == 0:
            row = request_row.Row()
            assert request_row.unpack(out[0][1], row) and row.kind == request_row.PART
            part = bytearray(file[row.number : row.number + row.value])
            part[0] ^= spoil
            request_row.unpack(
                request_row.pack(request_row.BYTES, 0, row.number, 0, len(file), bytes(part)), row
            )
            now_ms += 1
            out = fresh.received(row, now_ms)
        assert fresh.faulty == int(spoil)
        assert fresh.agent.held[0] == int(not spoil)


def test_options_are_refused_in_words() -> None:
    from quelea.errors import UserError
    from quelea.serving.command import Options

    for wrong in ({"instance": "soft"}, {"nodes": 3}, {"seeds": -1}, {"seconds": 1},
                  {"fleet": True, "openb": Path(".")}):  # fmt: skip
        with pytest.raises(UserError):
            dataclasses.replace(Options(), **wrong).check()


def test_another_good_file_of_the_same_size_is_not_taken(catalogue: list[models.Model]) -> None:
    fresh = desk(catalogue, held=False)
    other = bytearray(catalogue[0].file)
    other[-1] ^= 1
    crc = crc16(other[dense.HEAD :], len(other) - dense.HEAD)
    other[6:8] = bytes((crc & 255, crc >> 8))
    assert dense.load(other)[1] is None
    fresh.agent.coming = 0
    fresh.files(0)
    row = request_row.Row()
    for at in range(0, len(other), 512):
        request_row.unpack(
            request_row.pack(request_row.BYTES, 0, at, 0, 0, bytes(other[at : at + 512])), row
        )
        fresh.received(row, 1)
    assert fresh.faulty == 1
    assert fresh.networks[0] is None
