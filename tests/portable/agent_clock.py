# The clock goes round at 2^30: rounds keep their period, ages stay right.
# REQ-CLOCK-1 to REQ-CLOCK-4, REQ-FRAME-10.
from kit import check
from kit_agent import agent_of, counted, state_frame
from quelea_proto.fixed import ticks_diff

TOP = 1073741823
agent = agent_of()
now = TOP - 350
agent.step(now, ())
last = None
for seq in range(1, 12):
    now = agent.next_wake_ms
    if last is not None:
        check(ticks_diff(now, last) == 100, "one period", now)
    last = now
    frames = [(n, state_frame(n, seq, 50 * n)) for n in (1, 2, 9)] if seq < 5 else ()
    out = agent.step(now, frames)
    check(len(out) == 1 and 0 <= agent.next_wake_ms <= TOP, "sent", agent.value_q, agent.held)
print("live", list(agent.neighbours.live), counted(agent))
# Late by more than a period: counted, and no rounds are made up for.
agent.step((agent.next_wake_ms + 1000) & TOP, ())
print("late", agent.next_wake_ms, counted(agent))
# Half the ring later an old frame must not look young again.
agent.step(now, [(1, state_frame(1, 50, 5))])
for leap in (536870911, 536870911, 536870911, 5):
    now = (now + leap) & TOP
    agent.step(now, ())
    print("leap", list(agent.neighbours.live), agent.next_wake_ms)
print(agent.state())
# The very last seq: after it the node is silent until its next session.
agent.seq = TOP - 1
print(len(agent.step(agent.next_wake_ms, ())), agent.seq)
print(len(agent.step(agent.next_wake_ms, ())), agent.seq)
