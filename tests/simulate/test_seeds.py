"""Five hundred seeds of the real agent: everything may go wrong, nothing may be broken.

QUELEA_SEED moves the window, so that every run of the suite looks at seeds nobody has seen.
"""

import os

import pytest
from quelea import scenarios
from quelea.simulator import command

JOBS = min(2, os.cpu_count() or 1)
WINDOWS = (("anything", 260), ("anything-exact", 180), ("narrow", 60))


@pytest.mark.parametrize(("name", "count"), WINDOWS)
def test_no_seed_breaks_a_promise(name: str, count: int, seed: int) -> None:
    scenario = scenarios.load(name)
    tally = command.Tally()
    for outcome in command.run_seeds(scenario, range(seed, seed + count), JOBS):
        tally.add(outcome)
    again = [command.replay(scenario, failed) for failed, _ in tally.failures]
    assert not tally.failures, (again, tally.failures[:3])
    wanted = set(scenario.get("checks", "sometimes"))
    never = {fault for fault in wanted if not tally.fired[fault]}
    assert not never, f"never took effect in {count} seeds: {sorted(never)}"
    assert tally.node_rounds > 100 * count
