"""Clusters: rows, seats, entries, the weighted mean, and what members follow."""

import random
from fractions import Fraction
from types import SimpleNamespace

import pytest
from quelea.errors import UserError
from quelea.hierarchy.plan import Hierarchy, check, ring_of
from quelea_agent import cluster as clusters
from quelea_agent.cluster import Cluster, Plan
from quelea_proto import cluster_row
from quelea_proto.cluster_row import NEVER
from quelea_proto.crc import crc16
from quelea_proto.limits import CLUSTERS_MAX, Q_MAX, SMALL_MAX
from quelea_proto.weighted import weighted_mean

HOME = (1, 2, 3, 4, 5)
FAR = (11, 12, 13, 14)
INTERVAL_MS = 1000


class Small(int):
    """An integer that refuses to leave a board's small integers."""

    def _small(self, value):
        assert -SMALL_MAX - 1 <= value <= SMALL_MAX, value
        return Small(value)


for name in ("add", "sub", "mul", "lshift", "rshift", "floordiv", "mod", "and"):
    for side in ("", "r"):
        word = f"__{side}{name}__"
        own = getattr(int, word)
        setattr(Small, word, lambda self, other, own=own: self._small(own(int(self), int(other))))


def test_the_weighted_mean_is_exact_in_31_bits(seed):
    """REQ-CLUSTER-4."""
    rng = random.Random(seed)
    for _ in range(300):
        count = rng.randint(1, CLUSTERS_MAX)
        edge = rng.choice((5, 1000, Q_MAX))
        values = [rng.choice((-edge, edge, rng.randint(-edge, edge))) for _ in range(count)]
        sizes = [rng.choice((0, 1, 2, 200, 16384)) for _ in range(count)]
        sizes[0] = max(1, sizes[0])
        mean = Fraction(sum(v * s for v, s in zip(values, sizes, strict=True)), sum(sizes))
        exact = (2 * mean.numerator + mean.denominator) // (2 * mean.denominator)
        small = [Small(value) for value in values], [Small(size) for size in sizes]
        assert weighted_mean(*small, count) == exact
    assert weighted_mean([Small(Q_MAX)] * 2, [Small(8388607), Small(1)], 2) == Q_MAX


def row_of(number, cluster=0, entries=((0, 5, 0), (0, 4, 1)), fleet_q=0, seq=1, term=0, session=1):
    """Return a row; entries: (value, size, age) by cluster."""
    out = bytearray(cluster_row.row_bytes(len(entries)))
    cluster_row.pack_head(out, number, session, seq, term, cluster, fleet_q, len(entries))
    for at, entry in enumerate(entries):
        cluster_row.pack_entry(out, at, *entry)
    assert cluster_row.seal(out) == len(out)
    return bytes(out)


def node(number=1, faults_max=1, **more):
    plan = Plan(number, 0, (5, 4), HOME, ((1, FAR),), faults_max, INTERVAL_MS, -1000, 1000, **more)
    return Cluster(plan, 7)


def test_a_row_is_what_the_table_says_and_no_bytes_raise(seed):
    """REQ-CLUSTER-1."""
    rng = random.Random(seed)
    data = row_of(300, 1, ((-5, 7, 3), (Q_MAX, 65535, 255)), -9, 77, 65535)
    assert data[:17] == bytes.fromhex("2a002c0101004d000000ffff01f7ffff02")
    assert data[17:23] == bytes.fromhex("fbffff070003")
    assert len(data) == 19 + 2 * 6 and cluster_row.row_bytes(CLUSTERS_MAX) <= 1024
    row = cluster_row.Row()
    assert cluster_row.unpack(data, row)
    assert (row.node, row.session, row.seq, row.term) == (300, 1, 77, 65535)
    assert (row.cluster, row.fleet_q, row.count) == (1, -9, 2)
    assert cluster_row.value_at(data, 1) == Q_MAX and cluster_row.size_at(data, 0) == 7
    for at in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << at % 8
        assert not cluster_row.unpack(bytes(flipped), row)
    machine = node()
    for _ in range(2000):
        junk = rng.randbytes(rng.randrange(40))
        if len(junk) > 4:
            junk = b"\x2a\x00" + junk[2:-2]
            junk += crc16(junk, len(junk)).to_bytes(2, "little")
        assert not machine.hear(0, 2, junk)


@pytest.mark.parametrize(
    ("source", "what", "taken"),
    [
        (2, {"number": 2}, True),
        (3, {"number": 2}, False),
        (9, {"number": 9}, False),
        (1, {"number": 1}, False),
        (11, {"number": 11, "cluster": 1}, True),
        (11, {"number": 11, "cluster": 0}, False),
        (2, {"number": 2, "entries": ((0, 1, 0),)}, False),
    ],
)
def test_whose_rows_count(source, what, taken):
    """REQ-CLUSTER-1: of candidates of the own and of neighbouring clusters, on their own topic."""
    machine = node()
    assert machine.hear(0, source, row_of(**what)) is taken
    assert not machine.hear(0, source, row_of(**what)), "once"
    assert machine.refused == (1 if taken else 2)


