# Exact mode: three nodes in a triangle, one lossy edge; the sum is kept to the unit.
# REQ-FLOW-1, REQ-FLOW-6.
from kit import check
from kit_agent import agent_of, counted, flow_frame, show
from quelea_proto.frames import Frame, unpack

ROWS = ([[2, "b", 0], [3, "c", 0]], [[1, "a", 0], [3, "c", 1]], [[1, "a", 1], [2, "b", 1]])
agents = [
    agent_of(mode="exact", id="abc"[i], node=i + 1, neighbours=ROWS[i], faults_max=0, lo_q=-1000)
    for i in range(3)
]
INPUTS = (900, -300, 1)
for agent, demand_q in zip(agents, INPUTS):
    agent.sense(0, demand_q)
    agent.step(0, ())
state = 3
for turn in range(150):
    if turn == 60:
        agents[1].sense(0, 700)
    for agent in agents:
        out = [(dest, bytes(buffer)) for dest, buffer in agent.step(agent.next_wake_ms, ())]
        check(len(out) == 1, "sent", agent.value_q)
        for other in agents:
            state = (state * 75 + 74) % 65537
            if other is not agent and state % 10 > 2:
                # Earlier than its round: frames are taken in, no round is done.
                early_ms = (other.next_wake_ms - 50) & 1073741823
                other.step(early_ms, [(agent.settings.node, out[0][1])])
values = [agent.value_q for agent in agents]
print("values", values, [agent.flows.flow_q for agent in agents])
check(max(values) - min(values) <= 2, "spread", max(values) - min(values))
check(abs(sum(values) - 1601) <= 2, "sum", sum(values))
for agent in agents:
    show(agent, ())
    print(counted(agent), agent.state())
# A frame too short to name this node is counted as taken, and moves no flow.
agent = agents[0]
before = list(agent.flows.flow_q)
agent.step(0, [(2, flow_frame(2, 100000, 5, (9, 3, 0)))])
print("flows", agent.flows.flow_q, before)
frame = unpack(flow_frame(2, 1, 5, (-9, 3, -1)), Frame())
print("edge", frame.flow_at(1), frame.turn_at(1), frame.residue_at(1))
