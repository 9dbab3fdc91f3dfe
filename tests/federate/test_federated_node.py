"""Nodes that train together, without processes: loss, lateness, restarts, lies and garbage."""

import random

import numpy as np
import pytest
from conftest import need
from quelea.federate import fleet_data, fleet_lies
from quelea_agent import samples
from quelea_agent.federated import DONE, IDLE, STALE_ROUNDS, Course, Federated, Plan
from quelea_proto import parcel_row
from quelea_proto.draws import Draws
from quelea_proto.parcel_row import Parcel

NODES, DEGREE, WAIT_MS = 8, 6, 100
COURSE = Course(1, 12, 3, 2, 4, 9, 6)


@pytest.fixture(autouse=True, scope="module")
def _digits() -> None:
    try:
        import sklearn  # noqa: F401
    except ImportError:
        need(False, "scikit-learn", "pip install 'quelea[federate]'")


class Few:
    """Nodes on one clock. lost: chance of a parcel at a receiver. lies: by number."""

    def __init__(self, seed: int, faults_max: int = 1, rule: str = "midpoint") -> None:
        self.ground = fleet_data.lay(NODES, DEGREE, 0.5, seed % 1000, 0)
        self.rng = random.Random(seed)
        self.lost = 0.0
        self.asleep: set[int] = set()
        self.uneven = False  # half of the nodes, drawn anew, do something at a time
        self.lies: dict[int, str] = {}
        self.now_ms = 0
        self.rule, self.faults_max = rule, faults_max
        self.nodes = {number: self.make(number, 1) for number in range(1, NODES + 1)}

    def make(self, number: int, session: int) -> Federated:
        near = tuple(other + 1 for other in self.ground.near[number - 1])
        own, problem = samples.load(self.ground.own_file(number - 1))
        assert problem is None
        seed = self.ground.seed
        plan = Plan(number, near, self.rule, self.faults_max, seed, WAIT_MS)
        return Federated(plan, session, own)

    def begin(self, course: Course = COURSE) -> None:
        for node in self.nodes.values():
            node.begin(course)

    def turn(self) -> None:
        self.now_ms += 1
        order = list(self.nodes.items())
        if self.uneven:
            order = self.rng.sample(order, NODES // 2)
        for number, node in order:
            parcels = 0 if number in self.asleep else node.turn(self.now_ms)
            if parcels and number in self.lies:
                fleet_lies.forge(node, fleet_lies.find(self.lies[number]), Draws(1, number))
            for part in range(parcels):
                payload = bytes(node.parcel(part))
                for other in node.plan.numbers:
                    if other not in self.asleep and self.rng.random() >= self.lost:
                        self.nodes[other].hear(number, payload)

    def run(self, turns_max: int = 6000) -> None:
        for _ in range(turns_max):
            self.turn()
            if all(n.state == DONE for k, n in self.nodes.items() if k not in self.asleep):
                return
        raise AssertionError("it does not end")

    def accuracy(self) -> list[float]:
        found = []
        for number, node in self.nodes.items():
            if number not in self.lies and number not in self.asleep:
                file = fleet_data.pack(self.ground.test_x, self.ground.test_y, 10)
                test, _ = samples.load(file)
                found.append(np.mean([
                    node.model.predict(test.rows, at * test.row)
                    == test.rows[at * test.row + test.inputs]
                    for at in range(0, test.count, 4)
                ]))  # fmt: skip
        return [float(share) for share in found]

    def distance(self) -> int:
        columns = np.array([
            node.model.coarse for number, node in self.nodes.items()
            if number not in self.lies and number not in self.asleep
        ])  # fmt: skip
        return int(np.ptp(columns, axis=0).max())


def test_they_train_in_step_and_come_together(seed: int) -> None:
    """REQ-FEDERATED-1, REQ-FEDERATED-3: every round with all, the last ones without a step."""
    few = Few(seed)
    few.begin()
    few.run()
    for node in few.nodes.values():
        assert (node.round, node.steps_done) == (12, 18)
        assert node.used == [12] * DEGREE
        assert (node.partial, node.held, node.jumps, node.old, node.refused) == (0, 0, 0, 0, 0)
        assert node.accepted == 12 * DEGREE * node.parts
    assert min(few.accuracy()) > 0.6
    assert few.distance() < 2000


def test_who_is_faster_changes_no_bit(seed: int) -> None:
    """REQ-FEDERATED-4: of a neighbour that is further the vector of the own round counts."""
    outcomes = []
    for number in (1, 2):
        few = Few(seed)
        few.rng.seed(number)
        few.uneven = True
        few.begin(Course(1, 6, 1, 2, 4, 9, 6))
        ahead = False
        while any(node.state != DONE for node in few.nodes.values()):
            few.turn()
            few.now_ms = 0  # nobody is late
            rounds = [node.round for node in few.nodes.values()]
            ahead = ahead or max(rounds) > min(rounds)
        assert ahead and all(node.used == [6] * DEGREE for node in few.nodes.values())
        outcomes.append([list(node.model.coarse) for node in few.nodes.values()])
    assert outcomes[0] == outcomes[1]


def test_the_average_is_the_rule_parameter_by_parameter(seed: int) -> None:
    """REQ-FEDERATED-3, against the rule's exact definition."""
    from exact import rules

    few = Few(seed, rule="trimmed-mean")
    few.begin(Course(1, 1, 0, 1, 4, 9, 6))
    node = few.nodes[1]
    for number, other in few.nodes.items():
        while number != 1 and not other.turn(0):
            pass
        for part in range(other.parts if number != 1 else 0):
            payload = bytes(other.parcel(part))
            if number in node.plan.numbers:
                assert node.hear(number, payload)
    while not node.turn(0):
        pass
    own = list(node.model.coarse)
    vectors = [np.frombuffer(v, "<i2").tolist() for v in node.whole_vectors()]
    node.turn(0)
    assert node.state == DONE
    named = {row[0]: row[1] for row in rules.RULES}["trimmed-mean"]
    for at in random.Random(seed).sample(range(650), 60):
        assert node.model.coarse[at] == named(own[at], [vector[at] for vector in vectors], 1)


def test_loss_costs_no_end(seed: int) -> None:
    """REQ-FEDERATED-4: a vector that is not whole is not used; the round goes on after wait_ms."""
    few = Few(seed)
    few.lost = 0.15
    few.begin()
    few.run()
    assert sum(node.partial for node in few.nodes.values()) > 0
    assert sum(node.held for node in few.nodes.values()) < 12
    assert min(few.accuracy()) > 0.5


def test_who_sleeps_holds_up_once_and_comes_back(seed: int) -> None:
    """REQ-FEDERATED-4, REQ-FEDERATED-5."""
    few = Few(seed)
    few.begin()
    while few.nodes[2].round < 3:
        few.turn()
    few.asleep = {1}
    slept_ms = few.now_ms
    while few.nodes[2].round < 7:
        few.turn()
    assert few.now_ms - slept_ms < 3 * WAIT_MS  # once, not in every round
    few.asleep = set()
    few.run()
    assert few.nodes[1].round == 12
    assert few.nodes[1].jumps > 0
    assert few.distance() < 3000


def test_a_node_that_restarts_is_believed_again(seed: int) -> None:
    """REQ-FEDERATED-2: a later session begins anew, an earlier one is over."""
    few = Few(seed)
    few.begin()
    while few.nodes[2].round < 5:
        few.turn()
    old = few.nodes[1]
    few.nodes[1] = few.make(1, 2)
    few.nodes[1].begin(COURSE)
    few.run()
    assert few.nodes[1].jumps > 0
    assert few.distance() < 3000
    heard = few.nodes[old.plan.numbers[0]]
    before = heard.old
    assert not heard.hear(1, bytes(old.parcel(0)))
    assert heard.old == before + 1


@pytest.mark.parametrize("lie", [row[0] for row in fleet_lies.LIES])
def test_a_liar_moves_nobody_out_of_what_the_honest_hold(lie: str, seed: int) -> None:
    """REQ-FEDERATED-3: with at most F liars a parameter stays among honest ones."""
    few = Few(seed)
    few.lies = {3: lie}
    few.begin()
    while few.nodes[1].round < 6:
        before = np.array([
            node.model.coarse for number, node in few.nodes.items() if number != 3
        ])  # fmt: skip
        rounds = {number: node.round for number, node in few.nodes.items()}
        few.turn()
        for number, node in few.nodes.items():
            if number != 3 and node.round != rounds[number] and len(set(rounds.values())) == 1:
                found = np.array(node.model.coarse)
                assert np.all(found <= before.max(axis=0)), (lie, number)
                assert np.all(found >= before.min(axis=0)), (lie, number)
    few.run()
    assert min(few.accuracy()) > 0.4


def test_garbage_changes_nothing_and_raises_nothing(seed: int) -> None:
    """REQ-FEDERATED-2: everything that is no parcel for this training is counted and dropped."""
    rng = random.Random(seed)
    few = Few(seed)
    node = few.nodes[1]
    near = node.plan.numbers[0]
    other = few.nodes[near]
    assert not node.hear(near, b"")  # before any training too
    few.begin()
    while not other.turn(0):
        pass
    parcels = [bytes(other.parcel(part)) for part in range(other.parts)]
    stranger = next(n for n in few.nodes if n != 1 and n not in node.plan.numbers)
    assert not node.hear(stranger, parcels[0])
    assert not node.hear(node.plan.numbers[1], parcels[0])  # on another's topic
    for _ in range(3000):
        bad = bytearray(rng.choice(parcels))
        how = rng.randrange(4)
        if how == 0:
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        elif how == 1:
            bad = bad[: rng.randrange(len(bad))]
        elif how == 2:
            bad += bytes(rng.randrange(1, 9))
        else:
            bad = bytearray(rng.randbytes(rng.randrange(1100)))
        assert not node.hear(near, bytes(bad))
    assert node.accepted == 0 and node.refused > 2900 and node.strange == 1
    assert not node.whole_vectors()
    assert node.hear(near, parcels[0]) and not node.whole_vectors()
    assert not node.hear(near, parcels[0])  # a repetition
    assert node.hear(near, parcels[1]) and len(node.whole_vectors()) == 1


def sealed(sender: Federated, seq: int, **changes: int) -> bytes:
    """Return a well-formed parcel with other figures in its head."""
    head = {"node": sender.plan.node, "session": 1, "seq": seq, "epoch": 1, "round": 0} | changes
    total = head.pop("total", sender.model.count)
    row = parcel_row.pack(tuple(head.values()), bytearray(2 * total), total, 0)
    return bytes(row)


def test_heads_that_lie_are_refused(seed: int) -> None:
    """REQ-FEDERATED-2."""
    few = Few(seed)
    few.begin()
    node = few.nodes[1]
    other = few.nodes[node.plan.numbers[0]]
    source = other.plan.node
    for changes in (
        {"epoch": 65535}, {"round": 12}, {"round": 65535}, {"total": 649}, {"total": 480},
        {"session": 0}, {"epoch": 0}, {"node": 0}, {"node": 99},
    ):  # fmt: skip
        assert not node.hear(source, sealed(other, 5, **changes)), changes
    assert not node.hear(source, sealed(other, 0))
    assert node.accepted == 0
    assert node.hear(source, sealed(other, 5))
    assert not node.hear(source, sealed(other, 5, round=1))  # its number is used
    assert node.hear(source, sealed(other, 6, round=1))
    assert not node.hear(source, sealed(other, 7, round=0))  # that round is over


def test_who_begins_later_has_lost_nothing(seed: int) -> None:
    """REQ-FEDERATED-2: what is said of a later training counts once the node begins it."""
    outcomes = []
    for late in (0, 5):
        few = Few(seed)
        for epoch in (1, 2):
            course = Course(epoch, 4, 1, 2, 4, 9, 6)
            few.asleep = {1}
            for number, node in few.nodes.items():
                if number != 1 or not late:
                    node.begin(course)
            for _ in range(late):  # the others are through with their steps, not with a round
                few.now_ms = 0
                few.asleep = set()
                few.turn()
            few.asleep = set()
            if late:
                few.nodes[1].begin(course)
            few.run()
        assert few.nodes[1].partial == 0 and few.nodes[1].old == 0
        assert few.nodes[1].used == [4] * DEGREE
        outcomes.append([list(node.model.coarse) for node in few.nodes.values()])
    assert outcomes[0] == outcomes[1]


def test_one_liar_leads_nobody_ahead(seed: int) -> None:
    """REQ-FEDERATED-5: F + 1 neighbours have to be further."""
    few = Few(seed)
    few.begin()
    node = few.nodes[1]
    near = node.plan.numbers
    for count, number in enumerate(near[:2]):
        other = few.nodes[number]
        for part in range(other.parts):
            head = (number, 1, 1 + part, 1, 9)
            vector = bytearray(2 * other.model.count)
            assert node.hear(number, bytes(parcel_row.pack(head, vector, 650, part)))
        node.turn(0)
        assert (node.jumps, node.round) == ((0, 0), (1, 10))[count]
    assert node.held == 1 and not any(node.used)  # REQ-FEDERATED-3: two are fewer than 2F + 1


def test_an_older_vector_counts_for_one_round_only(seed: int) -> None:
    """REQ-FEDERATED-4."""
    few = Few(seed, faults_max=0)
    few.begin(Course(1, 6, 6, 1, 4, 9, 6))
    node = few.nodes[1]
    number = node.plan.numbers[0]
    other = few.nodes[number]
    for part in range(other.parts):
        head = (number, 1, 1 + part, 1, 0)
        node.hear(number, bytes(parcel_row.pack(head, bytearray(1300), 650, part)))
    used = []
    for turn in range(3):
        assert node.turn(turn * 1000) == node.parts
        node.turn(turn * 1000 + WAIT_MS)
        used.append(node.used[0])
    assert STALE_ROUNDS == 1 and used == [1, 1, 0]


def test_figures_out_of_range_begin_no_training() -> None:
    good = (1, 12, 3, 2, 4, 9, 6)
    assert Course(*good).valid()
    for place, wrong in enumerate((0, 0, 13, 0, 1, 65536, 13)):
        assert not Course(*good[:place], wrong, *good[place + 1 :]).valid()
    assert Few(1).nodes[1].state == IDLE


def test_a_parcel_is_one_vector_cut_in_parts(seed: int) -> None:
    """REQ-FEDERATED-6: the codec's own words, byte by byte."""
    rng = random.Random(seed)
    for total in (1, 479, 480, 481, 650, 7680):
        vector = rng.randbytes(2 * total)
        joined = b""
        for part in range(parcel_row.parts_of(total)):
            head = (rng.randrange(1, 65536), 7, rng.randrange(1, 1 << 30), 3, rng.randrange(65536))
            payload = bytes(parcel_row.pack(head, vector, total, part))
            row = Parcel()
            assert len(payload) <= 1024 and parcel_row.unpack(payload, row)
            assert (row.node, row.session, row.seq, row.epoch, row.round) == head
            assert (row.total, row.part) == (total, part)
            joined += bytes(row.values)
        assert joined == vector
