# Three members of one limit, from demands to set points, with claims that come and go: the sum of
# what they may draw stays within it, they divide it alike on every runtime, and in a round nothing
# is allocated.
import gc

from kit import check
from quelea_agent.policies.max_min_agreed import Agreed
from quelea_agent.sharing import load

BUDGET_Q = 24000


class Settings:
    fleet = "demo"
    id = "n01"


def member(own, policy):
    numbers = [number for number in (1, 2, 3) if number != own]
    plan = {
        "node": own, "numbers": numbers,
        "places": [own - 2 if n < own else own - 1 for n in numbers],
        "floor_q": 0, "initial_q": 8000, "line_in_q": [BUDGET_Q] * 2, "line_out_q": [BUDGET_Q] * 2,
        "step_q": 4000, "settle_rounds": 2, "digest": 7, "limit": 1,
    }  # fmt: skip
    other = 0 if policy == "max-min-agreed" else 1
    rows = [[0, 6000, 16000, 1000, 0, 8000], [0, 6000, 16000, 1000, other, 8000],
            [0, 0, 16000, 1, 0, 8000]]  # fmt: skip
    settings = Settings()
    settings.id = "n0" + str(own)
    sharing, problem = load(settings, {
        "policy": policy, "on_ms": 3000, "off_ms": 2000, "turn_epochs": 5,
        "members": [[n, "n0" + str(n)] for n in numbers],
        "limits": [{"plan": plan, "own": own - 1, "budget_q": BUDGET_Q, "rows": rows}],
    })  # fmt: skip
    check(problem is None, "loaded", own, policy, problem)
    share = sharing.shares[0]
    if policy == "max-min-agreed":
        share.allocation = Agreed(rows, own - 1, BUDGET_Q, 1, 2000)
    slot = share.headroom.enrol()
    stored = {slot: bytes(share.headroom.record)}
    share.headroom.load(stored.get(0, b""), stored.get(1, b""))
    return sharing


DEMANDS = ((16000, 0, 0), (16000, 16000, 16000), (0, 16000, 3000), (9999, 7000, 500))
for policy in ("max-min", "proportional", "max-min-agreed"):
    members = [member(own, policy) for own in (1, 2, 3)]
    trace = 0
    for turn in range(120):
        for i in range(3):
            one = members[i]
            demand_q = DEMANDS[turn // 20 % 4][i]
            if policy == "max-min-agreed":
                one.shares[0].allocation.agreed_q = turn * 137 % 12000 - 1
            if turn == 90:
                one.percent = 50
            point_q = one.round(1000 * turn + 100 * i, demand_q, 0, turn // 5)
            share = one.shares[0]
            if share.slot >= 0:
                share.stored(turn % 7 != 3)
            row = share.headroom.row()
            if turn % 5 or i:
                for other in members:
                    if other is not one:
                        other.receive(one.topic, row)
            trace = (trace * 31 + point_q + share.headroom.cap_q) & 65535
            caps_q = [each.shares[0].headroom.cap_q for each in members]
            if sum(caps_q) > BUDGET_Q:
                print("FAIL", turn, caps_q)
        if turn % 20 == 19:
            print(policy, turn, [each.point_q for each in members], caps_q)
    print("trace", policy, trace, members[0].figures())
print(members[0].shares[0].allocation.used, members[0].shares[0].allocation.own_q)

one = members[0]
check(not one.receive(b"quelea/1/demo/n/n02/x", b""), "no row's topic")
check(one.receive(b"quelea/1/demo/n/n09/hr", b"\x23\x01"), "a stranger's row is ignored")
check(one.receive(b"quelea/1/demo/n/n02/hr", b""), "an empty row is ignored")
print(load(Settings(), {"policy": "max-min"})[0], load(Settings(), None)[0])

if hasattr(gc, "mem_alloc"):
    row = bytes(members[1].shares[0].headroom.row())
    one.round(200000, 9000, 0, 30)
    one.shares[0].stored(True)
    before = after = 0  # names that are new would let the table of globals grow in between
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for turn in range(10):
        one.shares[0].headroom.hear(2, row)
        one.round(201000 + 1000 * turn, 9000, 0, 30 + turn)
        one.shares[0].stored(True)
        one.shares[0].headroom.row()
    after = gc.mem_alloc()
    gc.enable()
    if after != before:
        print("FAIL bytes", after - before)
