# Two choosers and two servers: rows are told and refused, a liar is found out, a round allocates
# nothing.
import gc

from kit import check
from quelea_agent.chooser import Chooser, Plan
from quelea_agent.offload import Offload
from quelea_proto.rumour_row import pack_server, seal

CAPACITIES = (1000, 3000)


def member(node, other, demand_q):
    one = Chooser(Plan(node, (other,), CAPACITIES, (0, 1), demand_q, 7), 1)
    one.use("patient", True, True, True)
    return one


agents = (member(4, 9, 600), member(9, 4, 700))
servers = (Offload(1000, 2000), Offload(3000, 2000))
used = [agents[0].server, agents[1].server]


def turn():
    for server in servers:
        server.tick()
    for i in (0, 1):
        agent = agents[i]
        if agent.choose() != used[i]:
            servers[used[i]].release(agent.plan.node)
            used[i] = agent.server
        server = servers[agent.server]
        granted_q = server.ask(agent.plan.node, agent.demand_q, agent.lease.held_q)
        agent.answered(server.asked_q, granted_q)
    for i in (0, 1):
        if agents[i].speak() >= 0 and agents[1 - i].hear(agents[i].plan.node, agents[i].row):
            agents[i].hear(agents[1 - i].plan.node, agents[1 - i].row)


for now in range(30):
    turn()
    print(now, used, [a.held_q() for a in agents], [a.seq for a in agents], agents[0].draws.next())
check(used[0] != used[1] or used[0] == 1, "nobody is left on an overfull server")

first, second = agents
check(not second.hear(4, bytes(first.row)) and second.refused == 1, "a row heard twice is refused")
check(not second.hear(5, bytes(first.row)) and second.refused == 2, "a stranger is refused")
damaged = bytearray(first.row)
damaged[12] ^= 1
check(not second.hear(4, damaged) and second.refused == 3, "a damaged row is refused")
for _ in range(2):
    first._pack(False)
    pack_server(first.row, second.server, 2900, 0)
    seal(first.row)
    second.hear(4, first.row)
check(not second.rumours.trusts(0), "who is wrong about what is seen is not believed")
for _ in range(40):
    turn()
check(second.rumours.trusts(0), "and is believed again after telling the truth for a while")

if hasattr(gc, "mem_alloc"):
    for _ in range(20):
        turn()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(20):
        turn()
    after = gc.mem_alloc()
    gc.enable()
    if after != before:
        print("FAIL bytes", after - before)
