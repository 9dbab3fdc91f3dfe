"""Edge flows in whole agents: the sum under every fault, reboots, inputs that change, the end."""

import random

import pytest
from quelea_proto.flows import Flows, divisor
from quelea_proto.limits import ESTIMATE_MAX, Q_MAX
from small_fleet import K5, agent, due, fleet

EXACT = {"mode": "exact", "faults_max": 0, "lo_q": -Q_MAX, "hi_q": Q_MAX}
CVX = ((0, 1), (1, 2), (2, 3), (0, 4), (1, 7), (1, 3), (4, 5), (4, 6), (2, 6), (3, 7), (5, 6),
       (6, 7), (1, 6))  # fmt: skip
CVX8 = tuple((a + 1, b + 1) for a, b in CVX)
CYCLE32 = tuple((i, i % 32 + 1) for i in range(1, 33))


def total(agents):
    """Return (estimates + what is under way, inputs): equal at every instant."""
    flows = [one.flows for one in agents.values()]
    estimates = sum(one.estimate_q for one in flows)
    under_way = sum(sum(one.flow_q) for one in flows)
    return estimates + under_way, sum(one.input_q for one in flows)


def gossip(agents, rounds, rng, loss=0.0, repeat=0.0, late=0.0, every_event=True):
    """Rounds with faults on every frame; checks the sum after every event, or every round."""
    waiting = []
    hit = {"lost": 0, "repeated": 0, "late": 0}
    for _ in range(rounds):
        order = list(agents)
        rng.shuffle(order)
        for node in order:
            payload = due(agents[node])[0][1]
            copies = [(peer, node, payload) for peer in agents[node].settings.numbers]
            kept = []
            for copy in copies:
                if rng.random() < loss:
                    hit["lost"] += 1
                elif rng.random() < late:
                    hit["late"] += 1
                    waiting.append(copy)
                else:
                    kept.append(copy)
                    if rng.random() < repeat:
                        hit["repeated"] += 1
                        waiting.append(copy)
            rng.shuffle(waiting)
            arrived = kept + [waiting.pop() for _ in range(len(waiting) // 3)]
            for receiver, sender, data in arrived:
                one = agents[receiver]
                if one._started:
                    one.step((one.next_wake_ms - 1) % 2**30, [(sender, data)])
                if every_event:
                    assert total(agents)[0] == total(agents)[1]
        assert total(agents)[0] == total(agents)[1]
    return hit


@pytest.mark.parametrize("edges", (CVX8, CYCLE32), ids=("cvx-8", "cycle-32"))
def test_the_sum_never_changes_and_the_spread_ends_at_2_q(edges, seed):
    """REQ-FLOW-5, REQ-FLOW-6, REQ-FLOW-10: 30 % lost, a fifth repeated, a fifth late."""
    rng = random.Random(seed)
    agents = fleet(edges, **EXACT)
    for one in agents.values():
        one.sense(0, rng.randint(0, 65535))
    hit = gossip(agents, 40, rng, loss=0.3, repeat=0.2, late=0.2)
    assert min(hit.values()) > 20, hit
    gossip(agents, 2400 if edges is CYCLE32 else 200, rng, loss=0.3, every_event=False)
    values = [one.value_q for one in agents.values()]
    assert max(values) - min(values) <= 2, values


def test_inputs_may_change_without_a_restart(seed):
    """REQ-FLOW-8: the sum of estimates follows the sum of inputs at once."""
    rng = random.Random(seed)
    agents = fleet(K5, **EXACT)
    for _ in range(30):
        agents[rng.randint(1, 5)].sense(0, rng.randint(-Q_MAX, Q_MAX))
        gossip(agents, 1, rng, loss=0.2)
    gossip(agents, 60, rng)
    mean = sum(one.demand.demand_q for one in agents.values()) / 5
    assert all(abs(one.value_q - mean) <= 2 for one in agents.values())


def test_a_rebooted_node_takes_its_flows_back(seed):
    """REQ-FLOW-7: after a reboot with an empty state the sum is right again."""
    rng = random.Random(seed)
    agents = fleet(K5, **EXACT)
    for node, one in agents.items():
        one.sense(0, 1000 * node)
    gossip(agents, 9, rng)
    agents[3] = agent(3, K5, session=2, **EXACT)
    agents[3].sense(0, 3000)
    for _ in range(40):
        for node, one in agents.items():
            payload = due(one)[0][1]
            for peer in one.settings.numbers:
                other = agents[peer]
                if other._started:
                    other.step((other.next_wake_ms - 1) % 2**30, [(node, payload)])
    estimates = [one.value_q for one in agents.values()]
    assert (
        total(agents) == (15000, 15000) and sum(sum(a.flows.flow_q) for a in agents.values()) == 0
    )
    assert max(abs(value - 3000) for value in estimates) <= 2, estimates


def test_what_would_leave_the_range_waits():
    """REQ-FLOW-2: counted, and nothing changes."""
    flows = Flows(1, (2, 3), ESTIMATE_MAX - 5)
    flows.set_input(ESTIMATE_MAX + 1)
    assert flows.estimate_q == ESTIMATE_MAX - 5 and flows.waits == 1
    flows.hear(0, 1, 0, 6, 1, 0)
    assert flows.estimate_q == ESTIMATE_MAX - 5 and flows.turn[0] == 0 and flows.waits == 2
    flows.hear(0, 1, 0, 5, 1, 0)
    assert flows.estimate_q == ESTIMATE_MAX and flows.turn[0] == 1


@pytest.mark.parametrize("turn, flow_q, residue", [(7, 0, 0), (1, -(2**28), 0), (1, 0, -128)])
def test_entries_out_of_range_are_ignored(turn, flow_q, residue):
    """REQ-FLOW-3: as if the frame had not come; counted as a wait."""
    flows = Flows(1, (2,), 100)
    flows.hear(0, 1, 5, flow_q, turn, residue)
    assert (flows.waits, flows.turn, flows.peer_turn, flows.estimate_q) == (1, [0], [0], 100)


def test_the_divisor_is_one_more_than_the_larger_degree():
    """REQ-FLOW-9: D is 2..127, the same at both ends."""
    assert [divisor(1, 1), divisor(8, 3), divisor(3, 8), divisor(126, 1)] == [2, 9, 9, 127]
