"""The headroom record under power cuts, rows under damage, and what a node without either does."""

import random

import pytest
from quelea.headroom import audit
from quelea.headroom.plan import node_plan, validate
from quelea_agent.headroom import Headroom, Plan
from quelea_agent.ledger import record_bytes
from quelea_proto import headroom_row
from quelea_proto.fixed import part
from quelea_proto.limits import HEADROOM_Q_MAX, PEERS_MAX

GROUP = validate(
    {
        "limit_q": 4000,
        "safety_percent": 100,
        "members": [{"node": n, "floor_q": 100, "initial_q": 900} for n in (3, 5, 8)],
    }
)
BLANK = [b"", b""]


def node(number, slots=None):
    """Return (agent, its two slots); slots None: a new member."""
    agent = Headroom(Plan(**node_plan(GROUP, number)))
    if slots is None:
        slots = list(BLANK)
        slot = agent.enrol()
        slots[slot] = bytes(agent.record)
    assert agent.load(*slots)
    return agent, slots


def store(agent, slots, slot):
    if slot >= 0:
        slots[slot] = bytes(agent.record)
        agent.stored(True)


def transfer():
    """Return giver, its slots, the slot its debit goes to, and receiver with its slots."""
    giver, kept = node(3)
    taker, theirs = node(5)
    giver.step(100)
    taker.hear(3, bytes(giver.row()))
    store(taker, theirs, taker.step(1500))
    giver.hear(5, bytes(taker.row()))
    slot = giver.step(100)
    assert slot >= 0
    return giver, kept, slot, taker, theirs


def cuts(old, new):
    """Yield what a write of new over old leaves, cut before each byte: old bytes or erased."""
    for at in range(len(new) + 1):
        yield at, new[:at] + old[at:] if len(old) == len(new) else new[:at]
        yield at, new[:at] + b"\xff" * (len(new) - at)
        yield at, new[:at] + b"\0" * (len(new) - at)


def test_a_cut_at_any_byte_of_the_debit_leaves_the_old_or_the_new_record():
    """REQ-HEADROOM-3: exhaustively, over each thing that flash may hold behind the cut."""
    giver, kept, slot, _, _ = transfer()
    new = bytes(giver.record)
    seen = set()
    for at, left in cuts(kept[slot], new):
        slots = list(kept)
        slots[slot] = left
        again, _ = node(3, slots)
        assert again.owned_q in (900, 400), at
        assert (again.owned_q == 400) == (left == new), at
        assert again.cap_q == 100  # boots to its floor
        seen.add(again.owned_q)
    assert seen == {900, 400}


def test_a_cut_at_any_byte_of_the_credit_credits_once():
    """REQ-HEADROOM-2, REQ-HEADROOM-3: the row is heard again, and counts once."""
    giver, kept, slot, taker, theirs = transfer()
    store(giver, kept, slot)
    row = bytes(giver.row())
    taker.hear(3, row)
    slot = taker.step(1500)
    assert taker.cap_q == 1000, "not before it is stored"
    new = bytes(taker.record)
    for at, left in cuts(theirs[slot], new):
        slots = list(theirs)
        slots[slot] = left
        again, _ = node(5, slots)
        for _ in range(3):
            again.hear(3, row)
            store(again, slots, again.step(1500))
        assert again.owned_q == 1400, at
        assert node(5, slots)[0].owned_q == 1400


def test_one_slot_overwritten_twice_by_torn_writes_keeps_the_other():
    giver, kept, slot, _, _ = transfer()
    for at in (1, 20, len(giver.record) - 1):
        kept[slot] = bytes(giver.record[:at])
        giver, kept = node(3, kept)
        assert giver.owned_q == 900


def test_without_a_record_a_node_stays_at_its_floor_and_says_nothing():
    """REQ-HEADROOM-4."""
    blank = Headroom(Plan(**node_plan(GROUP, 3)))
    _, slots = node(5)
    other = GROUP.digest ^ 1
    assert not blank.load(*BLANK)
    assert not blank.load(*slots), "the record of another node"
    _, own = node(3)
    foreign = Headroom(Plan(**{**node_plan(GROUP, 3), "digest": other}))
    assert not foreign.load(*own), "the record of another configuration"
    assert blank.step(4000) == -1 and blank.row() is None and blank.cap_q == 100
    assert not blank.hear(5, bytes(node(5)[0].row()))


def test_any_bit_of_a_record_that_turns_refuses_it():
    giver, kept, slot, _, _ = transfer()
    store(giver, kept, slot)
    for bit in range(8 * len(kept[slot])):
        turned = bytearray(kept[slot])
        turned[bit >> 3] ^= 1 << (bit & 7)
        again, _ = node(3, [bytes(turned) if at == slot else kept[at] for at in (0, 1)])
        assert again.owned_q == 900, bit


