# With fewer than 2F + 1 fresh values the value does not move, and the frame says so.
# REQ-RULE-7, REQ-CLOCK-2.
from kit import check
from kit_agent import agent_of, counted, show, state_frame

agent = agent_of()
agent.sense(0, 500)
agent.step(0, ())
print("wake", agent.next_wake_ms)
show(agent, agent.step(agent.next_wake_ms, ()))
for seq in range(1, 9):
    frames = [(1, state_frame(1, seq, 100)), (2, state_frame(2, seq, 900))]
    if seq == 4:
        frames.append((9, state_frame(9, seq, 600)))
    held_before = agent.value_q
    show(agent, agent.step(agent.next_wake_ms, frames))
    if agent.held:
        check(agent.value_q == held_before, "did not move", seq)
# Neighbour 9 goes quiet: fresh for 4 rounds of 100 ms, then not.
check(not agent.step(agent.next_wake_ms - 1, ()), "nothing before it is due")
print(counted(agent), agent.state())
