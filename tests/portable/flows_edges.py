# What a flow does with entries out of range, a full number range, and a neighbour that left.
# REQ-FLOW-2, REQ-FLOW-3, REQ-FLOW-5.
from kit import check
from quelea_proto.flows import Flows

a = Flows(3, (1, 9), 100)
for turn in (7, 8, 255):
    a.hear(0, 2, 0, 5, turn, 0)
a.hear(0, 2, 0, -268435456, 1, 0)
a.hear(0, 2, 0, 5, 1, -128)
check(a.waits == 5 and a.turn == [0, 0], "refused", a.waits, a.turn, a.estimate_q)
a.hear(0, 2, 50, 5, 1, 3)
print("adopted", a.estimate_q, a.flow_q, a.turn, a.residue)
for turn in range(7):
    for held in range(7):
        for node in (1, 9):
            b = Flows(5, (node,), 0)
            b.turn[0] = held
            b.flow_q[0] = 11
            b.hear(0, 1, 70, -13, turn, 2)
            print("turn", held, turn, node, b.turn[0], b.flow_q[0], b.residue[0], b.move(0))
c = Flows(1, (2,), 8388607)
c.hear(0, 1, 0, 268435455, 3, 0)
print("far", c.estimate_q, c.waits)
c.hear(0, 1, 0, -268435455, 5, 0)
print("wait", c.estimate_q, c.waits)
c.set_input(-8388607)
print("input", c.input_q, c.estimate_q, c.waits)
c.drop(0)
print("dropped", c.estimate_q, c.flow_q, c.turn, c.waits)
