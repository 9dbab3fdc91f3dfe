"""Ben-Or's rounds: safe under any messages, live with a coin that the adversary cannot know."""

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.quantum import benor, theory
from quelea.quantum.classical import DealtCoin, OwnCoins, SeedCoin
from quelea.quantum.entangled import BlindTickets, Entangled
from quelea.quantum.interface import UNDECIDED


@pytest.fixture
def random(seed):
    return np.random.default_rng(seed)


class Wild(benor.Adversary):
    """Says and delays anything."""

    random = np.random.default_rng(1)

    def anything(self, messages):
        liars = messages[:, :, self.honest :]
        messages[:, :, self.honest :] = self.random.integers(-1, 2, liars.shape)
        order = self.random.random(messages.shape).argsort(axis=-1)
        return messages, order.argsort(axis=-1) < self.faults

    def reports(self, values, leading):
        return self.anything(super().reports(values, leading)[0])

    def proposals(self, proposed, leading, keep):
        return self.anything(super().proposals(proposed, leading, keep)[0])


def test_equal_inputs_are_decided_in_the_first_round(random):
    for bit in (0, 1):
        inputs = np.full((20, 9), bit, np.int8)
        ran = benor.agree(OwnCoins(random), runs=20, inputs=inputs)
        assert ran.tosses.max() == 0
        assert (ran.values == bit).all()


@pytest.mark.parametrize("kind", [benor.Adversary, Wild])
def test_no_two_honest_nodes_decide_differently(kind, random, monkeypatch):
    monkeypatch.setattr(benor, "Adversary", kind)
    monkeypatch.setattr(Wild, "random", random)
    for coin in (OwnCoins(random), DealtCoin(random), Entangled(random)):
        inputs = random.integers(2, size=(200, 5), dtype=np.int8)
        ran = benor.agree(coin, 6, 1, 200, 2000, inputs)
        assert ran.decided.all()
        assert not ran.broken.any()
        unanimous = (inputs == inputs[:, :1]).all(axis=1)
        assert unanimous.any()
        assert (ran.values == inputs[:, :1])[unanimous].all()


def test_a_protocol_that_decides_too_early_is_caught(random, monkeypatch):
    """The property can fail: with deciding at f + 1 proposals, runs break."""
    right = benor.step

    def hasty(values, coin, adversary):
        kept, decided = right(values, coin, adversary)
        return kept, np.where(decided == UNDECIDED, kept, decided)

    monkeypatch.setattr(benor, "step", hasty)
    assert benor.agree(OwnCoins(random), runs=50, rounds_max=3).broken.any()


def test_the_adversary_delays_f_messages_and_no_more(random):
    adversary = benor.Adversary(9, 2)
    values = random.integers(2, size=(300, 9), dtype=np.int8)
    leading = adversary.leading(values)
    _, late = adversary.reports(values, leading)
    assert (late.sum(axis=-1) == 2).all()
    proposed = np.where(random.random((300, 9)) < 0.3, leading[:, None], UNDECIDED)
    _, late = adversary.proposals(proposed.astype(np.int8), leading, np.full(300, 4))
    assert (late.sum(axis=-1) == 2).all()


def test_the_adversary_lets_no_round_pass_that_it_can_stop(random):
    values = np.array([[1] * ones + [0] * (9 - ones) for ones in range(10)], np.int8)
    adversary = benor.Adversary(9, 2)

    class Against(OwnCoins):
        def toss(self, avoid, honest, faults):
            return np.repeat(1 - avoid[:, None], honest, axis=1).astype(np.int8)

    kept, decided = benor.step(values, Against(random), adversary)
    stopped = (decided == UNDECIDED).all(axis=1)
    assert stopped.tolist() == [False] + [True] * 8 + [False]
    assert not (kept[1:9] == kept[1:9, :1]).all(axis=1).any()


def test_a_coin_that_is_known_ahead_decides_nothing(random):
    assert not benor.agree(SeedCoin(random), runs=50, rounds_max=50).decided.any()


def test_too_many_liars_are_refused(random):
    with pytest.raises(UserError, match="10 nodes, 2 liars"):
        benor.agree(OwnCoins(random), 10, 2)


def test_blind_drops_leave_every_receiver_all_but_f_dealers():
    pattern = theory.worst_drops(11, 2, tuple(range(1, 9)))
    for receiver in range(9):
        assert len(set(theory.dropped(receiver, 11, 2, *pattern))) == 2


def test_tickets_read_alike_at_every_receiver(random):
    tickets, dealt = BlindTickets(random).dealt(5, 11)
    assert (tickets == tickets[:, :, :1]).all()
    assert (dealt == dealt[:, :, :1]).all()
    assert len(np.unique(tickets)) > 40
