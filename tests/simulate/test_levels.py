"""A limit over limits: no level is ever exceeded, and what one cluster leaves another gets."""

import pytest
from quelea.headroom.world import BrokenLimit
from quelea.hierarchy.levels import Account, World, make
from quelea.hierarchy.worlds import LEVEL_SIZES, drawn_levels


def test_what_one_cluster_leaves_another_gets() -> None:
    world = World(make(LEVEL_SIZES, 100, 6000, 9000), 1, trouble=0.0)
    demands = {0: 1300, 1: 100, 2: 200}
    rounds = []
    for step in range(3):  # all demand goes round: 5200, 3900 or 6500 of 6400 that are there
        for number, board in world.boards.items():
            if board.account is None:
                board.demand_q = demands[(number // 100 + step) % 3]
        wanted = [LEVEL_SIZES[at] * demands[(at + step) % 3] for at in range(3)]
        assert sum(wanted) <= 9000
        spent, had = 0, [0]
        while sum(had) < 0.95 * sum(wanted) and spent < 40:
            spent += 1
            world.run(1)
            had = [min(world.drawn_q(at), want) for at, want in enumerate(wanted)]
        rounds.append(spent)
    print("rounds until 95 %:", rounds)
    assert max(rounds) <= 25
    assert world.drawn_q(1) > 3000 or world.drawn_q(2) > 3000, "more than a third of the limit"


@pytest.mark.parametrize("error", ["above ignores inside", "promises are not counted"])
def test_planted_errors_are_seen(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that gives what the other group does not cover breaks the fleet's limit."""
    if error == "promises are not counted":
        monkeypatch.setattr(Account, "sure_q", lambda self, machine: machine.owned_q)
    else:

        def step(self: Account) -> None:
            want_q = min(self.whole_q, sum(self.inside.claims_q))
            self.slots[0] = self.inside.step(max(0, self.whole_q - want_q))
            self.slots[1] = self.above.step(self.above.plan.floor_q + want_q)

        monkeypatch.setattr(Account, "step", step)
    with pytest.raises(BrokenLimit):
        for seed in range(30):
            drawn_levels(seed).run(80)
