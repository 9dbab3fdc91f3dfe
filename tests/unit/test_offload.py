"""Leases of a server: what holders may use never exceeds its capacity, whatever is lost."""

import random
from fractions import Fraction

import pytest
from quelea_agent import offload
from quelea_agent.offload import SHARES, Lease, Offload

CAPACITY_Q = 5000


class Hasty(Offload):
    """A planted error: frees what a holder is to give up before it has said that it did."""

    def ask(self, holder: int, ask_q: int, held_q: int) -> int:
        return super().ask(holder, ask_q, 0)


def worst_q(seed: int, kind: type[Offload], share: str) -> tuple[int, int]:
    """Return (most that holders used at once, answers lost) of a run with loss and restarts."""
    draws = random.Random(seed)
    server = kind(CAPACITY_Q, 2000, share)
    leases = {number: Lease() for number in range(1, 11)}
    asks_q = {number: draws.randrange(1, 2500) for number in leases}
    most_q = lost = 0
    for _ in range(300):
        server.tick()
        for lease in leases.values():
            lease.tick()
        for number in draws.sample(sorted(leases), len(leases)):
            lease = leases[number]
            event = draws.random()
            if event < 0.05:
                asks_q[number] = draws.randrange(1, 2500)
            elif event < 0.1:  # leaves; its word may get lost
                lease.end()
                if draws.random() < 0.7:
                    server.release(number)
                continue
            elif event < 0.2:
                continue  # silent
            if draws.random() < 0.2:
                continue  # the request is lost
            granted_q = server.ask(number, asks_q[number], lease.held_q)
            assert 0 <= granted_q <= asks_q[number]
            if draws.random() < 0.2:
                lost += 1
            else:
                lease.granted(granted_q)
            used_q = sum(one.held_q for one in leases.values())
            assert used_q <= server.reserved_q or kind is Hasty
            most_q = max(most_q, used_q)
    return most_q, lost


@pytest.mark.parametrize("share", [row[0] for row in SHARES])
def test_holders_never_use_more_than_the_capacity(seed: int, share: str) -> None:
    for one in range(seed, seed + 20):
        most_q, lost = worst_q(one, Offload, share)
        assert most_q <= CAPACITY_Q, f"seed {one}"
        assert most_q > CAPACITY_Q * 9 // 10, "scarcity was not reached"
        assert lost > 100


def test_a_server_that_frees_too_early_is_caught() -> None:
    assert max(worst_q(one, Hasty, "proportional")[0] for one in range(20)) > CAPACITY_Q


def test_a_claim_beyond_what_is_possible_gains_nothing() -> None:
    server = Offload(1000, 600)
    for _ in range(3):
        held = [server.ask(1, 8_000_000, 500), server.ask(2, 600, 500)]
    assert held == [500, 500]
    assert server.clipped == 3


def test_a_silent_holder_gives_back_after_its_own_lease_has_run_out() -> None:
    server, lease = Offload(1000, 1000), Lease()
    lease.granted(server.ask(1, 800, 0))
    ended = freed = 0
    for turn in range(1, 12):
        lease.tick()
        server.tick()
        ended = ended or (turn if lease.held_q == 0 else 0)
        freed = freed or (turn if server.reserved_q == 0 else 0)
    assert 0 < ended < freed


def test_the_level_is_that_of_exact_water_filling(seed: int) -> None:
    draws = random.Random(seed)
    for _ in range(300):
        asks_q = [draws.randrange(0, 1000) for _ in range(draws.randrange(1, 12))]
        capacity_q = draws.randrange(1, 4000)
        got = [offload.level(asks_q, len(asks_q), slot, capacity_q) for slot in range(len(asks_q))]
        water = _water(asks_q, capacity_q)
        assert sum(got) <= capacity_q
        assert all(abs(one - min(ask, water)) < 1 for one, ask in zip(got, asks_q, strict=True))


def _water(asks_q: list[int], capacity_q: int) -> Fraction:
    """Return the exact level: the largest w with sum of min(ask, w) <= capacity."""
    left, lower = Fraction(capacity_q), sorted(asks_q)
    for at, ask in enumerate(lower):
        if ask * (len(lower) - at) >= left:
            return left / (len(lower) - at)
        left -= ask
    return Fraction(max(asks_q))
