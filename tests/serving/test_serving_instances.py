"""Instances, their optimum and what the usual placers make of them."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from quelea.errors import UserError
from quelea.serving import optimum, setting
from quelea.serving.baselines import BASELINES
from quelea.topology.draws import Draws


def small(name: str = "trace") -> setting.Instance:
    return setting.draw(name, 5, nodes=6)


@cache
def best() -> optimum.Best:
    return optimum.solve(small(), 10.0)


def legal(instance: setting.Instance, held: optimum.Held) -> bool:
    used = [sum(s for s, on in zip(instance.sizes, row, strict=True) if on) for row in held]
    return all(u <= memory for u, memory in zip(used, instance.memories, strict=True))


@pytest.mark.parametrize("name", setting.NAMES)
def test_an_instance_is_drawn_alike_and_loaded_as_it_says(name: str) -> None:
    instance = setting.draw(name, 3)
    assert instance == setting.draw(name, 3)
    assert optimum.digest(instance) != optimum.digest(setting.draw(name, 4))
    load = instance.demand_ms / sum(instance.times_ms)
    assert load == pytest.approx({"hard": 0.9, "trace": 0.8}[name], abs=0.03)
    assert all(len(row) == 4 for row in instance.neighbours)


@pytest.mark.parametrize("row", BASELINES, ids=[row[0] for row in BASELINES])
def test_nobody_places_more_than_fits_or_beats_the_bound(row: tuple) -> None:
    held = row[1](small(), Draws(1, 1))
    assert legal(small(), held)
    assert 0 < optimum.routed(small(), held) <= best().bound * 1.000001


def test_the_optimum_is_legal_and_its_routing_worth_what_it_says(tmp_path: Path) -> None:
    instance = small()
    best = optimum.Cache(tmp_path / "optima.json").best(instance, 5.0)
    held = np.zeros((instance.nodes, instance.models), bool)
    for node, models in enumerate(best.held):
        held[node, list(models)] = True
    assert legal(instance, held.tolist())
    assert optimum.routed(instance, held.tolist()) == pytest.approx(best.value)
    assert best.value <= best.bound <= best.value * 1.01
    again = optimum.Cache(tmp_path / "optima.json").best(instance, 0.0)  # 0 s: not solved again
    assert again.value == best.value


def test_a_record_of_requests_makes_the_mix(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv"
    head = "gmt_create,predict_status,exec_time_seconds,groupId,checkpoint_model_version_id\n"
    path.write_text(head + "x,SUCCEED,32.0,G1,M7\nx,FAILED,3.0,G1,M8\nx,SUCCEED,11,G2,M9\n")
    instance = setting.draw("trace", 1, requests=path)
    assert instance.models == 2
    assert sum(any(row) for row in instance.demands_ms) <= 2
    for text in (head, head + "x,SUCCEED,soon,G1,M7\n", "a,b\n1,2\n"):
        path.write_text(text)
        with pytest.raises(UserError):
            setting.draw("trace", 1, requests=path)
    with pytest.raises(UserError, match="cannot read"):
        setting.draw("trace", 1, requests=tmp_path / "none.csv")
