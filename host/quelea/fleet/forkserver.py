"""Start processes that cannot outlive this one: nodes by fork, everything else by exec.

One `Launcher` holds one small helper process (`forkserver_main.py`) and serves any number of
nodes and brokers. Its methods may be called from any thread.
"""

import itertools
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ANSWER_S = 20.0  # longest wait for the helper's answer: a fork takes 3 ms on a quiet machine
CLOSE_S = 5.0


class LaunchError(Exception):
    """A process could not be started, or the helper that starts them is gone."""


class Child:
    """A started process. `exit_code` is None while it runs, -n after death by signal n."""

    def __init__(self, launcher: "Launcher", tag: int, on_exit: Callable[["Child"], None] | None):
        self._launcher = launcher
        self._ended = threading.Event()
        self._on_exit = on_exit
        self.tag = tag
        self.pid = 0
        self.exit_code: int | None = None
        self.log_lost = ""  # why its log cannot be written; empty when it can

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit code, or None when it still runs after timeout_s."""
        self._ended.wait(timeout_s)
        return self.exit_code

    def signal(self, signum: int) -> bool:
        """Send a signal; False when the process has already ended (no stranger is ever hit)."""
        return bool(self._launcher.signal([self], signum))

    def end(self, code: int) -> None:
        """Called by the launcher once the process is gone."""
        if self.exit_code is None:
            self.exit_code = code
            self._ended.set()
            if self._on_exit is not None:
                self._on_exit(self)


class Launcher:
    """linked_folder: where the extension `micropython_run` lies, or None for exec only."""

    def __init__(self, linked_folder: Path | None = None) -> None:
        self._tags = itertools.count(1)
        self._children: dict[int, Child] = {}
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._ask_lock = threading.Lock()
        self._closed = False
        ours, theirs = socket.socketpair()
        main = Path(__file__).with_name("forkserver_main.py")
        # -I -S: nothing of the user's or the site's is loaded that each fork would then carry.
        command = [sys.executable, "-I", "-S", str(main), str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(linked_folder or "")],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is for us to pass on
            )
        self._socket = ours
        self._reader = threading.Thread(target=self._read, name="launcher", daemon=True)
        self._reader.start()
        self._take_answer("the helper process did not start")

    @property
    def pid(self) -> int:
        """Process id of the helper."""
        return self._process.pid

    def spawn(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        linked: bool = False,
        name: str = "",
        on_exit: Callable[[Child], None] | None = None,
    ) -> Child:
        """Start a process in its own session, both outputs appended to log; LaunchError if not.

        linked: run the linked interpreter in a fork; argv[0] is then only a name. env: the whole
        environment, None for ours. on_exit runs in the reader's thread and must not call back.
        """
        child = Child(self, next(self._tags), on_exit)
        command = [os.fspath(arg) for arg in argv]
        request: dict[str, Any] = {
            "op": "spawn",
            "tag": child.tag,
            "argv": command,
            "cwd": str(cwd),
            "env": None if env is None else dict(env),
            "log": "" if log is None else str(log),
            "linked": linked,
            "name": name,
        }
        self._children[child.tag] = child
        answer = self._ask(request)
        if "error" in answer:
            self._children.pop(child.tag, None)
            raise LaunchError(f"{command[0]}: {answer['error']}")
        child.pid = answer["pid"]
        child.log_lost = answer["log_lost"]
        return child

    def signal(self, children: Iterable[Child], signum: int) -> int:
        """Send one signal to many children; return how many of them were alive."""
        tags = [child.tag for child in children if child.exit_code is None]
        if not tags or self._closed:
            return 0
        answer = self._ask({"op": "signal", "tags": tags, "signum": int(signum)})
        return len(answer["signalled"])

    def close(self) -> None:
        """Kill what still runs and end the helper; takes CLOSE_S at most."""
        if self._closed:
            return
        self._closed = True
        self._socket.shutdown(socket.SHUT_WR)  # its end of the socket sees the end of the file
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(CLOSE_S)
        self._reader.join(CLOSE_S)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._ask_lock:  # one question at a time, so answers come in order
            try:
                self._socket.sendall(json.dumps(request).encode() + b"\n")
            except OSError as error:
                raise LaunchError(f"the helper process is gone: {error.strerror}") from None
            return self._take_answer("the helper process does not answer")

    def _take_answer(self, failure: str) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=ANSWER_S)
        except queue.Empty:
            answer = None
        if answer is None:
            raise LaunchError(failure)
        return answer

    def _read(self) -> None:
        pending = b""
        while True:
            try:
                chunk = self._socket.recv(65536)
            except OSError:
                chunk = b""
            if not chunk:
                break
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                message = json.loads(line)
                if "exit" in message:
                    self._children.pop(message["tag"]).end(message["exit"])
                else:
                    self._answers.put(message)
        for child in list(self._children.values()):
            child.end(-signal.SIGKILL)
        self._children.clear()
        self._answers.put(None)
