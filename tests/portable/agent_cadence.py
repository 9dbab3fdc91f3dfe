# Cadence: who has no news is silent for longer and longer, changes nothing meanwhile, and speaks
# at once when there is news. REQ-CADENCE-1 to REQ-CADENCE-6.
from kit import check
from kit_agent import agent_of, flow_frame, show, state_frame


def live(agent, count: int, frames: tuple = ()) -> list:
    """Do `count` rounds, the frames coming before the first; return which of them are spoken."""
    spoken = []
    for turn in range(count):
        before = (agent.value_q, agent.input_q, agent.seq)
        out = agent.step(agent.next_wake_ms, frames if turn == 0 else ())
        if not out and before != (agent.value_q, agent.input_q, agent.seq):
            check(False, "silent, and moved", before)
        spoken.append(1 if out else 0)
    return spoken


def said(seq: int, value_q: int, epoch: int = 0, nodes: tuple = (1, 2, 9, 300)) -> tuple:
    """Return frames of neighbours that say the same."""
    return tuple([(node, state_frame(node, seq, value_q, epoch)) for node in nodes])


agent = agent_of(quiet_rounds_max=8, dead_band_q=10, hi_q=64000, epoch_rounds=12)
agent.sense(0, 400)
print("start", live(agent, 3), agent.mode.pace.state())
print("near", live(agent, 40, said(1, 405)), agent.mode.pace.state())
print("old", live(agent, 20), agent.held, agent.neighbours.live)
print("far", live(agent, 12, said(2, 900)), agent.mode.pace.state())
# News from the sensor: an epoch begins, since the last one has lasted long enough.
show(agent, ())
agent.sense(0, 405)
print("small", live(agent, 4, said(20, agent.value_q)), agent.epoch)
agent.sense(0, 500)
print("large", live(agent, 4), agent.epoch)
agent.sense(0, 300)
print("soon", live(agent, 4), agent.epoch)
print("later", live(agent, 20, said(21, 450, 1)), agent.epoch)
# A neighbour that is further is news enough; without any an epoch ends at last.
print("ahead", live(agent, 20, said(22, 450, agent.epoch + 1, (2,))), agent.epoch)
spoken = []
for seq in range(23, 53):
    spoken += live(agent, 4, said(seq, agent.value_q, agent.epoch))
print("long", sum(spoken), agent.epoch)
# A new life of a neighbour is greeted.
print("boot", live(agent, 6, ((1, state_frame(1, 1, 300, 0, 2)),)), agent.neighbours.boots)
show(agent, ())

agent = agent_of(mode="exact", quiet_rounds_max=8, dead_band_q=10, hi_q=64000)
agent.sense(0, 400)
print("exact", live(agent, 30), agent.mode.pace.state())
frames = [(n, flow_frame(n, 1, 395, (0, 0, 0))) for n in (1, 2)]
print("near", live(agent, 20, tuple(frames)), agent.value_q)
frames = [(n, flow_frame(n, 2, 300, (0, 1, 0))) for n in (1, 2)]
print("far", live(agent, 4, tuple(frames)), agent.value_q, agent.state())
agent.sense(0, 409)
print("small", live(agent, 12), agent.input_q)
agent.sense(0, 600)
print("large", live(agent, 4), agent.input_q, agent.mode.pace.state())

# One liar, however far and often it goes, is nobody's news.
agent = agent_of(quiet_rounds_max=8, dead_band_q=10, hi_q=64000)
agent.sense(0, 400)
live(agent, 16, said(1, 400))
spoken = []
for seq in range(2, 34):
    agent.step(agent.next_wake_ms - 1, said(seq, 400, 0, (1, 2, 300)))
    spoken += live(agent, 1, ((9, state_frame(9, seq, 64000 * (seq & 1))),))
check(sum(spoken) == 4 and not agent.held, "liar", spoken)
spoken = []
for seq in range(2, 34):
    spoken += live(agent, 1, ((9, state_frame(9, seq + 40, 0, seq)),))
check(sum(spoken) < 8, "liar elsewhere", spoken, agent.epoch)

# The longest silence, and volatility of a moving demand.
agent = agent_of(quiet_rounds_max=48, dead_band_q=1000, hi_q=64000)
spoken = live(agent, 200)
check(spoken[-97:].count(1) in (2, 3), "the longest silence", spoken)
for demand_q in range(0, 8000, 250):
    agent.sense(0, demand_q)
    spoken += live(agent, 1)
print("drift", spoken[200:], agent.mode.pace.state())
agent.mode.pace.alert(3)
print("alert", live(agent, 8), agent.mode.pace.interval_rounds())
