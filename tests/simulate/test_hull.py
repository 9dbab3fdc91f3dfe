"""Under every attack and every fault the honest stay in the honest hull, and agree afterwards."""

import pytest
from fleets import scenario_of
from quelea import adversaries, checkers
from quelea.checkers import faults_max, hull
from quelea.simulator.run import run_seed

RULES = ("wmsr", "trimmed-mean", "midpoint", "median", "trim-and-clip", "clipped-wmsr")

# Seven nodes, two of them lying: 50 s of drawn faults and changing readings, then calm.
SEVEN = """
[fleet]
nodes = 7
topology = "complete"
rule = "{rule}"
faults_max = 2
epoch_rounds = 16
[demand]
shape = ["uniform", "bimodal"]
change_s = 20.0
[liars]
count = 2
attack = "{attack}"
[faults]
draw = true
[phases]
safety_s = 50.0
"""


ROOM = (200, 50)  # what a run must offer the two checks to break, or it shows nothing
LOTS = 5


@pytest.mark.parametrize("attack", adversaries.names())
def test_honest_stay_in_the_hull(attack: str, seed: int) -> None:
    """One rule an attack here, by the seed; every pair of them over the seeds of a day.

    Faults that are drawn may leave little to check: the next seeds add to it until it is enough.
    """
    rule = RULES[(seed + adversaries.names().index(attack)) % len(RULES)]
    room = [0, 0]
    lies = 0
    for lot in range(LOTS):
        outcome = run_seed(
            scenario_of(SEVEN.format(rule=rule, attack=attack)), seed + lot, keep=True
        )
        print(outcome.options.as_dict())
        assert outcome.violations == {}
        assert outcome.world is not None
        journal = outcome.world.journal.journal()
        facts = checkers.read_facts(journal)
        record = checkers.read_journal(journal, facts.liars)
        assert facts.in_model
        room[0] += hull.room(record)[0]
        room[1] += faults_max.room(record, facts)
        nodes = outcome.world.nodes.values()
        lies += sum(node.lies + node.attack.forged for node in nodes if node.attack)
        if room[0] > ROOM[0] and room[1] > ROOM[1]:
            break
    assert room[0] > ROOM[0] and room[1] > ROOM[1], room
    assert lies > 0, "the liars told the truth: this run shows nothing"


def test_a_naive_rule_is_caught(seed: int) -> None:
    """The plain mean under the same attacks leaves the hull: the check can fail."""
    seen: set[str] = set()
    for lot in range(LOTS):  # the two may lie too little in one run to be seen by both checks
        scenario = scenario_of(SEVEN.format(rule="mean", attack="const-max"))
        seen |= set(run_seed(scenario, seed + lot).violations)
        if {"hull", "narrowing"} <= seen:
            return
    pytest.fail(f"seen: {seen}")
