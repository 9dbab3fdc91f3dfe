"""The arithmetic that leases and reclaims rest on, against definitions tried one by one."""

import random
from itertools import combinations

import pytest
from quelea.errors import UserError
from quelea.headroom.group import Load, make
from quelea.headroom.plan import Member
from quelea.headroom.terms import Terms, leases, quorum, reclaim_worst_q


def test_quorums_meet_in_an_honest_member_and_the_gone_hold_no_lease():
    """REQ-MEMBERS-2, REQ-MEMBERS-3"""
    for voters in range(2, 65):
        for liars in range((voters + 2) // 3):
            stay = quorum(voters, liars)
            assert 2 * stay - voters > liars, "two quorums share more than liars"
            most_gone = voters - stay
            assert most_gone + liars < leases(voters, liars), "who is gone, and liars who answer"
            assert leases(voters, liars) <= voters
            if voters > 3 * liars:
                assert stay <= voters - liars, "the honest alone can go on"


@pytest.mark.parametrize("faults_max", [0, 1, 2, 3])
def test_what_liars_add_once_they_are_gone_is_the_worst_of_all_choices(faults_max, seed):
    rng = random.Random(seed)
    print("seed", seed)
    for _ in range(20):
        members = tuple(
            Member(node, rng.randrange(500), rng.randrange(900), rng.randrange(2000))
            for node in range(1, rng.randrange(4, 8))
        )
        line_q = rng.randrange(300)
        worst = 0
        for count in range(faults_max + 1):
            for liars in combinations(members, count):
                honest = [one for one in members if one not in liars]
                for gone in range(count + 1):
                    for left in combinations(liars, gone):
                        sum_q = sum(one.floor_q + one.initial_q for one in honest)
                        sum_q += sum(one.reserve_q for one in liars)
                        sum_q += sum(one.initial_q for one in left)
                        sum_q += (count - gone) * line_q * (len(members) - count)
                        worst = max(worst, sum_q)
        assert reclaim_worst_q(members, line_q, faults_max) == worst


def test_the_wait_outlasts_every_lease():
    terms = Terms(lease_ms=10_000, watchdog_ms=8000)
    wait_ms = terms.wait_ms(1000, 5)
    slow_ms = (10_000 + 1000 + 1000 + 5000) * 100 / 99  # by the clock of who is away
    assert wait_ms * 100 / 101 >= slow_ms - 1e-6
    assert Terms(lease_ms=2000, watchdog_ms=9000).wait_ms(1000, 0) > 11_000 * 101 / 99 - 1


def test_a_group_is_refused_where_a_gone_liar_would_exceed_the_limit():
    loads = [Load(node, 0, most_q=9000, reserve_q=4000) for node in range(1, 6)]
    make(loads, [20_000], safety_percent=100, faults_max=1, line_q=0)
    with pytest.raises(UserError, match="taken for gone"):
        make(loads, [20_000], safety_percent=100, faults_max=1, line_q=0, terms=Terms())
    with pytest.raises(UserError, match="a lease of 3000 ms"):
        make(loads, [99_000], terms=Terms(lease_ms=3000))