def speak(machine, now_ms, speakers, seq, **more):
    for number in speakers:
        machine.hear(now_ms, number, row_of(number, 0 if number < 10 else 1, seq=seq, **more))


def rounds(machine, speakers, first, last, **more):
    """Do the rounds first..last - 1, one an interval, while these speak; return who was seated."""
    seats = []
    for turn in range(first, last):
        speak(machine, turn * INTERVAL_MS, speakers, turn + 1, **more)
        row = machine.round(turn * INTERVAL_MS, 10, 5)
        assert (row is not None) == machine.seated
        seats.append(machine.seated)
    return seats


def test_seats_go_by_rank_and_a_dead_delegate_is_replaced_within_3_intervals():
    """REQ-CLUSTER-2, REQ-CLUSTER-7."""
    standby = node(4)
    assert rounds(standby, (1, 2, 3), 0, 10) == [False] * 10
    seats = rounds(standby, (1, 3), 10, 20)  # node 2 spoke last in interval 9
    assert seats == [False] * 2 + [True] * 8
    assert rounds(standby, (1, 2, 3), 20, 23) == [False] * 3, "back, and better in rank"
    last = node(5)
    rounds(last, (1, 2, 3), 0, 10)
    assert rounds(last, (1, 3, 4), 10, 20) == [False] * 10, "another was next"
    assert rounds(last, (1, 3), 20, 30).index(True) == 2
    assert node(1).round(0, 10, 5) is not None, "the first in rank speak at once"
    assert node(4).round(0, 10, 5) is None


def test_a_delegate_without_an_entry_that_others_have_is_passed_over():
    """REQ-CLUSTER-2."""
    standby = node(4)
    full, empty = ((0, 5, 0), (100, 4, 1)), ((0, 5, 0), (0, 0, NEVER))
    for turn in range(20):
        now_ms = turn * INTERVAL_MS
        speak(standby, now_ms, (1, 2) if turn > 5 else (1, 2, 3), turn + 1, entries=full)
        speak(standby, now_ms, FAR[:3], turn + 1, entries=full)
        if turn > 5:
            speak(standby, now_ms, (3,), turn + 1, entries=empty)
        standby.round(now_ms, 10, 5)
        assert standby.seated == (turn > 7)
    healthy = node(4)
    rounds(healthy, (1, 2, 3), 0, 20, entries=empty)
    assert not healthy.seated, "what nobody knows is not lacking"


def test_plain_members_are_told_the_head_alone():
    """REQ-CLUSTER-1."""
    plan = Plan(1, 0, (9, 4), HOME, ((1, FAR),), 1, INTERVAL_MS, -1000, 1000)
    machine = Cluster(plan, 7)
    whole = cluster_row.Row()
    assert cluster_row.unpack(bytes(machine.round(0, 70, 9)), whole)
    head = cluster_row.Row()
    assert cluster_row.unpack(bytes(machine.head()), head) and len(head.payload) == 19
    for name in ("node", "session", "seq", "term", "cluster", "fleet_q"):
        assert getattr(head, name) == getattr(whole, name)
    assert (whole.count, head.count) == (2, 0)
    assert node().head() is None, "where all are candidates"
    member = Cluster(Plan(9, 0, (9, 4), HOME, (), 1, INTERVAL_MS, -1000, 1000), 1)
    assert member.hear(0, 1, head.payload) and not member.hear(0, 1, whole.payload)
    other = Cluster(Plan(2, 0, (9, 4), HOME, (), 1, INTERVAL_MS, -1000, 1000), 1)
    assert other.hear(0, 1, whole.payload) and not other.hear(0, 1, head.payload)


def test_terms_go_on_by_the_own_count_or_with_F_plus_1_others():
    """REQ-CLUSTER-8."""
    machine = node(4, term_intervals=10)
    rounds(machine, (1, 2, 3), 0, 9)
    assert machine.term == 0
    rounds(machine, (1, 2, 3), 9, 12)
    assert machine.term == 1 and machine.seated  # ranks begin at place 3
    liar = node(4)
    for turn in range(5):
        speak(liar, turn * INTERVAL_MS, (1,), turn + 1, term=500)
        speak(liar, turn * INTERVAL_MS, (2, 3), turn + 1, term=3)
        liar.round(turn * INTERVAL_MS, 10, 5)
    assert liar.term == 3, "one liar of F = 1 takes nobody along"
    rounds(liar, (1, 2, 3), 5, 8, term=65000)
    assert liar.term == 3, "behind, on the ring"
    fresh = node(4)
    rounds(fresh, (1, 2, 3), 0, 2, term=65000)
    assert fresh.term == 65000, "a node that has just started goes with the others"


def heard_from(machine, said, turn=0, faults_max=1):
    """Let delegates of the far cluster say (value, size, age) of it, then do a round."""
    for number, entry in zip(FAR, said, strict=False):
        row = row_of(number, 1, ((0, 5, 1), entry), seq=turn + 1)
        machine.hear(turn * INTERVAL_MS, number, row)
    machine.round(turn * INTERVAL_MS, 10, 5)
    return machine.value_q[1], machine.size[1], machine.age[1]


