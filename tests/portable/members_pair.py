# Four members of one limit with leases: one goes silent, a majority closes its account, the lowest
# takes its units over, a document lets it in again and it begins by the others' books.
from kit import check
from quelea_agent.membership import load
from quelea_proto import members_doc

BUDGET_Q = 8000
NUMBERS = (1, 2, 3, 4)


class Settings:
    fleet = "demo"
    id = "n01"


def member(own):
    others = [number for number in NUMBERS if number != own]
    plan = {
        "node": own, "numbers": others,
        "places": [own - 2 if n < own else own - 1 for n in others],
        "floor_q": 100, "initial_q": 1900, "line_in_q": [BUDGET_Q] * 3,
        "line_out_q": [BUDGET_Q] * 3, "step_q": BUDGET_Q, "settle_rounds": 1, "digest": 7,
        "limit": 0,
    }  # fmt: skip
    group = {
        "initial_q": [1900] * 3, "votes": [1] * 3, "own_vote": 1, "faults_max": 0,
        "lease_ms": 5000, "wait_ms": 8200, "majority": True, "digest": 9,
    }  # fmt: skip
    rows = [[100, 0, 6000, 1, 0, 1900]] * 4
    settings = Settings()
    settings.id = "n0" + str(own)
    part, problem = load(settings, {
        "policy": "max-min", "on_ms": 0, "off_ms": 0, "turn_epochs": 0,
        "members": [[n, "n0" + str(n)] for n in others],
        "limits": [{"plan": plan, "own": own - 1, "budget_q": BUDGET_Q, "rows": rows,
                    "members": group}],
    })  # fmt: skip
    check(problem is None, "loaded", own, problem)
    part.begin(own)
    share = part.shares[0]
    slot = share.headroom.enrol()
    stored = {slot: bytes(share.headroom.record)}
    share.headroom.load(stored.get(0, b""), stored.get(1, b""))
    return part


members = [member(own) for own in NUMBERS]
trace = 0
for turn in range(70):
    if turn == 45:
        body = bytes([2, 9, 0, 1, 0, 0, 0, 4, 100])
        for n in NUMBERS:
            body += bytes([n, 0, 1 if n == 4 else 0, 1, 100, 0, 0])
        check(all([one.document(body) for one in members]), "the document is taken")
        check(not members[0].document(body), "and is not newer any more")
    for i in range(4):
        one = members[i]
        share = one.shares[0]
        one.round(1073741823 - 30000 + 1000 * turn + 100 * i & 1073741823, 6000, 0, 0)
        if share.slot >= 0:
            share.stored(turn % 7 != 3)
        if i == 3 and 10 <= turn < 40:
            continue  # it is not heard
        for payload in (share.headroom.row(), share.members.pulse()):
            trace = (trace * 31 + sum(bytes(payload or b""))) % 65521
            for other in members:
                if other is not one and (i != 3 or turn % 5):
                    other.receive(one.topic, payload or b"")
    if turn in (5, 20, 39, 44, 69):
        held = [one.shares[0].headroom.owned_q for one in members]
        caps = [one.shares[0].headroom.cap_q for one in members]
        leased = [one.shares[0].members.leased for one in members]
        print(turn, held, caps, leased, [one.shares[0].headroom.mark for one in members])
        check(sum(caps) <= BUDGET_Q, "within the limit")
check(members_doc.unpack(body) is not None, "a document is read")
check(members_doc.unpack(body[:-1]) is None, "a shorter document is none")
print("trace", trace, members[0].figures()[-1])
