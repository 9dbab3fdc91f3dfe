# Three nodes in a row share demands for four models: what they hold, lend and say, round by round.
from quelea_agent.placing import Member
from quelea_agent.serving import Plan, Serving

SIZES = (3, 5, 2, 4)
WORK_MS = (10, 40, 5, 20)
LINK_KB = (2, 9, 1, 0)
WANTS = ((300, 0, 40, 500), (0, 250, 700, 10), (90, 800, 0, 333))
NEAR = (((1, 100),), ((0, 100), (2, 60)), ((1, 60),))


def members(own):
    order = [own] + [k for k in range(3) if k != own]
    found = []
    for k in order:
        near = [(order.index(j), kb) for j, kb in NEAR[k]]
        found.append(Member(k + 1, tuple(near)))
    return tuple(found)


nodes = []
for k in range(3):
    plan = Plan(members(k), SIZES, WORK_MS, LINK_KB, 7 + k, 600 + 200 * k, 80, 5)
    nodes.append(Serving(plan, 1))
    for m in range(4):
        nodes[k].want_ms[m] = WANTS[k][m]
for turn in range(7):
    if turn == 4:
        nodes[0].want_ms[2] = 900  # demand shifts
    for k in range(3):
        node = nodes[k]
        node.turn()
        row = bytes(node.row[: node.length])
        for other in range(3):
            if other != k and (turn + k + other) % 4:  # some are lost
                nodes[other].hear(k + 1, row)
        for slot in range(node.slots):
            length = node.ask(slot)
            if length:
                to = node.numbers[slot] - 1
                answer = nodes[to].hear(k + 1, bytes(node.lease_row[:length]))
                if answer:
                    node.hear(to + 1, bytes(nodes[to].lease_row[:answer]))
        print(turn, k, list(node.held), node.local_ms, node.taken_ms, node.given_ms)
        if sum(node.local_ms) + node.given_total_ms() > node.plan.time_ms:
            print("FAIL more than there is")
for k in range(3):
    print(nodes[k].loads, nodes[k].refused, nodes[k].ball.trials, nodes[k].ball.value())
print(nodes[0].hear(2, b"\x38" + bytes(20)), nodes[0].hear(9, b""), nodes[0].refused)
