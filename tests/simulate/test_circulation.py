"""Flows that go round, and nodes that have long been up: worlds that begin as old fleets are."""

from fleets import HI_Q, complete, settings_of
from quelea.simulator.circulation import cycle
from quelea.simulator.faults import Faults
from quelea.simulator.world import World


def test_a_cycle_is_found_where_there_is_one() -> None:
    ring = {1: (2, 4), 2: (1, 3), 3: (2, 4), 4: (1, 3)}
    assert sorted(cycle(ring)) == [1, 2, 3, 4]
    around = cycle(ring)
    assert all(around[at - 1] in ring[number] for at, number in enumerate(around))
    assert len(cycle({n: tuple(o for o in range(1, 6) if o != n) for n in range(1, 6)})) == 3
    assert cycle({1: (2,), 2: (1, 3), 3: (2,)}) == [], "a tree has none"


def test_what_goes_round_changes_no_value(seed: int) -> None:
    settings = settings_of(complete(4), mode="exact")
    world = World(settings, Faults(), seed, circulation_q=10_000_000, rounds_before=65_530)
    for number in world.numbers:
        world.sense(number, number * 1000)
    world.run(900_000)
    assert world.fired["circulation"] == 3 and world.fired["rounds-before"] == 4
    flows = [node.agent.flows for node in world.nodes.values()]
    assert sum(abs(flow_q) >= 10_000_000 - HI_Q for row in flows for flow_q in row.flow_q) == 6
    world.run(60_000_000)
    values_q = [node.agent.value_q for node in world.nodes.values()]
    assert sum(values_q) == 10_000 and max(values_q) - min(values_q) <= 2
    assert all(node.agent.seq > 65_536 for node in world.nodes.values())
