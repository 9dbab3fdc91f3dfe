# What the agent refuses: each frame is counted by its cause, and nothing else changes.
# REQ-ACCEPT-3 to REQ-ACCEPT-9.
from kit import check
from kit_agent import agent_of, counted, flow_frame, rounds, show, state_frame

agent = agent_of()
agent.sense(0, 10)
rounds(agent, 1)
first = state_frame(1, 10, 100)
agent.step(0, [(1, first)])
known = agent.state()
COUNTERS_AT = 11
for name, source, frame in (
    ("duplicate", 1, first),
    ("equivocation", 1, state_frame(1, 10, 101)),
    ("stale", 1, state_frame(1, 9, 100)),
    ("session_old", 1, state_frame(1, 99, 100, session=65535)),
    ("bad_sender", 2, state_frame(1, 11, 100)),
    ("unknown_sender", 4, state_frame(4, 11, 100)),
    ("unknown_sender", 5, state_frame(5, 11, 100)),
    ("unknown_sender", 0, state_frame(6, 11, 100)),
    ("wrong_mode", 1, flow_frame(1, 11, 100, (0, 1, 0))),
    ("bad_short", 1, b""),
    ("bad_length", 1, first[:-1]),
    ("bad_crc", 1, first[:-1] + bytes([first[-1] ^ 1])),
    ("bad_version", 1, b"\x00" * 30),
    ("bad_kind", 1, b"\x3f" * 30),
    ("bad_length", 1, b"\x21" * 2000),
):
    before = dict(counted(agent)).get(name, 0)
    agent.step(0, [(source, frame)])
    check(dict(counted(agent)).get(name, 0) == before + 1, name)
state = agent.state()
counters = range(COUNTERS_AT, COUNTERS_AT + len(agent.counters.counts))
same = [state[i] == known[i] for i in range(len(state)) if i not in counters]
check(same.count(False) == 1, "only the suspicion of the equivocator rose", same.count(False))
print("suspicion", agent.neighbours.suspicion)
# A reboot of the neighbour is taken, also round the ring, and starts its seq anew.
for session in (2, 3, 32769, 65535, 1):
    agent.step(0, [(1, state_frame(1, 1, session & 511, session=session))])
    table = agent.neighbours
    print("session", table.session[0], table.value_q[0], table.seq[0])
agent.step(0, [(1, memoryview(state_frame(1, 2, 5)))])
agent.step(0, [(1, bytearray(state_frame(1, 3, 6)))])
show(agent, ())
counts = agent.counters.counts
# Every payload raises frames_in and one of its fates: the counters up to `accepted`, in order.
check(counts[0] == sum(counts[1:15]), "each payload has one fate", counts[0])
print(counted(agent), agent.state())
