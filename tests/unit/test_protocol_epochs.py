"""Epochs: when they begin, who can begin them, and what the frames say."""

import pytest
from small_fleet import K5, agent, counted, due, exchange, fleet, frame


def at_epoch(one, *epochs, seq):
    """Let the nodes 2, 3, ... show these epochs, then do a round."""
    for node, epoch in enumerate(epochs, 2):
        one.step(one.next_wake_ms - 1, [(node, frame(node=node, seq=seq, epoch=epoch))])
    return due(one)


def test_the_first_round_begins_epoch_0_from_the_own_demand():
    """REQ-EPOCH-1, REQ-FRAME-9: value and input are the demand; the flag `restart` is set."""
    one = agent(1, K5)
    one.sense(0, 321)
    payload = due(one)[0][1]
    assert (one.epoch, one.value_q, one.input_q, one.settled_q) == (0, 321, 321, 321)
    assert payload[1] == 2 and payload[12:18] == bytes([65, 1, 0, 65, 1, 0])
    assert due(one)[0][1][1] != 2, "only in the first frame of the epoch"


def test_an_epoch_lasts_its_own_rounds():
    """REQ-EPOCH-2: epoch_rounds frames an epoch; the value of its end is what is settled."""
    agents = fleet(K5, epoch_rounds=4)
    for node, one in agents.items():
        one.sense(0, 100 * node)
    for turn in range(1, 13):
        exchange(agents)
        for one in agents.values():
            assert one.epoch == (turn - 1) // 4, turn
            assert one.mode.restarted == ((turn - 1) % 4 == 0), turn
        if turn == 4:
            ends = [one.value_q for one in agents.values()]
            assert max(ends) - min(ends) < 400
        if turn == 5:
            assert [one.settled_q for one in agents.values()] == ends
            assert [one.value_q for one in agents.values()] == [100, 200, 300, 400, 500]


def test_who_comes_early_waits_for_the_others_once():
    """REQ-EPOCH-2: the round in which the rule is applied first is the one after the beginning."""
    one = agent(1, K5, epoch_rounds=6)
    seq = 0
    while one.epoch == 0:
        seq += 1
        at_epoch(one, 0, 0, 0, 0, seq=seq)
    for waited in range(1, 4):
        at_epoch(one, 0, 0, 0, 0, seq=seq + waited)  # the others are behind: it holds
        assert one.held and one.mode.rounds == waited
    seq += 3
    for together in range(1, 6):
        assert one.epoch == 1
        at_epoch(one, 1, 1, 1, 1, seq=seq + together)
        assert one.mode.rounds == together and not one.held
    at_epoch(one, 1, 1, 1, 1, seq=seq + 6)
    assert one.epoch == 2, "five rounds with the others, as if it had begun with them"
    for turn, here in enumerate((2, 2, 1, 2, 2), 7):
        at_epoch(one, here, here, here, here, seq=seq + turn)
    assert one.mode.rounds == 5, "once an epoch: who falls out of step does not start again"


def test_a_new_demand_counts_from_the_next_epoch():
    """REQ-EPOCH-1: until then the running value goes its way."""
    one = agent(1, K5, epoch_rounds=3)
    one.sense(0, 10)
    due(one)
    one.sense(0, 90)
    due(one)
    assert one.input_q == 10 and one.epoch == 0
    due(one)
    due(one)
    assert one.input_q == 90 and one.epoch == 1


def test_no_epoch_ends_when_epoch_rounds_is_0():
    """REQ-EPOCH-2."""
    one = agent(1, K5, epoch_rounds=0)
    for _ in range(500):
        due(one)
    assert one.epoch == 0


def test_f_liars_cannot_begin_an_epoch_and_f_plus_1_can():
    """REQ-EPOCH-3: the (F + 1)-th largest lead is what a node follows; here F = 1."""
    one = agent(1, K5)
    one.sense(0, 50)
    due(one)
    at_epoch(one, 9000, 0, 0, 0, seq=1)
    assert one.epoch == 0 and counted(one, "epoch_jumps") == 0
    at_epoch(one, 9000, 3, 0, 0, seq=2)
    assert one.epoch == 3 and counted(one, "epoch_jumps") == 1
    assert one.value_q == one.input_q == 50 and one.mode.restarted


def test_f_liars_that_lag_cannot_hold_an_epoch_back():
    """REQ-EPOCH-3: the others' lead decides; own rounds decide in any case."""
    one = agent(1, K5, epoch_rounds=3)
    for seq in range(1, 20):
        at_epoch(one, 0, one.epoch, one.epoch, one.epoch, seq=seq)
    assert one.epoch == 6


@pytest.mark.parametrize("own, theirs, follows", [(65535, 0, True), (0, 65535, False)])
def test_epochs_are_compared_on_their_ring(own, theirs, follows):
    """REQ-EPOCH-4: after 65535 comes 0; what is just behind is not far ahead."""
    one = agent(1, K5)
    due(one)
    one.mode.epoch = own
    at_epoch(one, own, own, own, own, seq=1)
    at_epoch(one, theirs, theirs, theirs, theirs, seq=2)
    assert one.epoch == (theirs if follows else own)


@pytest.mark.parametrize("fleet_epoch", [40000, 65535, 32769])
def test_a_rebooted_node_finds_a_fleet_that_looks_behind(fleet_epoch):
    """REQ-EPOCH-6: not in step with anybody yet, it goes to where 2F + 1 live neighbours are."""
    one = agent(1, K5)
    one.sense(0, 70)
    due(one)
    at_epoch(one, fleet_epoch, fleet_epoch, seq=1)
    assert one.epoch == 0, "two live neighbours are not 2F + 1"
    at_epoch(one, fleet_epoch, fleet_epoch, fleet_epoch, seq=2)
    assert one.epoch == fleet_epoch and one.mode.restarted and one.value_q == 70


def test_f_liars_do_not_choose_where_a_lost_node_goes():
    """REQ-EPOCH-6: the (F + 1)-th furthest is at most an honest one, and one of theirs."""
    for lie in (0, 20000, 35000, 50000):
        one = agent(1, K5)
        due(one)
        at_epoch(one, lie, 40000, 40000, seq=1)
        assert one.epoch == 40000, lie


def test_a_node_in_step_never_goes_back():
    """REQ-EPOCH-6: only one that was in step with nobody throughout an epoch of its own."""
    one = agent(1, K5, epoch_rounds=5)
    due(one)
    at_epoch(one, 0, 0, 0, 0, seq=1)
    for seq in range(2, 5):
        at_epoch(one, 50000, 50000, 50000, 50000, seq=seq)
        assert one.epoch == 0
    at_epoch(one, 50000, 50000, 50000, 50000, seq=5)
    assert one.epoch == 1, "in step in epoch 0: its own rounds lead on"
    for seq in range(6, 11):
        at_epoch(one, 50000, 50000, 50000, 50000, seq=seq)
    assert one.epoch == 2, "and once more, for it cannot know"
    at_epoch(one, 50000, 50000, 50000, 50000, seq=11)
    assert one.epoch == 50000, "then it was alone for a whole epoch"


def test_two_lost_nodes_do_not_swap_for_ever():
    """REQ-EPOCH-6: after one jump back a node waits for an epoch of its own."""
    pair = fleet(((1, 2),), epoch_rounds=1000, faults_max=0)
    for one in pair.values():
        due(one)
    pair[1].mode.epoch = 1
    for _ in range(4):
        exchange(pair)
    assert pair[1].epoch == pair[2].epoch
