# Two nodes even out over one edge, under loss, repetition and a reboot: no unit is lost.
# REQ-FLOW-6, REQ-FLOW-7, REQ-FLOW-8.
from kit import check
from quelea_proto.flows import Flows, divisor

print("divisor", divisor(1, 1), divisor(3, 8), divisor(126, 1))


def tell(sender, receiver) -> None:
    receiver.hear(0, 1, sender.estimate_q, sender.flow_q[0], sender.turn[0], sender.residue[0])


def pair(low_q: int, high_q: int):
    return Flows(3, (9,), low_q), Flows(9, (3,), high_q)


for low_q, high_q in ((0, 10), (10, 0), (-7, 8), (8388607, -8388607), (1, 0), (5, 5)):
    a, b = pair(low_q, high_q)
    for _ in range(120):
        a.move(0)
        tell(a, b)
        b.move(0)
        tell(b, a)
    check(abs(a.estimate_q - b.estimate_q) <= 2, "end", a.estimate_q, b.estimate_q)
    check(a.estimate_q + b.estimate_q == low_q + high_q, "sum", a.turn[0], b.turn[0])
    print("edge", a.flow_q, b.flow_q, a.residue, b.residue, a.waits, b.waits)

a, b = pair(1000, 0)
state = 7
for turn in range(300):
    state = (state * 75 + 74) % 65537
    a.move(0)
    b.move(0)
    if state & 3:
        tell(a, b)
    if state & 12:
        tell(b, a)
    if state & 48 == 0:
        tell(b, a)
    if turn == 100:
        a.set_input(-5000)
    if turn == 200:
        b = Flows(9, (3,), 0)  # a reboot: the flow comes back from the neighbour
for _ in range(20):
    tell(a, b)
    tell(b, a)
    a.move(0)
    b.move(0)
tell(a, b)
tell(b, a)
print("lossy", a.estimate_q, b.estimate_q, a.flow_q, b.flow_q, a.turn, b.turn)
check(a.estimate_q + b.estimate_q == -5000, "lossy sum")
