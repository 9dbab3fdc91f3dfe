# A steady round allocates nothing: 126 neighbours at the format's edges, the collector off.
# REQ-NUM-4: with 31-bit small integers this also proves that no integer grows past them.
import gc

from kit_agent import agent_of, flow_frame, state_frame

if not hasattr(gc, "mem_alloc"):
    print("SKIP this interpreter does not count its heap")
    raise SystemExit
TOP = 8388607
WIDE = 268435455
ROUNDS = 10


def grown(agent, frames) -> int:
    """Return the bytes that ROUNDS rounds leave on the heap, after two to warm up."""
    half = len(frames) // 2
    agent.step(agent.next_wake_ms, frames[:half])
    agent.step(agent.next_wake_ms, frames[half:])
    none = ()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for turn in range(ROUNDS):
        agent.sense(0, turn)
        agent.step(agent.next_wake_ms, none if turn & 1 else frames)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


total = 0
many = [[100 + i, "n" + str(i), i] for i in range(126)]
RULES = ("mean", "trimmed-mean", "wmsr", "midpoint", "median", "trim-and-clip", "clipped-wmsr")
for rule in RULES:
    for sign in (1, -1, 0, 2):
        quiet = 3 if sign == 2 else 0  # a cadence
        agent = agent_of(rule=rule, neighbours=many, faults_max=20, fresh_rounds=100,
                         lo_q=-TOP, hi_q=TOP, quiet_rounds_max=quiet, dead_band_q=TOP)  # fmt: skip
        frames = []
        for i in range(126):
            value_q = TOP * (sign if sign in (1, -1) else (1 if i & 1 else -1))
            frames.append((100 + i, state_frame(100 + i, 1073741822, value_q)))
        size = grown(agent, frames)
        if size:
            print("FAIL", rule, sign, size)
        total += size
for edge in ((0, 0, 0), (WIDE, 1, 127), (-WIDE, 2, -127), (5, 6, 1)):
    for value_q in (WIDE, -WIDE, 3, 4):
        agent = agent_of(mode="exact", fanout=3, quiet_rounds_max=3 if value_q == 4 else 0)
        frames = []
        for seq in range(1073741820, 1073741823):
            frames += [(n, flow_frame(n, seq, value_q, edge)) for n in (1, 2, 9)]
        size = grown(agent, frames)
        if size:
            print("FAIL flow", edge, value_q, size)
        total += size
print("bytes", total)