def test_the_cap_falls_before_the_gift_and_rises_by_steps():
    """REQ-HEADROOM-5: settle_rounds between the fall and the record; step_q a round up."""
    plan = {**node_plan(GROUP, 3), "settle_rounds": 3, "step_q": 50}
    giver = Headroom(Plan(**plan))
    slots = [b"", b""]
    slot = giver.enrol()
    slots[slot] = bytes(giver.record)
    giver.load(*slots)
    caps = []
    for _ in range(20):
        giver.step(1000)
        caps.append(giver.cap_q)
    assert caps[:3] == [150, 200, 250] and caps[-1] == 1000
    taker, theirs = node(5)
    giver.step(100)
    taker.hear(3, bytes(giver.row()))
    store(taker, theirs, taker.step(1500))
    giver.hear(5, bytes(taker.row()))
    waits = 0
    while giver.step(100) < 0:  # the cap fell a round before the promise
        waits += 1
        assert giver.cap_q == 100
    assert waits == 2 and giver.cap_q == 100 and giver.owned_q == 900


def test_units_that_were_not_allowed_lately_go_at_once():
    """REQ-HEADROOM-5: nothing has to settle where the cap has been below for settle_rounds."""
    plan = {**node_plan(GROUP, 3), "settle_rounds": 3, "step_q": 50}
    for rounds, waited in ((1, 2), (2, 1), (3, 0), (9, 0)):
        giver = Headroom(Plan(**plan))
        slots = [b"", b""]
        slot = giver.enrol()
        slots[slot] = bytes(giver.record)
        giver.load(*slots)
        for _ in range(rounds):
            giver.step(100)
        taker, theirs = node(5)
        taker.hear(3, bytes(giver.row()))
        store(taker, theirs, taker.step(1500))
        giver.hear(5, bytes(taker.row()))
        waits = 0
        while giver.step(100) < 0:
            waits += 1
        assert waits == waited, rounds


def test_rows_come_back_and_damage_is_refused():
    """REQ-HEADROOM-6: the agent's codec against the one of the audit."""
    giver, kept, slot, taker, _ = transfer()
    store(giver, kept, slot)
    data = bytes(giver.row())
    said = audit.parse(data)
    assert said is not None and len(data) == headroom_row.row_bytes(2) == 42
    assert (said.node, said.entry, said.cap_q, said.spare_q) == (3, 2, 100, 400)
    assert (said.limit, said.claim_q) == (0, 0)
    assert said.given == (500, 0) and said.taken == (0, 0) and said.ask_q == (0, 0)
    row = headroom_row.Row()
    assert headroom_row.unpack(data, row)
    for kind in (bytes, bytearray, memoryview):
        assert headroom_row.unpack(kind(data), row)
    for bit in range(8 * len(data)):
        turned = bytearray(data)
        turned[bit >> 3] ^= 1 << (bit & 7)
        assert not headroom_row.unpack(turned, row) and not taker.hear(3, turned), bit
        assert audit.parse(bytes(turned)) is None
    for length in range(len(data)):
        assert not headroom_row.unpack(data[:length], row), length
    assert not taker.hear(8, data), "the row of another node"
    assert taker.hear(3, data)
    assert headroom_row.row_bytes(PEERS_MAX) <= 1024


@pytest.mark.parametrize("top", [1, 7, 1000, HEADROOM_Q_MAX])
def test_part_is_the_floor_of_the_exact_quotient(top, seed):
    rng = random.Random(seed)
    for _ in range(2000):
        total = rng.randrange(1, top + 1)
        whole, weight = rng.randrange(top + 1), rng.randrange(total + 1)
        assert part(whole, weight, total) == whole * weight // total
        assert part(whole, weight, total, True) == -(-whole * weight // total)


def test_the_audit_sees_what_is_wrong():
    """Of each of its sentences one example."""
    giver, kept, slot, taker, theirs = transfer()
    parts = {
        one.node: audit.Part(node_plan(GROUP, one.node)["numbers"], 100, 900)
        for one in GROUP.members
    }
    before, early = bytes(giver.row()), bytes(taker.row())
    store(giver, kept, slot)
    after = bytes(giver.row())
    taker.hear(3, after)
    store(taker, theirs, taker.step(1500))
    late = bytes(taker.row())
    good = [(0, 3, before), (1, 5, early), (2, 3, after), (3, 5, late)]
    assert audit.check(good, parts, 4000) == []
    assert "went back" in audit.check([*good, (4, 3, before)], parts, 4000)[0]
    assert "were not given" in audit.check([*good[:2], (2, 5, late)], parts, 4000)[0]
    assert "is the bound" in audit.check(good, parts, 1500)[0]
    assert "not a row" in audit.check([(0, 3, after[:-1])], parts, 4000)[0]
    small = {**parts, 3: audit.Part(parts[3].others, 50, 400)}
    assert "owns -100" in audit.check([(0, 3, after)], small, 4000)[0]
    assert "above floor" in audit.check([(0, 3, after)], small, 4000)[1]
    assert record_bytes(2) == len(kept[0]) == 40
