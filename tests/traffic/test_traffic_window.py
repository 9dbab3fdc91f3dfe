"""`quelea traffic --gui`: what is started, and what is said where no window can be."""

from typing import Any

import pytest
from quelea.errors import UserError
from quelea.traffic import world
from quelea.traffic.run import Job, Result, run
from test_traffic_world import need_sumo

JOB = Job("grid", "agents", 2, seconds=60)


def windowless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command line and socket for SUMO without its window: it takes all options."""
    need_sumo()
    monkeypatch.setattr(world, "WINDOW", "sumo")
    monkeypatch.setenv("DISPLAY", ":99")


def figures(result: Result) -> tuple[float, float, int, float]:
    return result.delay_s, result.trip_s, result.arrived, result.messages


def test_over_the_socket_a_run_is_the_same(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    windowless(monkeypatch)
    assert figures(run(JOB, gui=True)) == figures(run(JOB))
    assert capfd.readouterr().out == ""  # --json prints one object


def test_without_a_display_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    need_sumo()
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(world.sys, "platform", "linux")
    with pytest.raises(UserError) as caught:
        run(JOB, gui=True)
    assert caught.value.where == "--gui"
    assert "--png" in caught.value.remedy


def test_a_display_that_is_not_there_is_an_error_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need_sumo()
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(UserError) as caught:
        run(JOB, gui=True)
    assert caught.value.where == "--gui"


def test_a_window_that_is_closed_ends_the_run_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    windowless(monkeypatch)

    def close(here: Any, _: Any) -> None:
        if here.now_s == here.network.begin_s + 20:
            here.sumo.getConnection()._process.kill()

    with pytest.raises(UserError, match="before the run was over"):
        run(JOB, gui=True, watch=close)