def test_an_entry_is_the_median_of_2F_plus_1_voices():
    """REQ-CLUSTER-3, REQ-CLUSTER-6."""
    assert heard_from(node(), [(100, 4, 0), (102, 3, 2)]) == (0, 0, NEVER), "two are too few"
    assert heard_from(node(), [(100, 4, 0), (102, 3, 2), (900, 4, 0)]) == (102, 4, 1)
    assert heard_from(node(), [(100, 4, 0), (102, 3, 2), (0, 0, NEVER)]) == (0, 0, NEVER)
    assert heard_from(node(), [(100, 4, 9), (102, 4, 9), (-900, 65535, 0)]) == (100, 4, 10)
    assert heard_from(node(), [(5000, 99, 0)] * 3) == (1000, 4, 1), "cut to range and size"
    even = [(100, 4, 0), (103, 4, 0), (105, 4, 0), (-900, 4, 0)]
    assert heard_from(node(), even) == (102, 4, 1)
    machine = node()
    assert heard_from(machine, [(100, 4, 3)] * 3) == (100, 4, 4)
    assert heard_from(machine, [(200, 4, 4)] * 3, 1) == (100, 4, 5), "not newer"
    assert heard_from(machine, [(200, 4, 3)] * 3, 2) == (200, 4, 4)


def test_an_entry_grows_old_and_goes():
    """REQ-CLUSTER-3."""
    machine = node(age_max=4)
    heard_from(machine, [(100, 4, 0)] * 3)
    ages = []
    for turn in range(1, 8):
        machine.round(turn * INTERVAL_MS, 10, 5)
        ages.append(machine.age[1])
        assert machine.said_q == (50 if turn < 6 else 10)
    assert ages == [1, 1, 2, 3, 4, NEVER, NEVER], "a row counts as new while it is fresh"


def test_a_cluster_of_200_weighs_100_times_a_cluster_of_2():
    """REQ-CLUSTER-4."""
    plan = Plan(1, 0, (2, 200), (1, 2), ((1, (11, 12, 13)),), 0, 100, 0, 10_000)
    machine = Cluster(plan, 1)
    machine.hear(0, 11, row_of(11, 1, ((0, 1, 1), (1000, 200, 0))))
    machine.round(0, 9000, 2)
    assert machine.said_q == 1079 == round((2 * 9000 + 200 * 1000) / 202)
    machine.round(100, 9000, 1)  # one member of the two is away
    assert machine.said_q == round((9000 + 200 * 1000) / 201)


def test_members_follow_the_median_of_their_delegates():
    """REQ-CLUSTER-5."""
    plan = Plan(9, 0, (9, 4), HOME, (), 1, INTERVAL_MS, -1000, 1000)
    member = Cluster(plan, 1)
    assert member.round(0, 33, 9) is None and member.held and member.fleet_q == 33

    def say(turn, said):
        for number, fleet_q in said:
            row = row_of(number, seq=turn + 1, fleet_q=fleet_q, entries=())
            assert member.hear(turn * INTERVAL_MS, number, row)
        assert member.round(turn * INTERVAL_MS, 33, 9) is None
        return member.fleet_q, member.held

    assert say(1, [(1, 50), (2, 51)]) == (33, True)
    assert say(2, [(1, 50), (2, 51), (3, Q_MAX)]) == (51, False)
    assert say(3, [(1, 60), (2, 61)]) == (61, False), "the liar's word is still fresh"
    assert say(6, [(1, 70), (2, 71)]) == (61, True), "two of three: it rests"
    assert say(7, [(1, 70), (2, 71), (4, -Q_MAX), (5, 72)]) == (71, False)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sizes": []}, "sizes"),
        ({"sizes": [5, 20000]}, "sizes"),
        ({"own": 2}, "own"),
        ({"candidates": [[1, "n01"], [2, "n02"]]}, "candidates"),
        ({"near": [[1, [[11, "n11"]]]]}, "cluster 1 has 1"),
        ({"age_max": 251}, "age_max"),
        ({"faults_max": None}, "not as"),
        ({"near": 5}, "not as"),
    ],
)
def test_what_is_no_configuration_is_refused_with_a_sentence(change, named):
    hierarchy = ring_of((5, 4), 1)
    ids = {number: f"n{number:02}" for number in range(1, 10)}
    settings = SimpleNamespace(node=1, period_ms=100, lo_q=0, hi_q=9)
    config = hierarchy.node_config(1, ids)
    assert clusters.load(settings, config, 1)[1] is None
    machine, problem = clusters.load(settings, {**config, **change}, 1)
    assert machine is None and problem.startswith("cluster: ") and named in problem


def test_a_hierarchy_that_cannot_be_is_refused():
    with pytest.raises(UserError, match="of 2 has no 3 delegates"):
        check(ring_of((5, 2, 5), 1))
    with pytest.raises(UserError, match="only 1 of 2"):
        check(Hierarchy(((1, 2, 3), (4, 5, 6)), ((), ()), 1))
    check(ring_of((5, 4, 5, 9), 1))
    assert ring_of((5,) * 8, 1).hops == 4
