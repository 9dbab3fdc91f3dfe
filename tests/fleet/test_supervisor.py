"""Nodes are kept: restarted with growing waits, given up at last, frozen, killed and stopped."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from quelea.fleet import interpreter, nodelog, supervisor
from quelea.fleet.forkserver import Launcher, LaunchError
from quelea.fleet.interpreter import Interpreter
from quelea.fleet.supervisor import Event, NodeSpec, RestartPolicy, Supervisor
from waiting import alive, until

Need = Callable[..., object]
WAIT_S = 20.0
SLEEP = "import time\nprint('up')\nwhile True:\n time.sleep(1)\n"
FAST = RestartPolicy(backoff_s=0.02, backoff_max_s=0.1, restarts_max=3, window_s=30.0)


@pytest.fixture(scope="module")
def runtime() -> Interpreter:
    return interpreter.find()


@pytest.fixture(scope="module")
def launcher(runtime: Interpreter) -> Iterator[Launcher]:
    with Launcher(runtime.linked_folder) as made:
        yield made


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def keeper(launcher: Launcher, events: list[Event]) -> Iterator[Supervisor]:
    with Supervisor(launcher, events.append, FAST) as made:
        yield made


@pytest.fixture
def node(runtime: Interpreter, tmp_path: Path) -> Callable[..., NodeSpec]:
    def make(node_id: str = "n01", script: str = SLEEP) -> NodeSpec:
        folder = tmp_path / node_id
        folder.mkdir(exist_ok=True)
        (folder / "main.py").write_text(script)
        argv = runtime.argv("main.py", 64)
        return NodeSpec(node_id, argv, folder, folder / "log.txt", linked=runtime.linked)

    return make


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def test_started_and_stopped(
    keeper: Supervisor, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    keeper.start(node())
    pid = keeper.pid("n01")
    assert pid is not None and alive(pid) and keeper.state("n01") == supervisor.RUNNING
    until(lambda: keeper.log("n01") == ["up"], WAIT_S, "its output")
    keeper.stop("n01")
    assert keeper.state("n01") == supervisor.STOPPED and keeper.pid("n01") is None
    until(lambda: len(events) == 2, WAIT_S, "both events")
    assert kinds(events) == ["started", "exited"]
    assert events[0].pid == events[1].pid == pid
    assert events[1].wanted and events[1].code == 130  # an interrupt that nobody caught
    assert "KeyboardInterrupt" in keeper.log("n01")[-1]
    keeper.start(node())  # a stopped one may start again
    assert keeper.starts("n01") == 1 and keeper.pid("n01") != pid


def test_an_id_runs_once(keeper: Supervisor, node: Callable[..., NodeSpec]) -> None:
    keeper.start(node())
    with pytest.raises(ValueError, match="n01 is running"):
        keeper.start(node())


def test_a_node_that_cannot_start_is_the_callers_matter(
    keeper: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(LaunchError):
        keeper.start(NodeSpec("n01", ["/nowhere/micropython"], tmp_path, tmp_path / "log"))
    assert keeper.ids() == []


def test_exit_restart_give_up(
    keeper: Supervisor, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    """Every exit is followed by a longer wait, the one after restarts_max by none."""
    keeper.start(node(script="import sys\nprint('bye')\nsys.exit(9)"))
    until(lambda: "gave_up" in kinds(events), WAIT_S, "the end")
    assert kinds(events) == ["started", "exited", *["restarted", "exited"] * 3, "gave_up"]
    exits = [event for event in events if event.kind == "exited"]
    starts = [event for event in events if event.kind == "restarted"]
    assert all(event.code == 9 and not event.wanted for event in exits)
    waits_s = [start.at_s - end.at_s for start, end in zip(starts, exits)]
    assert waits_s[0] >= 0.02 and waits_s[1] >= 0.04 and waits_s[2] >= 0.08
    assert keeper.state("n01") == supervisor.GIVEN_UP and keeper.starts("n01") == 4
    assert keeper.log("n01") == ["bye"] * 4
    assert keeper.log("n01", 2) == ["bye"] * 2


def test_old_exits_are_forgotten(
    launcher: Launcher, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    policy = RestartPolicy(backoff_s=0.01, backoff_max_s=0.01, restarts_max=1, window_s=0.1)
    script = "import time\ntime.sleep(0.2)\n"
    with Supervisor(launcher, events.append, policy) as keeper:
        keeper.start(node(script=script))
        until(lambda: kinds(events).count("restarted") >= 4, WAIT_S, "more than restarts_max")
        assert "gave_up" not in kinds(events)


def test_kill_is_followed_by_a_restart_and_never_by_giving_up(
    keeper: Supervisor, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    keeper.start(node())
    for round_ in range(1, FAST.restarts_max + 3):
        pid = keeper.pid("n01")
        assert keeper.kill("n01")
        until(lambda n=round_: keeper.starts("n01") == n + 1, WAIT_S, "the restart")
        assert pid is not None and not alive(pid)
    exits = [event for event in events if event.kind == "exited"]
    assert all(event.wanted and event.code == -signal.SIGKILL for event in exits)
    down_s = 0.3
    keeper.kill("n01", down_s)
    until(lambda: kinds(events)[-1] == "exited", WAIT_S, "the exit")
    until(lambda: kinds(events)[-1] == "restarted", WAIT_S, "the restart")
    assert events[-1].at_s - events[-2].at_s >= down_s


def test_a_death_from_outside_is_unexpected(
    keeper: Supervisor, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    keeper.start(node())
    os.kill(keeper.pid("n01") or 0, signal.SIGSEGV)
    until(lambda: "restarted" in kinds(events), WAIT_S, "the restart")
    assert events[1].code == -signal.SIGSEGV and not events[1].wanted


def test_pause_and_resume(
    keeper: Supervisor, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    script = "import time\nn = 0\nwhile True:\n n += 1\n print(n)\n time.sleep_ms(5)\n"
    keeper.start(node(script=script))
    until(lambda: keeper.log("n01"), WAIT_S, "its output")
    assert keeper.pause("n01")
    until(lambda: stopped(keeper.pid("n01")), WAIT_S, "the stop")
    before = keeper.log("n01")
    time.sleep(0.1)  # twenty steps of a node that runs
    assert keeper.log("n01") == before and keeper.state("n01") == supervisor.RUNNING
    assert keeper.resume("n01")
    until(lambda: len(keeper.log("n01", 10**6)) > len(before), WAIT_S, "more output")
    until(lambda: kinds(events)[-2:] == ["paused", "resumed"], WAIT_S, "both events")


def stopped(pid: int | None) -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_stop_all_is_bounded_and_names_the_stubborn(
    keeper: Supervisor, node: Callable[..., NodeSpec], tmp_path: Path
) -> None:
    """A paused node ends when asked as well; one that ignores all is killed in the end."""
    keeper.start(node("n01"))
    keeper.start(node("n02"))
    ready = tmp_path / "ready"
    deaf = f"trap '' TERM INT; echo > {ready}; while :; do sleep 0.05; done"
    keeper.start(NodeSpec("n03", ["/bin/sh", "-c", deaf], tmp_path, tmp_path / "log"))
    until(ready.exists, WAIT_S, "the trap")
    keeper.pause("n02")
    pids = [keeper.pid(node_id) or 0 for node_id in keeper.ids()]
    begin_s = time.monotonic()
    assert keeper.stop_all(grace_s=0.5) == ["n03"]
    assert time.monotonic() - begin_s < 2 * 0.5 + supervisor.KILL_S
    assert not any(alive(pid) for pid in pids)
    assert {keeper.state(node_id) for node_id in keeper.ids()} == {supervisor.STOPPED}
    assert keeper.stop_all() == []


def test_a_node_that_hangs_is_ended_by_the_second_signal(
    keeper: Supervisor, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    deaf = "while True:\n try:\n  print('up')\n  time.sleep(60)\n except BaseException:\n  pass\n"
    keeper.start(node(script="import time\n" + deaf))
    until(lambda: keeper.log("n01"), WAIT_S, "its output")
    assert keeper.stop_all(grace_s=0.3) == []
    until(lambda: kinds(events)[-1] == "exited", WAIT_S, "the exit")
    assert events[-1].code == -signal.SIGTERM and keeper.log("n01") == ["up", "up"]


def test_nodes_leave_in_order(
    keeper: Supervisor, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    script = "import sys, time\nprint('up')\ntry:\n time.sleep(60)\n"
    script += "except KeyboardInterrupt:\n print('good bye')\n sys.exit(0)\n"
    keeper.start(node(script=script))
    until(lambda: keeper.log("n01"), WAIT_S, "its output")
    assert keeper.stop_all() == []
    assert keeper.log("n01") == ["up", "good bye"]
    until(lambda: kinds(events)[-1] == "exited", WAIT_S, "the exit")
    assert events[-1].code == 0 and events[-1].wanted


@pytest.mark.parametrize("how", ["stop", "stop_all"])
def test_a_waiting_node_is_not_started_after_a_stop(
    how: str, launcher: Launcher, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    with Supervisor(launcher, events.append, RestartPolicy(backoff_s=0.3)) as keeper:
        keeper.start(node(script="pass"))
        until(lambda: keeper.state("n01") == supervisor.WAITING, WAIT_S, "the wait")
        if how == "stop":
            keeper.stop("n01")
        else:
            keeper.stop_all()
        assert keeper.state("n01") == supervisor.STOPPED
        keeper.start(node("n02"))  # the thread is alive and past the time of the restart
        time.sleep(0.5)
        assert keeper.starts("n01") == 1 and keeper.state("n01") == supervisor.STOPPED


def test_usage(keeper: Supervisor, node: Callable[..., NodeSpec], need: Need) -> None:
    need(sys.platform.startswith("linux"), "/proc", "running on Linux")
    keeper.start(node(script="import time\nwhile True:\n pass\n"))
    keeper.start(node("n02"))
    until(lambda: keeper.usage()["n01"].cpu_s > 0.05, WAIT_S, "CPU time of the busy one")
    used = keeper.usage()
    assert set(used) == {"n01", "n02"} and used["n02"].cpu_s < used["n01"].cpu_s
    assert all(100 < use.private_kb < 8000 for use in used.values())


def test_a_listener_that_raises_does_not_stop_the_keeper(
    launcher: Launcher, node: Callable[..., NodeSpec], capsys: pytest.CaptureFixture[str]
) -> None:
    def listen(event: Event) -> None:
        raise RuntimeError(event.kind)

    with Supervisor(launcher, listen, FAST) as keeper:
        keeper.start(node())
        keeper.kill("n01")
        until(lambda: keeper.starts("n01") == 2, WAIT_S, "the restart")
    assert "RuntimeError: started" in capsys.readouterr().err


def test_lost_helper_ends_in_giving_up(
    runtime: Interpreter, node: Callable[..., NodeSpec], events: list[Event]
) -> None:
    with Launcher(runtime.linked_folder) as launcher:
        with Supervisor(launcher, events.append, FAST) as keeper:
            keeper.start(node())
            os.kill(launcher.pid, signal.SIGKILL)
            until(lambda: keeper.state("n01") == supervisor.GIVEN_UP, WAIT_S, "giving up")
        until(lambda: "gave_up" in kinds(events), WAIT_S, "the event")


# -- logs -----------------------------------------------------------------------------------------


def test_log_that_grows_is_cut_while_the_node_writes(
    keeper: Supervisor,
    node: Callable[..., NodeSpec],
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nodelog, "TAIL_BYTES", 2000)
    script = "import time\nn = 0\nwhile True:\n n += 1\n print('line', n)\n time.sleep_ms(1)\n"
    keeper.start(node(script=script))
    log = keeper._nodes["n01"].spec.log
    until(lambda: log.exists() and log.stat().st_size > 5000, WAIT_S, "a long log")
    last = int(keeper.log("n01", 1)[0].split()[1])
    assert nodelog.cut(log, 4000) > 2000
    assert log.stat().st_size < 4000
    assert "bytes dropped" in log.read_text().splitlines()[0]
    until(lambda: newest(keeper) > last + 50, WAIT_S, "lines after the cut")
    assert log.stat().st_size < 50_000  # no hole where the old text was
    assert nodelog.cut(log, 10**9) == 0


def newest(keeper: Supervisor) -> int:
    words = [line.split() for line in keeper.log("n01", 3)]
    return max(int(w[1]) for w in words[:-1] if len(w) == 2 and w[0] == "line")


def test_tail_of_long_lines_and_missing_files(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert nodelog.tail(log, 5) == []
    log.write_bytes(b"x" * 100_000 + b"\nlast \xff\n")
    assert nodelog.tail(log, 5) == ["last \ufffd"]
    assert nodelog.tail(log, 0) == []
    assert nodelog.cut(tmp_path / "missing") == 0
