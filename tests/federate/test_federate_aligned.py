"""The rule with a memory: who is set aside and when, and what that costs the others."""

import numpy as np
import pytest
from quelea.federate import mesh, rules
from quelea.federate.gossip import Round
from quelea.federate.mesh import Mesh
from quelea.federate.rules import aligned, filtered

NODES, SIZE, FAULTS = 12, 200, 3
HONEST = slice(FAULTS, None)


class Fleet:
    """Nodes whose steps are a common one and an own one; the first FAULTS say what `lie` says.

    common, own: deviations of each parameter.
    """

    def __init__(self, seed, spec="complete", nodes=NODES, common=60, own=20):
        self.random = np.random.default_rng(seed)
        self.graph: Mesh = mesh.build(spec, nodes, 1)
        self.memory: dict[str, object] = {}
        self.at = np.zeros((nodes, SIZE))
        self.common, self._own = self.random.normal(0, common, SIZE), own

    def round(self, lie=None, rare=None):
        """Take one: honest steps, lies, rule. Return (said, combined). rare: steps by node."""
        own = self.random.normal(0, self._own, self.at.shape)
        for node, step in (rare or {}).items():
            own[node] += step
        said = np.rint(self.at + self.common + own)
        if lie is not None:
            said[:FAULTS] = lie(self.at[:FAULTS])
        said = np.clip(said, -32767, 32767).astype(np.int16)
        heard = Round(said, self.graph, np.arange(len(said)), FAULTS, self.memory)
        found = rules.load("aligned").combine(heard)
        self.at = found.astype(float)
        return said, found

    def out(self, key="all"):
        return np.flatnonzero(self.memory[key].against(FAULTS)).tolist()

    def back(self, times):
        return lambda at: np.rint(at - times * self.common)


def test_in_the_first_round_steps_are_from_the_median_and_teach_nothing(seed):
    fleet = Fleet(seed)
    said, found = fleet.round(lambda at: at + 30_000)
    middle = np.median(said, axis=0)
    longest = np.sort(np.linalg.norm(said - middle, axis=1))[NODES - FAULTS - 1]
    assert np.linalg.norm(found[0] - middle) < longest
    assert not fleet.memory["all"].along.any() and fleet.memory["all"].rounds == 0


@pytest.mark.parametrize("course", [1, 2, 3])
def test_a_direction_that_does_not_stand_out_is_left_alone(course):
    """Four of twelve have data of their own, a fifth of all variance."""
    fleet = Fleet(course, common=10, own=60)
    rare = fleet.random.normal(0, 1, SIZE)
    rare *= 600 / np.linalg.norm(rare)
    said, found = fleet.round(rare={node: rare for node in range(8, 12)})
    plain = pulled(said, np.median(said, axis=0)).mean(axis=0)
    assert np.abs(found[0] - plain).max() <= 1
    away = filtered.filtered(said, FAULTS) - plain
    assert np.linalg.norm(away) > 0.1 * np.linalg.norm(plain)  # what it is spared


def test_who_pulls_back_is_set_aside_after_twelve_rounds(seed):
    """1 - .98^n passes .2 when n is 12; the first round has no step to look at."""
    fleet = Fleet(seed)
    for number in range(13):
        assert fleet.memory == {} or fleet.out() == [], number
        fleet.round(fleet.back(3))
    assert fleet.out() == [0, 1, 2]
    said, found = fleet.round(fleet.back(3))
    mean = said[HONEST].astype(float).mean(axis=0)  # nothing else is filtered any more
    assert np.abs(found[0] - mean).max() <= 1
    for _ in range(200):  # fading: one bad day is not held against a sender for ever
        fleet.round()
    assert fleet.out() == []


def test_the_honest_are_not_set_aside(seed):
    fleet = Fleet(seed, common=20, own=60)
    for _ in range(100):
        fleet.round()
        assert fleet.out() == []
    fleet.common[:] = 0  # only noise is left, as late in training
    for _ in range(300):
        fleet.round()
        assert fleet.out() == []


