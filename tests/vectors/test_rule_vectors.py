"""Every rule gives what exact fractions give.

REQ-RULE-1, REQ-RULE-2, REQ-RULE-3, REQ-RULE-4, REQ-RULE-5, REQ-RULE-6,
REQ-RULE-11.
"""

import pytest
from engines import ENGINES, rows
from quelea_proto.rules import RULES


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_rules_equal_the_exact_definitions(engine):
    for line, row in rows("rules.jsonl"):
        estimate_q = engine.rule(row["rule"], row["own_q"], row["values_q"], row["faults_max"])
        assert estimate_q == row["estimate_q"], f"rules.jsonl:{line}: {row}"


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_order_of_the_received_values_does_not_matter(engine):
    """REQ-RULE-10."""
    for line, row in rows("rules.jsonl"):
        values_q = row["values_q"][::-1]
        estimate_q = engine.rule(row["rule"], row["own_q"], values_q, row["faults_max"])
        assert estimate_q == row["estimate_q"], f"rules.jsonl:{line} reversed: {row}"


def test_every_rule_has_vectors():
    counted = dict.fromkeys([row[0] for row in RULES], 0)
    for _, row in rows("rules.jsonl"):
        counted[row["rule"]] += 1
        assert row["why"], row
    assert min(counted.values()) >= 50, counted
