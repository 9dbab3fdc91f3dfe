"""Allocation on the board against exact fractions, and what must hold of every division.

REQ-HEADROOM-8.
"""

import random

import pytest
from quelea.headroom import shares
from quelea.headroom.group import Load
from quelea_agent.allocation import Allocation, value_q
from quelea_agent.load import Load as Charger
from quelea_agent.policies import POLICIES, find, level_q
from quelea_agent.policies.max_min_agreed import Agreed

TOP = (1 << 23) - 1
CASES = 300


def drawn(rng):
    """Return (lows, highs, budget) with the lows within the budget."""
    count = rng.randrange(1, 12)
    top = rng.choice((5, 100, 10_000, TOP))
    low = [rng.choice((0, 0, rng.randrange(top + 1) // count)) for _ in range(count)]
    high = [max(floor, rng.choice((0, top, rng.randrange(top + 1)))) for floor in low]
    return low, high, rng.randrange(sum(low), TOP + 1 if sum(low) < TOP else sum(low) + 1)


def test_max_min_is_the_exact_level(seed):
    rng = random.Random(seed)
    for _ in range(CASES):
        low, high, budget = drawn(rng)
        out = [0] * len(low)
        find("max-min")(low, high, budget, 0, out)
        exact = shares.poured(low, high, budget)
        for got, share in zip(out, exact, strict=True):
            assert got in (int(share), min(int(share), TOP)), (low, high, budget)
        assert sum(out) <= budget
        assert sum(exact) == min(budget, sum(high))


def test_the_level_is_the_highest_that_fits(seed):
    rng = random.Random(seed)
    for _ in range(CASES):
        low, high, budget = drawn(rng)
        level = level_q(low, high, budget)
        for more, fits in ((0, True), (1, False)):
            total = sum(min(h, max(lo, level + more)) for lo, h in zip(low, high, strict=True))
            assert (total <= budget) is fits or level == TOP


def test_proportional_is_the_exact_part(seed):
    rng = random.Random(seed)
    for _ in range(CASES):
        low, high, budget = drawn(rng)
        total = rng.choice((0, 0, sum(high) // 2, budget))
        out = [0] * len(low)
        find("proportional")(low, high, budget, total, out)
        assert sum(out) <= budget
        assert all(lo <= got <= h for lo, got, h in zip(low, out, high, strict=True))
        exact = shares.proportional(low, high, budget, total)
        for got, share in zip(out, exact, strict=True):
            # rounding down fixes a member at its low up to a unit early, which moves the others
            # by its unit's part; the level of belief is whole
            assert abs(got - share) <= 2 * len(low), (low, high, budget, total, out, exact)


def test_a_false_claim_takes_no_more_than_its_level():
    """Proportional: by the word alone a liar has it all; by the consensus it has a part."""
    high = [1000, 1000, 1000, 1_000_000]
    out = [0] * 4
    find("proportional")([0] * 4, high, 3000, 0, out)
    assert out[0] < 10, "everybody's word"
    find("proportional")([0] * 4, high, 3000, 4000, out)
    assert out == [750, 750, 750, 750]
    find("max-min")([0] * 4, high, 3000, 0, out)
    assert out == [750, 750, 750, 750]


def test_a_liars_claim_moves_the_level_between_two_honest_ones_and_no_total_moves_it(seed):
    """Whatever it claims, the honest get no less than if it claimed all, and lose together no more
    than what one of them in need gets. A total that the consensus holds possible, at least the
    limit, changes none of it: claims are cut above the level."""
    rng = random.Random(seed)
    for _ in range(CASES):
        count = rng.randrange(2, 12)
        top = rng.choice((100, 10_000, TOP))
        low = [0] * count
        high = [rng.randrange(1, top + 1) for _ in range(count)]
        budget = rng.randrange(1, sum(high) + 1)
        claims = [[*high[:-1], claim] for claim in (0, high[-1], TOP)]
        none, some, all_of_it = [shares.poured(low, one, budget) for one in claims]
        for i in range(count - 1):
            assert all_of_it[i] <= some[i] <= none[i]
        lost = sum(none[:-1]) - sum(all_of_it[:-1])
        assert lost <= all_of_it[-1]
        assert lost == 0 or all_of_it[-1] <= max(all_of_it[:-1])
        total = rng.randrange(budget, sum(high) + 1)
        believed = shares.poured(low, high, total)
        assert shares.poured(low, believed, budget) == shares.poured(low, high, budget)
        out = [0] * count
        find("max-min")(low, [int(one) for one in believed], budget, 0, out)
        for got, share in zip(out, some, strict=True):
            assert got in (int(share), int(share) - 1)


def told(rng, count):
    """Return rows of `count` loads that take any amount, claims of theirs, and a budget."""
    top = rng.choice((5, 100, 10_000, TOP))
    rows = []
    for _ in range(count):
        floor = rng.choice((0, 0, rng.randrange(top + 1) // count))
        rows.append((floor, 0, max(floor, 1, rng.randrange(top + 1)), 1, 0, 0))
    claims = [rng.choice((0, row[2], rng.randrange(row[2] + 1))) for row in rows]
    floors = sum(row[0] for row in rows)
    return rows, claims, rng.randrange(floors, min(TOP, max(sum(claims), floors) * 2) + 1)


def test_the_agreed_level_counts_where_f_false_claims_allow_it(seed):
    """REQ-HEADROOM-11: against every choice of F others; else it is max-min, to the last unit."""
    rng = random.Random(seed)
    taken = 0
    for _ in range(CASES):
        count = rng.randrange(2, 7)
        rows, claims, budget = told(rng, count)
        own, faults_max = rng.randrange(count), rng.randrange(4)
        room = rng.choice((0, rng.randrange(budget + 1)))
        here = rng.randrange(sum(row[0] for row in rows), budget + 1)
        allocation = Agreed(rows, own, budget, faults_max, room)
        plain = Allocation(rows, budget, "max-min")
        for one in (allocation, plain):
            one.update(claims, [-1] * count, here, 0, 0)
        assert allocation.share_q == plain.share_q, "no level is agreed yet"
        near = rng.randrange(max(1, allocation.own_q // 2), 2 * allocation.own_q + 2)
        settled = min(rng.choice((allocation.own_q, near, rng.randrange(TOP))), TOP)
        allocation.agreed_q = settled
        allocation.update(claims, [-1] * count, here, 0, 0)
        asked = [
            (row[0], max(row[0], min(claim, row[2])) if claim else row[0], row[2])
            for row, claim in zip(rows, claims, strict=True)
        ]
        lows, highs = [row[0] for row in asked], [row[1] for row in asked]
        level = shares.level_of(lows, highs, here)
        assert allocation.own_q == (TOP if level is None else int(level))
        heard = shares.Heard(asked, own, here, budget, room, faults_max)
        exact = shares.agreed(heard, settled)
        if allocation.used:
            assert allocation.share_q == exact, (asked, own, here, room, faults_max, settled)
            taken += settled != allocation.own_q
        else:
            assert exact == shares.poured(lows, highs, here), "it could have been possible"
            assert allocation.share_q == plain.share_q
    assert CASES // 20 < taken < CASES, "both ways were taken"


def test_what_one_honest_member_reckons_is_possible_for_every_other(seed):
    """So a level from within the honest hull is never refused while claims rest: F liars may
    have told everybody something else, of what they want and of what they hold."""
    rng = random.Random(seed)
    apart = 0
    for _ in range(CASES):
        count = rng.randrange(3, 8)
        rows, claims, budget = told(rng, count)
        liars = rng.sample(range(count), rng.randrange(1, min(3, count - 1) + 1))
        room = rng.randrange(budget + 1)
        base = rng.randrange(sum(row[0] for row in rows), budget + 1)
        heard = []
        for own in range(count):
            if own in liars:
                continue
            one = Agreed(rows, own, budget, len(liars), room)
            mine = [
                rng.choice((0, row[2], rng.randrange(row[2] + 1))) if i in liars else claims[i]
                for i, row in enumerate(rows)
            ]
            there = min(budget, base + sum(rng.randrange(room + 1) for _ in liars))
            one.update(mine, [-1] * count, there, 0, 0)
            heard.append((one, there))
        levels = [one.own_q for one, _ in heard]
        apart += min(levels) != max(levels)
        for one, there in heard:
            for level in (*levels, (min(levels) + max(levels)) // 2):
                assert one.is_possible(level, there)
    assert apart > CASES // 4


def test_without_liars_a_consensus_of_any_level_changes_nothing(seed):
    rng = random.Random(seed)
    for _ in range(CASES):
        rows, claims, budget = told(rng, 5)
        allocation, plain = Agreed(rows, 2, budget, 0, 0), Allocation(rows, budget, "max-min")
        for one in (allocation, plain, allocation):
            one.update(claims, [-1] * 5, budget, 0, 0)
            allocation.agreed_q = rng.choice((allocation.own_q, rng.randrange(TOP)))
        assert allocation.share_q == plain.share_q


def group(rng):
    """Return rows of random loads and a budget above their floors."""
    rows = []
    for _ in range(rng.randrange(2, 10)):
        least, unit = rng.choice(((0, 1), (6000, 1000), (2000, 1), (1500, 500)))
        most = least + unit * rng.randrange(0 if least else 1, 20)
        rows.append((rng.choice((0, 0, least)), least, most, unit, rng.choice((0, 0, 1, 3)), 0))
    return tuple(rows), sum(row[0] for row in rows) + rng.randrange(30_000)


@pytest.mark.parametrize("policy", [row[0] for row in POLICIES])
def test_what_holds_of_every_division(policy, seed):
    """Within the budget; in own values; floors and highest first; nothing of use is left over."""
    rng = random.Random(seed)
    for _ in range(CASES):
        rows, budget = group(rng)
        held = [-1] * len(rows)
        if rng.random() < 0.3:
            held[0] = rows[0][0]
        claims = [rng.choice((0, row[2], rng.randrange(row[2] + 1))) for row in rows]
        allocation = Allocation(rows, budget, policy)
        allocation.update(claims, held, budget, 0, rng.randrange(5))
        share = allocation.share_q
        assert sum(share) <= budget, (rows, claims)
        left = budget - sum(share)
        for i, row in enumerate(rows):
            if held[i] >= 0:
                assert share[i] == held[i]
                continue
            assert share[i] >= row[0] or share[i] == value_q(row, share[i])
            wanted = max(value_q(row, max(claims[i], row[1])), row[0]) if claims[i] else row[0]
            assert share[i] <= wanted
            if claims[i] and share[i] <= row[0] < row[1]:
                assert row[1] - row[0] > left, "it could have had its least amount"
            elif share[i] + row[3] <= wanted and share[i] >= row[1]:
                assert row[3] > left, "it could have had a unit more"


def test_the_higher_priority_comes_first_and_turns_go_round():
    rows = tuple((0, 1000, 1000, 1, 1 if i == 2 else 0, 0) for i in range(6))
    allocation = Allocation(rows, 3000, "max-min")
    had = [0] * 6
    for turn in range(6):
        allocation.update([1000] * 6, [-1] * 6, 3000, 0, turn)
        assert sum(allocation.share_q) == 3000
        for i in range(6):
            had[i] += allocation.share_q[i] > 0
    assert had[2] == 6, "never without"
    assert sorted(had) == [2, 2, 2, 3, 3, 6]


def test_what_is_not_drawn_goes_to_the_others():
    rows = tuple((0, 0, 10_000, 1, 0, 0) for _ in range(4))
    allocation = Allocation(rows, 8000, "max-min")
    allocation.update([10_000] * 4, [-1] * 4, 8000, 0, 0)
    assert allocation.share_q == [2000] * 4
    allocation.update([10_000, 500, 0, 10_000], [-1] * 4, 8000, 0, 0)
    assert allocation.share_q == [3750, 500, 0, 3750]
    allocation.update([10_000] * 4, [-1, -1, 2600, -1], 8000, 0, 0)
    assert allocation.share_q == [1800, 1800, 2600, 1800], "a silent one may still hold that"


def test_a_load_keeps_its_times_on_and_off_across_the_ring_of_ticks():
    own = Charger((0, 6000, 16_000, 1000, 0, 0), 4000, 3000)
    now = (1 << 30) - 2000

    def at(after_ms):
        return (now + after_ms) % (1 << 30)

    assert own.claim_q(at(0), 9000) == 0, "off since the start"
    assert own.claim_q(at(2999), 9000) == 0
    assert own.claim_q(at(3000), 9500) == 9000
    assert own.claim_q(at(3000), 1) == 6000, "any demand is one for the least amount"
    assert own.set(at(3000), 20_000, 9000) == 9000
    assert own.claim_q(at(4000), 0) == own.kept_q() == 6000, "it stays on"
    assert own.claim_q(at(7000), 0) == own.kept_q() == 0
    assert own.set(at(7000), 5999, 9000) == 0, "no value is within the cap"
    assert own.claim_q(at(9999), 9000) == 0
    assert own.claim_q(at(10_000), 9000) == 9000


def test_usable_is_what_subsets_of_the_loads_reach(seed):
    rng = random.Random(seed)
    for _ in range(60):
        loads = [
            Load(node, 0, least, least + 1000 * rng.randrange(3), 1000)
            for node in range(1, 5)
            for least in [rng.choice((1000, 2000, 6000))]
        ]
        claims = {load.node: rng.choice((0, load.most_q)) for load in loads}
        budget = rng.randrange(12_000)
        best = 0
        for picks in range(4**4):
            steps = [picks >> 2 * i & 3 for i in range(4)]
            parts = [
                load.least_q + 1000 * (step - 1) if step else 0
                for step, load in zip(steps, loads, strict=True)
            ]
            good = all(part <= claims[load.node] for part, load in zip(parts, loads, strict=True))
            if good and sum(parts) <= budget:
                best = max(best, sum(parts))
        assert shares.usable_q(loads, claims, budget) == best


def test_jain():
    assert shares.jain([1, 1, 1, 1]) == 1
    assert shares.jain([1, 0, 0, 0]) == 0.25
    assert shares.jain([]) == 1
    assert shares.jain([1, 3]) == 0.8