def test_f_of_them_at_most_are_set_aside(seed):
    fleet = Fleet(seed)
    fleet.round()
    memory = fleet.memory["all"]
    memory.rounds, memory.length = 1000, np.ones(NODES) * 100
    memory.along = -np.arange(NODES) * 100.0 / NODES
    assert np.flatnonzero(memory.against(3)).tolist() == [9, 10, 11]
    assert np.flatnonzero(memory.against(NODES)).tolist() == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert not memory.against(0).any()


def pulled(said, before):
    """Return what was said, the FAULTS longest steps pulled in to the next."""
    steps = said - before
    length = np.linalg.norm(steps, axis=1)
    longest = np.sort(length)[-FAULTS - 1]
    return before + steps * np.minimum(1, longest / length)[:, None]


def test_who_is_set_aside_is_no_reason_to_filter_rare_data(seed):
    fleet = Fleet(seed)
    for _ in range(40):
        fleet.round(fleet.back(3))
    assert fleet.out() == [0, 1, 2]
    rare = fleet.random.normal(0, 100, SIZE)  # of two nodes: it stands out
    before = fleet.at[0].copy()

    said, found = fleet.round(fleet.back(3), {10: rare, 11: rare})
    assert np.abs(found[0] - pulled(said, before)[HONEST].mean(axis=0)).max() <= 1
    assert not np.array_equal(found[0], filtered.filtered(said[HONEST], FAULTS))


@pytest.mark.parametrize("times", [1.8, 30])
def test_a_liar_in_an_honest_ones_place_steps_no_further_than_the_honest(times, seed):
    fleet = Fleet(seed)
    for _ in range(60):
        fleet.round()
    memory = fleet.memory["all"]
    memory.along = np.where(np.arange(NODES) >= NODES - FAULTS, -1.0, 1.0) * memory.length
    assert fleet.out() == [9, 10, 11]  # all of F is spent on honest nodes
    before = fleet.at[0].copy()
    side = fleet.random.normal(0, 1, SIZE)
    side *= times * np.linalg.norm(fleet.common) * 1.05 / np.linalg.norm(side)
    said, found = fleet.round(lambda at: at + side)
    near = pulled(said, before)
    counted = near[: NODES - FAULTS] if times < 2 else near[FAULTS : NODES - FAULTS]
    assert np.abs(found[0] - counted.mean(axis=0)).max() <= 1


def test_each_node_of_a_sparse_graph_remembers_by_itself(seed):
    fleet = Fleet(seed, "regular:8")
    for _ in range(40):
        fleet.round(fleet.back(3))
    for node in range(FAULTS, NODES):
        members = fleet.graph.sets[node]
        assert sorted(members[fleet.out(str(node))]) == sorted(m for m in members if m < FAULTS)


def test_all_memories_of_a_complete_graph_are_one(seed):
    """Worked out node by node it is the same, but for a unit where halves are rounded."""
    whole, single = Fleet(seed), Fleet(seed)
    single.graph = Mesh((*single.graph.near[:-1], single.graph.near[-1]))
    object.__setattr__(single.graph, "is_complete", False)
    for _ in range(20):
        one = whole.round(whole.back(3))[1]
        other = single.round(single.back(3))[1]
        assert np.abs(one.astype(int) - other).max() <= 2
    assert len(whole.memory) == 1 and len(single.memory) == NODES


def test_more_faults_than_neighbours_are_taken_for_all_of_them():
    graph = mesh.build("regular:4", NODES, 1)
    said = np.zeros((NODES, SIZE), np.int16)
    memory: dict[str, object] = {}
    for _ in range(2):
        found = aligned.combine(Round(said, graph, np.arange(NODES), 63, memory))
        assert not found.any()
    said[::2] = 900
    found = aligned.combine(Round(said, graph, np.arange(NODES), 63, memory))
    assert found.min() >= 0 and found.max() <= 900
