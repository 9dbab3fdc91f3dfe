"""The verdict on delegates sees what is wrong: each check with rows that break it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from quelea.errors import UserError
from quelea.fleet import clusters, delegates
from quelea.fleet.options import FleetOptions
from quelea.fleet.verdict import Verdict
from quelea_proto import cluster_row

OPTIONS = FleetOptions(clusters=2, nodes=10, seconds=20, said=("nodes",))
INTERVAL_US = 500_000
SETTLED = (100, 300)  # value by cluster; sizes are 5 and 5, the mean is 200


def row_of(number, cluster, seq, values=SETTLED, sizes=(5, 5), ages=(0, 0), fleet_q=None):
    """Return the bytes of a delegate's row."""
    total = sum(sizes)
    mean = sum(v * s for v, s in zip(values, sizes, strict=True))
    out = bytearray(cluster_row.row_bytes(2))
    fleet_q = (2 * mean + total) // (2 * total) if fleet_q is None else fleet_q
    cluster_row.pack_head(out, number, 1, seq, 0, cluster, fleet_q, 2)
    for at in range(2):
        age = ages[at] if at == cluster else ages[at] + 1
        cluster_row.pack_entry(out, at, values[at], sizes[at], age)
    cluster_row.seal(out)
    return bytes(out)


class Run:
    """A journal of 20 intervals with three delegates a cluster, 2..4 and 6..8; 1 lies."""

    def __init__(self):
        self.rows, self.said, self.broken = [], [], []
        for turn in range(20):
            for number in (1, 2, 3, 6, 7, 8):
                self.say(turn, number)
        for number in range(2, 11):
            self.status(number, 200)

    def say(self, turn, number, **what):
        row = row_of(number, int(number > 5), int(turn) + 1, **what)
        self.rows.append(
            SimpleNamespace(t_us=int(turn * INTERVAL_US), source=number, channel="ct", payload=row)
        )

    def status(self, number, fleet_q, held=False, turn=20):
        document = {"cluster": {"fleet_q": fleet_q, "held": held}}
        self.said.append(SimpleNamespace(t_us=turn * INTERVAL_US, node=number, document=document))

    def fault(self, name, target, turn):
        self.broken.append(
            SimpleNamespace(
                name=name, target=target, from_us=int(turn * INTERVAL_US), to_us=None, fired=1
            )
        )

    def frames(self, good=True):
        assert good is None
        return sorted(self.rows, key=lambda row: row.t_us)

    def statuses(self):
        return sorted(self.said, key=lambda row: row.t_us)

    def faults(self):
        return self.broken

    def failed(self):
        verdict = Verdict([])
        delegates.judge_delegates(verdict, self, clusters.make(OPTIONS))
        return [check.name for check in verdict.checks if not check.ok]


def test_a_good_run_holds():
    assert Run().failed() == []


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ({"values": (100, 310)}, "entries outside what honest delegates said"),
        ({"sizes": (5, 6)}, "entries outside what honest delegates said"),
        ({"fleet_q": 199}, "means that are not those of their entries"),
    ],
)
def test_an_honest_row_that_is_wrong_is_seen(what, name):
    run = Run()
    run.say(10, 2, **what)
    assert run.failed() == [name]


def test_what_was_true_too_long_ago_is_seen():
    run = Run()
    run.rows.clear()
    for turn in range(60):
        for number in (1, 2, 3):
            run.say(turn, number)
        for number in (6, 7, 8):
            run.say(turn, number, values=(100, 300 if turn < 20 else 400))
    for status in run.said:
        status.t_us = 60 * INTERVAL_US
    assert "entries outside what honest delegates said" in run.failed()


def test_a_node_that_strays_or_waits_is_seen():
    run = Run()
    run.status(4, 230, turn=19)
    assert run.failed() == ["nodes that strayed from their delegates"]
    run = Run()
    run.status(4, 200, held=True, turn=21)
    assert run.failed() == ["nodes without the fleet's value at the end"]


def test_a_node_that_never_agrees_is_seen():
    run = Run()
    for row in run.said:
        if row.node == 4:
            row.document["cluster"]["fleet_q"] = 230
    assert "the fleet's value, least spread" in run.failed()


def test_a_late_successor_is_seen():
    for late, failed in ((2.6, []), (3.4, ["a successor of n06"])):
        run = Run()
        run.rows = [row for row in run.rows if row.source != 6 or row.t_us < 10 * INTERVAL_US]
        run.fault("node-kill", "n06", 9.5)
        run.say(9.5 + late, 9)
        assert run.failed() == failed


def test_lies_must_have_been_told():
    run = Run()
    run.rows = [row for row in run.rows if row.source != 1]
    run.say(5, 3)
    assert "lies of delegates" in run.failed()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"nodes": 9}, "--clusters"),
        ({"clusters": 1}, "--clusters"),
        ({"liars": 3, "said": ("nodes", "liars")}, "--liars"),
        ({"mode": "exact", "liars": 0, "said": ("nodes", "liars")}, "--mode"),
        ({"limit": 500}, "--limit"),
        ({"topology": "ring"}, "--topology"),
        ({"auth": "pairwise"}, "--auth"),
    ],
)
def test_what_cannot_be_is_refused(change, where):
    with pytest.raises(UserError) as caught:
        clusters.make(replace(OPTIONS, **change))
    assert caught.value.where == where


def test_the_plan_of_a_fleet():
    plan = clusters.make(FleetOptions(clusters=4))
    assert plan.topology.node_count == 24 and plan.hierarchy.sizes == (5, 5, 5, 9)
    assert plan.liars == (1,) and plan.victim == 17 and plan.options.rule == "midpoint"
    assert plan.certificate.faults_max == 1 == plan.faults_max
    config = plan.configs[17]
    assert [row[0] for row in config["neighbours"]] == [16, *range(18, 25)]
    assert config["cluster"]["own"] == 3 and config["cluster"]["counted"] is True
    assert [row[0] for row in config["cluster"]["near"]] == [0, 2]
    assert plan.configs[1]["attack"]["delegate"] is True
