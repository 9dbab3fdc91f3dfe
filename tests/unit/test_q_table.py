"""Tabular Q-learning: the firmware's shifts, the reference and exact fractions are one thing."""

import math
from fractions import Fraction

import pytest
from quelea.reference.guard import _backend
from quelea_agent.q_table import GUARD_BITS, REWARD_MAX, VALUE_MAX, QTable, Schedule
from quelea_proto.draws import Draws
from quelea_proto.limits import SMALL_MAX

SCHEDULES = [(3277, 32, 6, 243, 6, 3), (32767, 0, 0, 255, 9, 0), (0, 0, 15, 0, 1, 9)]


def half_up(number: Fraction) -> int:
    return math.floor(number + Fraction(1, 2))


@pytest.mark.parametrize("row", SCHEDULES)
@pytest.mark.parametrize("name", ["compiled", "twin"])
def test_firmware_and_reference_take_one_course(
    name: str, row: tuple[int, ...], seed: int
) -> None:
    table, other = QTable(9, 4, Schedule(*row)), _backend(name)["q_table"].QTable(9, 4, row)
    world, own = Draws(seed, 1), Draws(seed, 2)
    state = 0
    for _ in range(3000):
        twin = Draws(0, 0)
        twin.a, twin.b = own.a, own.b
        action = table.act(state, own)
        assert other.act(state, twin.next(), twin.next()) == action
        reward, after = world.below(1500) - 200, world.below(10) - 1
        table.learn(state, action, reward, after)
        other.learn(state, action, reward, after)
        assert other.chance() == table.chance()
        state = max(0, after)
    assert other.values() == table.values
    assert other.steps == table.steps
    assert max(table.values) > 0


def test_a_lesson_is_the_formula_rounded_half_up(seed: int) -> None:
    draws = Draws(seed, 5)
    table = QTable(3, 3, Schedule(0, 0, 0, 230, 6, 2))
    for _ in range(2000):
        state, action, after = draws.below(3), draws.below(3), draws.below(4) - 1
        reward, old, at = draws.below(REWARD_MAX + 1), list(table.values), state * 3 + action
        visits = table.visits[at]
        rate = Fraction(1, 2 ** min(6, 1 + visits // 4)) if visits else Fraction(1)
        aim = reward << GUARD_BITS
        if after >= 0:
            aim += half_up(Fraction(230 * max(old[after * 3 : after * 3 + 3]), 256))
        table.learn(state, action, reward, after)
        old[at] += half_up((aim - old[at]) * rate)
        assert table.values == old


def test_nothing_grows_past_its_bound() -> None:
    table = QTable(1, 1, Schedule(0, 0, 0, 255, 6, 0))
    for _ in range(20_000):
        table.learn(0, 0, 10 * REWARD_MAX, 0)
    top = VALUE_MAX << GUARD_BITS
    assert 0.99 * top < table.values[0] <= top
    assert top * 243 + 128 <= SMALL_MAX


def test_the_better_action_is_found_and_kept(seed: int) -> None:
    draws = Draws(seed, 9)
    table = QTable(1, 3, Schedule(16384, 100, 5, 0, 6, 3))
    for _ in range(1500):
        action = table.act(0, draws)
        table.learn(0, action, (200, 700, 400)[action] + draws.below(200), -1)
    assert table.best(0) == 1
    assert table.chance() == 100
    assert abs(table.values[1] / 64 - 800) < 40


def test_steps_do_not_run_over() -> None:
    table = QTable(1, 2, Schedule(1, 0, 0, 0, 1, 0))
    table.steps = SMALL_MAX
    table.act(0, Draws(1, 1))
    assert table.steps == SMALL_MAX
