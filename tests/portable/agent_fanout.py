# Fanout: each round to some neighbours by the node's own seeded choice; every one has its turn.
# REQ-TOPIC-5.
from kit import check
from kit_agent import agent_of, rounds

for fanout in (1, 2, 3, 4, 126):
    agent = agent_of(fanout=fanout)
    seen = {1: 0, 2: 0, 9: 0, 300: 0}
    for _ in range(40):
        rounds(agent, 1)
        dests = [dest for dest, buffer in agent.outbox.frames]
        check(len(dests) == min(fanout, 4) and len(set(dests)) == len(dests), fanout, dests)
        for dest in dests:
            seen[dest] += 1
    print([seen[number] for number in (1, 2, 9, 300)], agent.outbox.random)
    check(min(seen.values()) > 0, "all served")
