"""Edge flows follow the exact definition, event by event.

REQ-FLOW-1, REQ-FLOW-2, REQ-FLOW-3, REQ-FLOW-4, REQ-FLOW-5, REQ-FLOW-9.
"""

import pytest
from engines import ENGINES, rows


def play(engine, line, nodes, row):
    """Let one event happen to the engine's node and compare what it is left with."""
    place = f"flows.jsonl:{line}: {row}"
    number, slot = row["node"], row.get("slot")
    if row["op"] == "new":
        nodes[number] = engine.flows(number, tuple(row["neighbours"]), row["input_q"])
    flows = nodes[number]
    if row["op"] == "hear":
        entry = [row[key] for key in ("count", "value_q", "flow_q", "turn", "residue")]
        flows.hear(slot, *entry)
    elif row["op"] == "move":
        assert bool(flows.move(slot)) == row["took"], place
    elif row["op"] == "input":
        flows.set_input(row["input_q"])
    elif row["op"] == "drop":
        flows.drop(slot)
    assert flows.estimate_q == row["estimate_q"], place
    if slot is not None:
        assert [flows.flow_q[slot], flows.turn[slot], flows.residue[slot]] == row["after"], place


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_flows_equal_the_exact_definition(engine):
    nodes, case = {}, ""
    for line, row in rows("flows.jsonl"):
        if row["case"] != case:
            nodes, case = {}, row["case"]
        if row["op"] != "sum":
            play(engine, line, nodes, row)
            continue
        estimates = [flows.estimate_q for flows in nodes.values()]
        given = sum(sum(flows.flow_q) for flows in nodes.values())
        assert estimates == row["estimates_q"], f"flows.jsonl:{line}"
        assert sum(estimates) + given == row["inputs_q"], f"flows.jsonl:{line}"
