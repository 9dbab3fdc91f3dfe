# Two members hand units over and back under loss and repetition: the sum never rises, nothing is
# allocated in a round. REQ-HEADROOM-2, REQ-HEADROOM-3.
import gc

from kit import check
from quelea_agent.headroom import Headroom, Plan
from quelea_proto.fixed import part
from quelea_proto.fixed import random_next

TOP = 8388607
for whole, weight, total in ((TOP, TOP, TOP), (TOP, 1, TOP), (TOP, TOP - 1, TOP), (5, 2, 3)):
    print("part", part(whole, weight, total), part(whole, weight, total, True))


def member(node, other):
    plan = Plan(node, (other,), (0,), 100, 900, (1800,), (1800,), 300, node & 1, 7)
    return Headroom(plan)


agents = (member(4, 9), member(9, 4))
slots = [[b"", b""], [b"", b""]]
for i in (0, 1):  # counters that soon go round, the same at both ends
    agents[i]._next.given[0] = 1073741823
    agents[i]._next.taken[0] = 1073741823
    at = agents[i].enrol()
    slots[i][at] = bytes(agents[i].record)
    check(agents[i].load(slots[i][0], slots[i][1]), "enrolled", agents[i].plan.node)

state = 5
trace = 0
for turn in range(400):
    for i in (0, 1):
        state = random_next(state)
        agent = agents[i]
        at = agent.step(2000 if (turn // 20 + i) & 1 else 100)
        if at >= 0:
            slots[i][at] = bytes(agent.record)
            agent.stored(state & 3 != 3)
        row = agent.row()
        if state & 12:
            agents[1 - i].hear(agent.plan.node, row)
        if state & 16:
            agents[1 - i].hear(agent.plan.node, row)
        if state & 2016 == 0:  # power goes
            agents = (member(4, 9), agents[1]) if i == 0 else (agents[0], member(9, 4))
            check(agents[i].load(slots[i][0], slots[i][1]), "back", turn, agents[i].owned_q)
        sum_q = agents[0].cap_q + agents[1].cap_q
        if sum_q > 2000:
            print("FAIL", turn, sum_q)
        trace = (trace * 31 + agents[i].cap_q) & 65535
print("trace", trace, agents[0].owned_q, agents[1].owned_q)

if hasattr(gc, "mem_alloc"):
    giver, taker = agents
    row = bytes(taker.row())
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for turn in range(20):
        giver.hear(9, row)
        giver.step(100 + turn)
        giver.stored(True)
        giver.row()
    after = gc.mem_alloc()
    gc.enable()
    if after != before:
        print("FAIL bytes", after - before)
