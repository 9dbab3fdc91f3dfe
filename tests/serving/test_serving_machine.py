"""The machine in the simulator: near the optimum, soon, calm, and never beyond itself."""

import random

import pytest
from quelea.serving import optimum, setting
from quelea.serving.loop import Loop
from quelea_proto import serving_row


def lent_within_time(loop: Loop) -> bool:
    """Whether nobody lends or uses more than it has, and nobody uses what it was not lent."""
    for node in loop.nodes:
        if sum(node.local_ms) + node.given_total_ms() > node.plan.time_ms:
            return False
        for slot, number in enumerate(node.numbers):
            giver = loop.nodes[number - 1]
            back = giver.numbers.index(node.node)
            for m in range(node.models):
                given = giver.given_ms[back * node.models + m]
                if node.taken_ms[slot * node.models + m] > given:
                    return False
    return True


def memory_kept(loop: Loop) -> bool:
    return all(
        sum(size for size, on in zip(node.plan.sizes, node.held, strict=True) if on)
        <= node.plan.memory
        for node in loop.nodes
    )


@pytest.mark.parametrize("name", setting.NAMES)
def test_ten_rounds_of_gossip_come_near_the_optimum_and_then_nothing_moves(name: str) -> None:
    instance = setting.draw(name, 3, nodes=6)
    best = optimum.solve(instance, 5.0, gap=0.02)
    loop = Loop(instance)
    for _ in range(10):
        loop.round()
        assert lent_within_time(loop) and memory_kept(loop)
    held = loop.held()
    assert loop.lost > 0
    assert optimum.routed(instance, held) >= 0.92 * best.value
    assert loop.worth_percent_ms() / 100 >= 0.85 * best.value
    for _ in range(3):
        loop.round()
    assert sum(a != b for x, y in zip(held, loop.held(), strict=True)
               for a, b in zip(x, y, strict=True)) <= 2  # fmt: skip


def test_leases_hold_whatever_is_lost_and_however_demand_moves(seed: int) -> None:
    instance = setting.draw("hard", 2, nodes=6)
    loop = Loop(instance, loss_of_32768=16384)  # half of all rows
    rng = random.Random(seed)
    lost = 0
    for turn in range(14):
        for node in loop.nodes:
            if rng.random() < 0.2:
                node.want_ms[rng.randrange(node.models)] = rng.randrange(2000)
        loop.round(think=turn % 5 == 0)
        lost += loop.lost
        assert lent_within_time(loop), turn
        assert memory_kept(loop), turn
    assert lost > 50


def test_a_dead_node_is_forgotten_and_its_load_goes_elsewhere() -> None:
    instance = setting.draw("hard", 3, nodes=6)
    loop = Loop(instance, 0)
    for _ in range(4):
        loop.round()
    victim = max(range(6), key=lambda i: loop.nodes[i].given_total_ms())
    assert loop.nodes[victim].given_total_ms() > 0
    loop.dead[victim] = True
    for _ in range(8):
        loop.round()
    for node in loop.nodes:
        if node.node != victim + 1 and victim + 1 in node.numbers:
            slot = node.numbers.index(victim + 1)
            assert not any(node.taken_ms[slot * node.models : (slot + 1) * node.models])
    assert optimum.routed(instance, loop.held()) > 0


def test_rows_that_are_damaged_strange_or_late_change_nothing(seed: int) -> None:
    instance = setting.draw("hard", 2, nodes=6)
    loop = Loop(instance, 0)
    loop.round()
    node = loop.nodes[0]
    other = loop.nodes[node.numbers[0] - 1]
    row = bytes(other.row[: other.length])
    rng = random.Random(seed)
    before = (list(node.ball.want_ms), list(node.given_ms))
    for _ in range(300):
        bad = bytearray(row)
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        assert node.hear(other.node, bytes(bad)) == 0
        assert node.hear(other.node, rng.randbytes(rng.randrange(60))) == 0
    assert node.hear(other.node, row) == 0  # heard already
    assert node.hear(999, row) == 0
    assert node.refused >= 600
    assert before == (list(node.ball.want_ms), list(node.given_ms))


def test_a_row_says_what_was_packed() -> None:
    buffer = bytearray(serving_row.row_bytes(serving_row.STATE, 2))
    serving_row.pack_head(buffer, serving_row.STATE, 0, 7, 3, 99, 2)
    serving_row.pack_state(buffer, 1500, 65535)
    serving_row.pack_entry(buffer, 0, 4, 1, 700)
    serving_row.pack_entry(buffer, 1, 78, 0, 65535)
    row, fields = serving_row.Row(), [0, 0, 0]
    assert serving_row.seal(buffer) == len(buffer)
    assert serving_row.unpack(buffer, row)
    assert (row.node, row.session, row.seq, row.count) == (7, 3, 99, 2)
    assert (row.time_ms, row.spare_ms) == (1500, 65535)
    row.entry(1, fields)
    assert fields == [78, 0, 65535]


def test_an_answer_to_an_older_question_gives_nothing() -> None:
    instance = setting.draw("hard", 2, nodes=6)
    loop = Loop(instance, 0)
    for _ in range(3):
        loop.round()
    node = max(loop.nodes, key=lambda one: sum(one.taken_ms))
    slot = max(
        range(node.slots),
        key=lambda k: sum(node.taken_ms[k * node.models : (k + 1) * node.models]),
    )
    giver = loop.nodes[node.numbers[slot] - 1]
    first = bytes(node.lease_row[: node.ask(slot)])
    answer = bytes(giver.lease_row[: giver.hear(node.node, first)])
    base = slot * node.models
    model = max(range(node.models), key=lambda m: node.taken_ms[base + m])
    assert node.taken_ms[base + model] > 0
    node.taken_ms[base + model] = 0
    assert (
        node.ask(slot) > 0
    )  # says that it uses nothing of it: what was granted may be given away
    node.hear(giver.node, answer)
    assert node.taken_ms[base + model] == 0


def test_a_model_that_is_lent_stays_until_its_leases_are_over() -> None:
    instance = setting.draw("hard", 2, nodes=6)
    loop = Loop(instance, 0)
    for _ in range(3):
        loop.round()
    node = max(loop.nodes, key=lambda one: one.given_total_ms())
    at = max(range(len(node.given_ms)), key=lambda k: node.given_ms[k])
    model = at % node.models
    node.open[model] = 0
    node.ball.held[model] = 0
    node._load()
    assert node.held[model] == 1
    for slot in range(node.slots):
        node.given_ms[slot * node.models + model] = 0
    node._load()
    assert node.held[model] == 0
