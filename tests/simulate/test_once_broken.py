"""Seeds that once ended with a violation, kept with what was wrong."""

import pytest
from fleets import scenario_of
from quelea import checkers, scenarios
from quelea.checkers.moves import moves
from quelea.simulator.run import run_seed
from test_hull import SEVEN

# A board took over an id in the session of the one before it; its first frames went nowhere, and
# its fourth was taken for the one after the third of the old board.
TAKEN_OVER = 111917589


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        # A new board spoke in its predecessor's session, 1, to the end: it was never enrolled.
        ("anything-exact", 1018357591),
        # An edge was dropped, heard of again, and moved as before: it seemed not to have moved,
        # and what the node gave its other neighbours with it seemed wrong.
        ("anything-exact", 852436275),
        # A node that entered an epoch rounds before the others left it, and every later one, as
        # much earlier; too few rounds were left together to agree.
        ("anything", 13284222),
        ("anything", 13285721),
        # The same, held to what ends an epoch: its first frames went nowhere.
        ("anything", 13285911),
    ],
)
def test_a_seed_of_a_scenario_holds(name: str, seed: int) -> None:
    assert run_seed(scenarios.load(name), seed).violations == {}


def test_a_board_that_takes_over_an_id_begins_anew() -> None:
    scenario = scenario_of(SEVEN.format(rule="wmsr", attack="spectral"))
    outcome = run_seed(scenario, TAKEN_OVER, keep=True)
    assert outcome.violations == {} and outcome.world is not None
    journal = outcome.world.journal.journal()
    facts = checkers.read_facts(journal)
    record = checkers.read_journal(journal, facts.liars)
    reused_us = [
        event.t_us
        for event in record.events
        if (event.name, event.source) == ("session-reused", "n07")
    ]
    first = next(m for m in moves(record, facts) if record.source[m.at] == 7
                 and record.t_us[m.at] > reused_us[0])  # fmt: skip
    assert first.before is None and record.seq[first.at] == 4
    record.events.clear()  # who does not know of it takes it for the next frame of the old board
    record.__dict__.pop("_moves")
    assert any(
        "held and moved" in text for text in checkers.load("faults-max").check(record, facts)
    )
