# A policy on every runtime: features, scores and the servers drawn over a course of loads and
# rumours, and files that are refused.
from kit import check

try:
    from quelea_agent.choice.policy import FEATURES, loaded
    from quelea_agent.chooser import Chooser, Plan
    from quelea_agent.dense import dump
    from quelea_proto.draws import Draws
except ImportError as error:
    print("SKIP", error)
    raise SystemExit from None

CAPACITIES = (900, 4000, 30000, 8000000)
draws = Draws(8, 8)


def network(inputs, shift):
    first = [draws.below(256) - 128 for _ in range(inputs * 6)]
    second = [draws.below(256) - 128 for _ in range(6)]
    biases = [draws.below(30000) - 15000 for _ in range(6)]
    return dump([(inputs, 6, 9, biases, first), (6, 1, shift, [-7], second)])


for shift in (4, 11, 14):
    file = network(FEATURES, shift)
    me = Chooser(Plan(3, (1, 2), CAPACITIES, (0, 1, 2, 3), 500, 8), 1)
    me.memory = file
    check(me.use("policy", True, True, True), "the rule is here")
    rule = me._rule
    check(rule.problem is None, len(file), file[:8], "is taken")
    picked = [0] * 4
    bytes_only = True
    for now in range(120):
        me.demand_q = 1 + draws.below(1 << 4 + now % 18)
        me.choose()
        picked[me.at] += 1
        me.answered(draws.below(2 * CAPACITIES[me.server]), 1)
        server = draws.below(4)
        if server != me.server and now % 3:
            me.rumours.see(server, draws.below(2 * CAPACITIES[server]), 0)
        bytes_only = bytes_only and max(rule.values) <= 255 and min(rule.values) >= 0
        if now % 12 == 0:
            print(now, me.at, list(rule.values), rule.scores, rule.rest, rule.moves, me.draws.a)
    check(bytes_only, shift, picked)
for bad in (b"", file[:-1], network(FEATURES + 1, 9), network(FEATURES, 3), b"x" + file[1:]):
    check(loaded(bad)[0] is None, loaded(bad)[1])
    me.memory = bad
    me.use("policy", True, True, True)
    me.answered(7000, 1)
    print(me.choose(), me._rule.problem)
