"""The process that starts all others: run by path, standard library only, one thread.

It is kept apart from the host program because a fork copies whatever the parent has loaded: from
this small process a node costs about 1 MB of its own, from the host it would cost tens. Where the
interpreter is linked into CPython it is imported once, here, and a node is a fork that calls it.
Everything else is fork and exec.

It speaks one JSON object a line on the socket whose number is its first argument:
  in   {"op": "spawn", "tag", "argv", "cwd", "env", "log", "linked", "name"}
       {"op": "signal", "tags": [...], "signum"}
  out  {"tag", "pid", "log_lost"} | {"tag", "error"}   answer to a spawn
       {"signalled": [tags that were alive]}           answer to a signal
       {"tag", "exit": code}                           a child ended; -n: by signal n
When the socket closes, because the host ended in whatever way, all children are killed. When this
process is killed, Linux kills them (PR_SET_PDEATHSIG).
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
PR_SET_NAME = 15
EXIT_NOT_STARTED = 127  # what a shell answers for a command that cannot be run
PARENT_CHECK_S = 1.0  # a forked copy of the host can hold the socket open after the host's death
LINE_BYTES_MAX = 1 << 20  # a request longer than this is a fault of our own

Run = Callable[[list[str]], int]


def load_linked(folder: str) -> Run | None:
    """Import the interpreter that is a CPython extension in folder; None without a folder."""
    if not folder:
        return None
    sys.path.append(folder)
    import micropython_run

    sys.path.remove(folder)
    run: Run = micropython_run.run_main
    return run


def load_prctl() -> Callable[..., int] | None:
    """Return Linux's prctl, or None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    call: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
    return call


class Server:
    """Children by tag; `own_fds` are closed in each child."""

    def __init__(self, control: socket.socket, run: Run | None) -> None:
        self.control = control
        self.run = run
        self.prctl = load_prctl()
        self.pid = os.getpid()
        self.parent_pid = os.getppid()
        self.pids: dict[int, int] = {}  # tag -> pid of a child not yet reaped
        self.tags: dict[int, int] = {}  # pid -> tag
        wake_in, wake_out = os.pipe()
        os.set_blocking(wake_in, False)
        os.set_blocking(wake_out, False)
        self.wake_in = wake_in
        self.own_fds = (control.fileno(), wake_in, wake_out)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(wake_out, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Answer until the socket closes or the host is gone."""
        control = self.control.fileno()
        inputs = [control, self.wake_in]
        pending = b""
        while os.getppid() == self.parent_pid:
            readable, _, _ = select.select(inputs, [], [], PARENT_CHECK_S)
            if self.wake_in in readable:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake_in, 4096)
                self.reap()
            if control in readable:
                chunk = self.control.recv(65536)
                if not chunk or len(pending) > LINE_BYTES_MAX:
                    return
                *lines, pending = (pending + chunk).split(b"\n")
                for line in lines:
                    self.answer(json.loads(line))

    def answer(self, request: dict[str, Any]) -> None:
        if request["op"] == "spawn":
            self.say(self.spawn(request))
        else:
            alive = [tag for tag in request["tags"] if tag in self.pids]
            for tag in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pids[tag], request["signum"])
            self.say({"signalled": alive})

    def say(self, message: dict[str, Any]) -> None:
        # A broken pipe means that the host is gone; serve() sees the end of the socket next.
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(message).encode() + b"\n")

    def spawn(self, request: dict[str, Any]) -> dict[str, Any]:
        """Fork a child; return once it runs its interpreter, or once its exec has succeeded.

        What can fail in a fork that stays is done before it, so that nobody waits for the child:
        a fleet starts twice as fast on a busy machine. Only an exec has its failure reported.
        """
        tag = request["tag"]
        if request["linked"] and self.run is None:
            return {"tag": tag, "error": "no linked interpreter was loaded"}
        opened: list[int] = []
        try:
            opened.append(os.open(request["cwd"], os.O_RDONLY | os.O_DIRECTORY))
            output, log_lost = open_log(request["log"])
            opened.append(output)
            if not request["linked"]:
                opened += os.pipe()
            pid = os.fork()
            if pid == 0:
                self.become(request, opened)
            failure = "" if request["linked"] else read_report(opened)
        except OSError as error:
            return {"tag": tag, "error": error.strerror or str(error)}
        finally:
            for fd in opened:
                os.close(fd)
        if failure:
            os.waitpid(pid, 0)
            return {"tag": tag, "error": failure}
        self.pids[tag] = pid
        self.tags[pid] = tag
        return {"tag": tag, "pid": pid, "log_lost": log_lost}

    def become(self, request: dict[str, Any], opened: list[int]) -> NoReturn:
        """Turn this fresh fork into the node; never returns into the server's loop."""
        status = EXIT_NOT_STARTED
        try:
            self.detach(request["name"])
            os.fchdir(opened[0])
            redirect(opened[1])
            if request["env"] is not None:
                os.environ.clear()
                os.environ.update(request["env"])
            if request["linked"] and self.run is not None:
                for fd in opened:
                    os.close(fd)
                status = self.run(request["argv"]) & 0xFF
            else:
                raise_file_limit()
                os.execvp(request["argv"][0], request["argv"])
        except BaseException as error:
            text = error.strerror if isinstance(error, OSError) else str(error)
            report = 2 if request["linked"] else opened[3]  # the node's log, or the one who waits
            with contextlib.suppress(OSError):
                os.write(report, (text or repr(error)).encode())
        finally:
            os._exit(status)

    def detach(self, name: str) -> None:
        """Own session, default signals, dies with the server, shows its name in `ps`."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        if self.prctl is not None:
            self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if name:
                self.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
        if os.getppid() != self.pid:  # the server died before the line above took effect
            os._exit(EXIT_NOT_STARTED)
        for fd in self.own_fds:
            os.close(fd)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            tag = self.tags.pop(pid, None)
            if tag is not None:
                del self.pids[tag]
                self.say({"tag": tag, "exit": os.waitstatus_to_exitcode(status)})

    def kill_all(self) -> None:
        for pid in self.pids.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self.pids.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def open_log(log: str) -> tuple[int, str]:
    """Return (descriptor of the log, ""); where that fails, of nothing, with the reason."""
    lost = ""
    if log:
        try:
            # O_APPEND: the keeper may cut the file while the node writes to it.
            return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), ""
        except OSError as error:
            lost = error.strerror or str(error)
    return os.open(os.devnull, os.O_RDWR), lost


def redirect(output: int) -> None:
    """Point standard input at nothing and both outputs at output."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)


def read_report(opened: list[int]) -> str:
    """Wait until the child's end of the pipe closes, by exec or by its exit; return its words."""
    os.close(opened.pop())  # our copy of the writing end
    with open(opened.pop(), "rb") as report:
        return report.read().decode(errors="replace")


def raise_file_limit() -> None:
    """Let a broker hold a thousand connections where the soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(argv: list[str]) -> None:
    """argv: number of the inherited socket, folder of the linked interpreter or nothing."""
    control = socket.socket(fileno=int(argv[1]))
    control.set_inheritable(False)
    server = Server(control, load_linked(argv[2]))
    gc.collect()
    gc.disable()  # a collection in a child would copy the pages it shares with this process
    gc.freeze()
    server.say({"ready": os.getpid()})
    try:
        server.serve()
    finally:
        server.kill_all()


if __name__ == "__main__":
    main(sys.argv)
