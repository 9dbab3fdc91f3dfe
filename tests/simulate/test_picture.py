"""The picture of a failing seed: around the first violation, stretched where much happens."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import need
from fleets import scenario_of
from quelea import scenarios
from quelea.simulator import picture
from quelea.simulator.picture_layout import TICK_SHARE, Layout
from quelea.simulator.picture_svg import svg
from quelea.simulator.run import run_seed

LARGE = """
[fleet]
nodes = 30
topology = "growth:5"
faults_max = 2
[liars]
count = 3
attack = "inconsistent"
[faults]
loss = 0.2
pause = 0.02
[phases]
safety_s = 12.0
liveness_s = 8.0
"""


def drawn(text: str, seed: int, violations: dict[str, list[str]] | None = None) -> picture.Picture:
    outcome = run_seed(scenario_of(text), seed, keep=True)
    assert outcome.world is not None
    journal = outcome.world.journal.journal()
    found = violations if violations is not None else outcome.violations
    return picture.compose(journal, outcome.flights, found, "test")


@pytest.fixture(scope="module")
def canary() -> picture.Picture:
    return drawn((scenarios.FOLDER / "canary.toml").read_text(), 1)


def test_it_shows_the_first_violation_and_what_the_node_was_told(canary: picture.Picture) -> None:
    first_us, node, text = canary.marks[0]
    assert canary.from_us < first_us <= canary.to_us and node == canary.centre
    told = [flight for flight in canary.flights if canary.stands_out(flight)]
    assert {flight.source for flight in told} >= canary.liars
    assert all(flight.dest == node and flight.to_us <= first_us for flight in told)
    liar = next(iter(canary.liars))
    assert 70_000 in {row.value_q for row in canary.said if row.node == liar}
    shown = ElementTree.fromstring(svg(canary))
    words = " ".join("".join(one.itertext()) for one in shown)
    assert text in words and "70000" in words and f"{canary.ids[liar]} lies" in words


def test_time_only_goes_on_and_labels_do_not_touch(canary: picture.Picture) -> None:
    layout = Layout(canary)
    places = [layout.x(t_us) for t_us in range(canary.from_us, canary.to_us, 1000)]
    assert places == sorted(places) and places[0] == 0.0 and layout.x(canary.to_us) == 1.0
    ticks = [x for x, _ in layout.ticks()]
    assert len(ticks) > 3
    assert all(after - before >= TICK_SHARE for before, after in pairwise(ticks))


def test_of_a_large_fleet_only_a_node_and_its_neighbours_are_drawn(seed: int) -> None:
    from quelea.checkers.record import Violation

    wrong = {"hull": [Violation("node 7 is wrong", 8_000_000, 7)]}
    shown = drawn(LARGE, seed, wrong)
    assert shown.centre == 7 and 7 in shown.ids and len(shown.ids) <= picture.LANES_MAX
    assert "of 30 nodes" in shown.scope
    assert {flight.source for flight in shown.flights} <= set(shown.ids)
    svg(shown)
    assert "!" in picture.text(shown)


def test_without_a_violation_the_whole_run_is_drawn(seed: int) -> None:
    text = LARGE.replace("nodes = 30", "nodes = 12").replace("growth:5", "complete")
    shown = drawn(text, seed, {})
    assert shown.from_us == 0 and not shown.marks and svg(shown)


def test_as_png(canary: picture.Picture, tmp_path: Path) -> None:
    written = picture.save(canary, tmp_path / "one")
    need(len(written) == 3, "matplotlib", "pip install 'quelea[plot]'")
    assert written[2].read_bytes().startswith(b"\x89PNG") and written[2].stat().st_size > 10_000
