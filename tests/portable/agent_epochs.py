# Epochs: by own rounds, and by F + 1 neighbours that are further; F liars move nobody.
# REQ-EPOCH-1 to REQ-EPOCH-5.
from kit import check
from kit_agent import agent_of, counted, rounds, show, state_frame

agent = agent_of(epoch_rounds=3)
agent.sense(0, 400)
for demand_q in (400, 300, 200, 2000, -5, 100):
    agent.sense(0, demand_q)
    rounds(agent, 1)
    show(agent, ())
print(counted(agent))

agent = agent_of()
rounds(agent, 2)
for epoch in (1, 5, 32767, 32768, 65535):
    show(agent, agent.step(agent.next_wake_ms, [(1, state_frame(1, 1 + epoch, 7, epoch))]))
check(agent.epoch == 0, "one ahead is not enough", agent.epoch)
for step, epochs in enumerate(((2, 1), (5, 9), (9, 9), (40000, 40000), (65535, 65535), (0, 1))):
    seq = 70000 + step
    frames = [(2, state_frame(2, seq, 7, epochs[0])), (9, state_frame(9, seq, 8, epochs[1]))]
    show(agent, agent.step(agent.next_wake_ms, frames))
# Values of another epoch are not used.
frames = [(n, state_frame(n, 90000, 700, agent.epoch - 1)) for n in (1, 2, 9, 300)]
show(agent, agent.step(agent.next_wake_ms, frames))
check(agent.held, "held: none of this epoch")
frames = [(n, state_frame(n, 90001, 700, agent.epoch)) for n in (1, 2, 9, 300)]
show(agent, agent.step(agent.next_wake_ms, frames))
check(not agent.held, "moved")
print(counted(agent), agent.state())
