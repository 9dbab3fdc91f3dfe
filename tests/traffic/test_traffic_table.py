"""The table: what is kept, resumed, summed up and held; and flags that are refused."""

import json
from pathlib import Path

import pytest
from quelea.errors import UserError
from quelea.traffic import controllers, networks, store, table
from quelea.traffic.command import Options, command
from quelea.traffic.run import Job, run
from test_traffic_world import need_sumo


def row(network: str, controller: str, seed: int, delay_s: float) -> store.Row:
    return {
        "network": network, "controller": controller, "seed": seed, "liars": 0, "cuts": 0,
        "options": [], "delay_s": delay_s, "waiting_s": 1.0, "trip_s": 2.0, "cars": 10,
        "arrived": 9, "teleports": 0, "messages": 1.5,
    }  # fmt: skip


def rows(ours_s: float, best_s: float, jam_s: float = 0.0) -> list[store.Row]:
    found = []
    for network in networks.NETWORKS:
        for name in table.BASELINES:
            found += [row(network.name, name, seed, best_s + 1) for seed in (6, 7, 8)]
        found += [row(network.name, "greedy", 9, best_s)] * 3
        delays_s = (ours_s, ours_s, jam_s or ours_s)
        found += [
            row(network.name, controllers.OURS, 6 + at, one) for at, one in enumerate(delays_s)
        ]
    return found


def test_what_is_held_fails_where_it_should() -> None:
    good = {check["name"]: check["ok"] for check in table.checks(rows(10.0, 20.0))}
    assert all(good.values())
    assert good["networks on which ours is best"]
    bad = {check["name"]: check["ok"] for check in table.checks(rows(23.0, 20.0, jam_s=200.0))}
    assert not bad["networks on which ours is best"]
    assert not bad["cologne3: delay to the best other's"]
    assert not bad["cologne3: gridlocks"]
    assert "arterial4x4: gridlocks" not in bad
    assert not bad["cologne1: median delay"] and bad["ingolstadt7: median delay"]


def test_a_table_goes_on_where_it_stopped(tmp_path: Path) -> None:
    need_sumo()
    path = tmp_path / "results.jsonl"
    todo = [Job("grid", name, 1, seconds=60) for name in ("fixed", "greedy")]
    said: list[str] = []
    first = run(todo[0]).row()
    path.write_text(json.dumps(first) + '\n{"network": "gri')  # stopped while writing
    both = table.gather(todo, path, 1, said.append)
    assert both[0] == json.loads(json.dumps(first))
    assert len(store.load(path)) == 2
    assert any("1 of 2 runs to do" in text for text in said)
    assert table.gather(todo, path, 0, said.append) == both


def test_rows_of_ours_count_only_with_the_code_that_made_them(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    now = row("cologne1", controllers.OURS, 6, 15.0) | {"code": store.code()}
    stale = row("cologne1", controllers.OURS, 7, 99.0) | {"code": "0" * 12}
    unknown = row("cologne1", controllers.OURS, 8, 99.0)
    other = row("cologne1", "greedy", 6, 20.0)
    path.write_text("".join(json.dumps(one) + "\n" for one in (now, stale, unknown, other)))
    todo = table.jobs(["cologne1"], ["greedy", controllers.OURS], (6, 7, 8))
    assert table.gather(todo, path, 0, print) == [other, now]


def test_what_is_not_decided_with_does_not_change_the_code() -> None:
    source = 'x = 1\n\n\ndef f() -> int:\n    """Say."""\n    return 2  # why\n'
    assert store.statements(source) == store.statements(source.replace("Say", "Tell"))
    assert store.statements(source) == store.statements(source.replace("  # why", ""))
    assert store.statements(source) != store.statements(source.replace("2", "3"))


def test_a_record_is_json_with_a_row_a_line() -> None:
    found = rows(10.0, 20.0)
    text = table.record(table.summaries(found), table.checks(found))
    document = json.loads(text)
    assert len(document["table"]) == 8 * 6
    assert len(text.splitlines()) == len(document["table"]) + len(document["checks"]) + 4


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        (Options(), "NETWORK"),
        (Options("cologne3", every=True), "NETWORK"),
        (Options("nowhere"), "NETWORK"),
        (Options("grid", controller="luck"), "--controller"),
        (Options("grid", controller="fixed", liars=1), "--controller"),
        (Options("grid", jobs=3), "--jobs"),
        (Options("grid", seeds=2, gui=True), "--gui"),
        (Options("grid", fleet=True, liars=1), "--fleet"),
        (Options("grid", lie="white"), "--lie"),
    ],
)
def test_what_cannot_be_is_refused(options: Options, flag: str) -> None:
    with pytest.raises(UserError) as caught:
        command(options)
    assert caught.value.where == flag
    assert caught.value.why or caught.value.remedy
