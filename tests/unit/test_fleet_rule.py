"""The rule that a fleet takes where none was asked for: by its graph, F and the certificate."""

import pytest
from quelea.errors import UserError
from quelea.fleet import plan
from quelea.fleet.options import FleetOptions
from quelea.topology.spectral import spectrum
from quelea_agent.settings import load


@pytest.mark.parametrize(
    "given, rule",
    [
        ({"nodes": 5, "liars": 1}, "midpoint"),
        ({"nodes": 4, "liars": 1}, "midpoint"),  # r = 2 is below 2F + 1, n >= 3F + 1 is enough
        ({"nodes": 16, "liars": 2}, "wmsr"),
        ({"nodes": 16, "liars": 2, "topology": "complete"}, "midpoint"),
        ({"nodes": 12, "liars": 0, "topology": "ring"}, "wmsr"),
        ({"nodes": 20, "liars": 4, "faults_max": 2, "topology": "k-out:4", "force": True},
         "clipped-wmsr"),
        ({"nodes": 16, "liars": 2, "rule": "median"}, "median"),
    ],
)  # fmt: skip
def test_auto_follows_the_graph(given: dict[str, object], rule: str) -> None:
    made = plan.make(FleetOptions(**given))  # type: ignore[arg-type]
    assert made.options.rule == rule
    rules = {config["rule"] for config in made.configs.values()}
    assert rules == {rule}, "every node is told the rule, never `auto`"
    settings, problem = load(made.configs[1])
    assert problem is None and settings.rule == rule


def test_liars_know_each_other() -> None:
    made = plan.make(FleetOptions(nodes=16, liars=2, attack="game-optimal"))
    for number in made.liars:
        assert made.configs[number]["attack"] == {
            "name": "game-optimal",
            "liars": list(made.liars),
        }


def test_the_spectral_liar_is_told_the_sides() -> None:
    made = plan.make(FleetOptions(nodes=16, liars=2, attack="spectral", topology="growth:5"))
    shape = spectrum(made.topology).fiedler
    assert min(shape) < 0 < max(shape)
    for number in made.liars:
        config = made.configs[number]
        sides = config["attack"]["sides"]  # type: ignore[index]
        near = [row[0] for row in config["neighbours"]]  # type: ignore[attr-defined]
        assert sides == [1 if shape[other - 1] >= 0 else -1 for other in near]


def test_an_unknown_rule_names_auto() -> None:
    with pytest.raises(UserError) as caught:
        plan.make(FleetOptions(rule="average"))
    assert caught.value.why.startswith("one of: mean, trimmed-mean") and "auto" in caught.value.why
