"""Exact mode: the sum is kept to the unit at every event, and the final spread is at most 2 q."""

import random

import pytest
from fleets import CVX, CYCLE_32, HI_Q, settings_of
from quelea.checkers import sum_exact
from quelea.checkers.record import read
from quelea.simulator.faults import Faults, draw
from quelea.simulator.world import World

SPREAD_MAX_Q = 2


def keep_sum(world: World, t_us: int) -> None:
    """After every event: each node's value is its input less its flows, and edges differ by at
    most what is under way, so sum(values) + under way = sum(inputs)."""
    under_way_q = values_q = inputs_q = 0
    for node in world.nodes.values():
        flows = node.agent.flows
        values_q += flows.estimate_q
        inputs_q += flows.input_q
        under_way_q += sum(flows.flow_q)
    assert values_q + under_way_q == inputs_q, f"at {t_us} us"


def antisymmetric(world: World) -> bool:
    """Return whether the two ends of every edge agree on its flow."""
    for node in world.nodes.values():
        for slot, other in enumerate(node.settings.numbers):
            back = node.settings.back_slots[slot]
            if node.agent.flows.flow_q[slot] != -world.nodes[other].agent.flows.flow_q[back]:
                return False
    return True


def settle(world: World, rounds: int) -> int:
    """Run so many seconds more, and then until nothing is under way; return the spread."""
    world.run(world.t_us + rounds * 1_000_000)
    for _ in range(2000):
        world.run(world.t_us + 20_000)
        if antisymmetric(world):
            break
    assert antisymmetric(world), "something was always under way"
    values_q = [node.agent.value_q for node in world.nodes.values()]
    inputs_q = [node.agent.input_q for node in world.nodes.values()]
    assert sum(values_q) == sum(inputs_q)
    return max(values_q) - min(values_q)


LOSSY = Faults(loss=0.3, duplicate=0.2, replay=0.3, delay_ms=100, tail=0.03)


@pytest.mark.parametrize("case", range(6))
def test_cvx_graph_under_loss(case: int, seed: int) -> None:
    rng = random.Random(seed + case)
    world = World(settings_of(CVX, mode="exact"), LOSSY, seed + case, watch=keep_sum)
    for number in world.numbers:
        world.sense(number, rng.choice((0, HI_Q, rng.randrange(HI_Q))))
    assert settle(world, 250) <= SPREAD_MAX_Q
    assert world.fired["loss"] and world.fired["replay"] and world.fired["duplicate"]


def test_cycle_under_loss(seed: int) -> None:
    rng = random.Random(seed)
    world = World(settings_of(CYCLE_32, mode="exact"), LOSSY, seed, watch=None)
    for number in world.numbers:
        world.sense(number, rng.randrange(HI_Q))
    assert settle(world, 2200) <= SPREAD_MAX_Q
    keep_sum(world, world.t_us)


@pytest.mark.parametrize("case", range(12))
def test_every_fault_then_calm(case: int, seed: int) -> None:
    """Crashes, torn storage, partitions, restarts, changing inputs; after 200 s of calm: exact."""
    seed += case
    print(f"seed {seed}: {draw(seed).as_dict()}")
    rng = random.Random(seed)
    world = World(settings_of(CVX, mode="exact"), draw(seed), seed, watch=keep_sum)
    for _ in range(5):
        for number in world.numbers:
            world.sense(number, rng.randrange(HI_Q))
        world.run(world.t_us + 20_000_000)
    world.calm()
    assert settle(world, 200) <= SPREAD_MAX_Q
    record = read(world.journal.journal().frames(), ())
    assert sum_exact.check(record) == []
