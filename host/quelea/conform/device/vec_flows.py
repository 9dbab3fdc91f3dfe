"""Rows (line, op, estimate_q, ...) of events against one node's edge flows, node after node.

0 new    node, neighbours, input_q
1 input  input_q
2 drop   slot, flow_q, turn, residue
3 move   slot, flow_q, turn, residue, took
4 hear   slot, flow_q, turn, residue, count, value_q, flow_q, turn, residue
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea_proto.flows import Flows

from quelea.conform.device.vec_rows import each, wrong


def _act(flows, row):
    """Let the row's event happen; return whether it came out as the row says."""
    op = row[1]
    if op == 1:
        flows.set_input(row[3])
    elif op > 1:
        slot = row[3]
        if op == 2:
            flows.drop(slot)
        elif op == 3:
            if flows.move(slot) != row[7]:
                return False
        else:
            flows.hear(slot, row[7], row[8], row[9], row[10], row[11])
        if (flows.flow_q[slot], flows.turn[slot], flows.residue[slot]) != row[4:7]:
            return False
    return flows.estimate_q == row[2]


def run(path):
    """Print mismatches and the number of rows."""
    flows = Flows(1, (2,), 0)  # until the first row says another
    count = 0
    for row in each(path):
        if row[1] == 0:
            flows = Flows(row[3], row[4], row[5])
        if not _act(flows, row):
            wrong(row, (flows.estimate_q, flows.flow_q, flows.turn, flows.residue))
        count += 1
    print("ROWS", count)
