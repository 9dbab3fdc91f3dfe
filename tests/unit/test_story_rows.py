"""Rumour and lease rows: what is packed is read, and no bytes whatever raise or pass unchecked."""

import random

from quelea_agent.chooser import Chooser, Plan
from quelea_proto import lease_row, rumour_row
from quelea_proto.crc import crc16
from quelea_proto.limits import Q_MAX, SEQ_MAX


def resealed(data: bytes) -> bytes:
    body = data[:-2]
    return body + crc16(body, len(body)).to_bytes(2, "little")


def rumour(draws: random.Random, servers: int = 8) -> bytes:
    buffer = bytearray(rumour_row.row_bytes(servers))
    rumour_row.pack_head(buffer, True, 7, 3, draws.randrange(1, SEQ_MAX), servers)
    for server in range(servers):
        load_q, age = draws.randrange(1 << 24), draws.randrange(256)
        rumour_row.pack_server(buffer, server, load_q, age)
    rumour_row.seal(buffer)
    return bytes(buffer)


def lease(draws: random.Random) -> bytes:
    row = lease_row.Lease()
    row.node, row.session, row.seq = 9, 2, draws.randrange(1, SEQ_MAX)
    row.server = draws.randrange(8)
    row.first_q, row.second_q, row.use_q = (draws.randrange(Q_MAX) for _ in range(3))
    buffer = bytearray(lease_row.BYTES)
    lease_row.pack(buffer, row)
    return bytes(buffer)


def test_what_is_packed_is_read(seed: int) -> None:
    draws = random.Random(seed)
    for _ in range(50):
        buffer = bytearray(rumour_row.row_bytes(5))
        said = [(draws.randrange(1 << 24), draws.randrange(256)) for _ in range(5)]
        rumour_row.pack_head(buffer, False, 7, 3, 11, 5)
        for server, (load_q, age) in enumerate(said):
            rumour_row.pack_server(buffer, server, load_q, age)
        assert rumour_row.seal(buffer) == len(buffer)
        row = rumour_row.Row()
        assert rumour_row.unpack(bytes(buffer), row)
        assert (row.node, row.session, row.seq, row.count, row.ask) == (7, 3, 11, 5, False)
        assert [(row.load_at(server), row.age_at(server)) for server in range(5)] == said
        again = lease_row.Lease()
        data = lease(draws)
        assert lease_row.unpack(data, again)
        copy = bytearray(lease_row.BYTES)
        lease_row.pack(copy, again)
        assert bytes(copy) == data


def test_a_bit_that_flips_is_seen(seed: int) -> None:
    draws = random.Random(seed)
    for data, unpack, row in (
        (rumour(draws), rumour_row.unpack, rumour_row.Row()),
        (lease(draws), lease_row.unpack, lease_row.Lease()),
    ):
        for bit in range(8 * len(data)):
            damaged = bytearray(data)
            damaged[bit >> 3] ^= 1 << (bit & 7)
            assert not unpack(bytes(damaged), row)  # type: ignore[operator]


def test_no_bytes_raise_and_none_out_of_range_pass(seed: int) -> None:
    draws = random.Random(seed)
    chooser = Chooser(Plan(1, (7, 9), (640,) * 8, (0, 1), 64, 5), 1)
    chooser.use("patient", True, True, True)
    passed = 0
    for _ in range(4000):
        data = bytearray(rumour(draws) if draws.random() < 0.5 else lease(draws))
        for _ in range(draws.randrange(3)):
            data[draws.randrange(len(data))] = draws.randrange(256)
        if draws.random() < 0.2:
            data = data[: draws.randrange(len(data))]
        sealed = resealed(bytes(data)) if len(data) > 2 and draws.random() < 0.8 else bytes(data)
        row, answer = rumour_row.Row(), lease_row.Lease()
        if rumour_row.unpack(sealed, row):
            passed += 1
            assert row.count <= rumour_row.SERVERS_MAX and 0 < row.seq <= SEQ_MAX
        if lease_row.unpack(sealed, answer):
            passed += 1
            assert max(answer.first_q, answer.second_q, answer.use_q) <= Q_MAX
        chooser.hear(7, sealed)
        chooser.choose()
        chooser.answered(640, 64)
        assert all(abs(number) < 1 << 30 for number in chooser.rumours.load)
    assert 500 < passed < 4000
    assert chooser.refused > 500
