"""Intersections as MicroPython processes over a real broker take the simulator's decisions."""

from quelea.traffic.run import Job, run
from test_traffic_world import need_sumo

SECONDS = 120


def course(fleet: bool) -> tuple[list[tuple[str, ...]], float, float]:
    shown: list[tuple[str, ...]] = []
    result = run(
        Job("grid", "agents", 3, seconds=SECONDS),
        watch=lambda _, lamps: shown.append(tuple(lamp.shown for lamp in lamps)),
        fleet=fleet,
    )
    return shown, result.delay_s, result.messages


def test_processes_decide_as_the_simulator_does() -> None:
    need_sumo()
    simulated = course(fleet=False)
    assert simulated[2] > 0  # they had something to tell each other
    assert len({lamps for lamps in simulated[0]}) > 10
    assert course(fleet=True) == simulated
