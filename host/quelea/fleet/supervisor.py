"""Keep node processes alive: restart policy, logs, faults on request, figures.

One thread of its own handles exits, waits and logs, and is the only one that calls `on_event`.
The methods may be called from any thread.
"""

import contextlib
import heapq
import queue
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from quelea.fleet import nodelog, procfs
from quelea.fleet.forkserver import Child, Launcher, LaunchError

LOG_CHECK_S = 5.0  # how often the sizes of the logs are looked at
# How a node is asked to end: an interrupt lets it say `disconnected`, SIGTERM ends one that hangs.
ASKING = (signal.SIGINT, signal.SIGTERM)
KILL_S = 5.0  # from SIGKILL to the exit's report; more only on a machine that does not run

# What a node can be. A paused node is still running.
NEW, RUNNING, WAITING, STOPPED, GIVEN_UP = "new", "running", "waiting", "stopped", "given_up"


@dataclass(frozen=True)
class RestartPolicy:
    """backoff_s doubles with each exit inside window_s, up to backoff_max_s.

    After restarts_max restarts inside window_s the next exit is the last: the node is given up.
    """

    backoff_s: float = 0.2
    backoff_max_s: float = 5.0
    restarts_max: int = 8
    window_s: float = 60.0


@dataclass(frozen=True)
class NodeSpec:
    """What to start: argv, linked and env as `Launcher.spawn` takes them."""

    node_id: str
    argv: Sequence[str]
    cwd: Path
    log: Path
    env: Mapping[str, str] | None = None
    linked: bool = False


@dataclass(frozen=True)
class Event:
    """kind: started, restarted, exited, gave_up, paused, resumed, log_lost, log_cut.

    at_s: time.monotonic(). code: exit status, -n after signal n, None where there is none.
    wanted: the exit was asked for (kill, stop). detail: for people.
    """

    kind: str
    node_id: str
    at_s: float
    pid: int = 0
    code: int | None = None
    wanted: bool = False
    detail: str = ""


@dataclass
class _Node:
    spec: NodeSpec
    state: str = NEW
    child: Child | None = None
    paused: bool = False
    stopping: bool = False  # the next exit is the end
    down_s: float | None = None  # killed on request: the next exit's wait before the restart
    starts: int = 0
    exits_s: deque[float] = field(default_factory=deque)  # of the window


class Supervisor:
    """Starts and keeps nodes.

    on_event gets each `Event`, in order, from the supervisor's thread; it must not stop nodes
    from there, because the thread it runs in is the one that sees them end.
    """

    def __init__(
        self,
        launcher: Launcher,
        on_event: Callable[[Event], None] = lambda _: None,
        policy: RestartPolicy | None = None,
    ) -> None:
        self._launcher = launcher
        self._on_event = on_event
        self._policy = policy or RestartPolicy()
        self._nodes: dict[str, _Node] = {}
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._events: deque[Event] = deque()
        self._timers: list[tuple[float, str]] = []  # (when, node id) of the next start
        self._work: queue.SimpleQueue[tuple[str, Child] | None] = queue.SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    # -- starting and stopping ------------------------------------------------------------------
    def start(self, spec: NodeSpec) -> None:
        """Start a node under an id that is not in use; LaunchError when it cannot be started."""
        with self._lock:
            old = self._nodes.get(spec.node_id)
            if old is not None and old.state not in (STOPPED, GIVEN_UP):
                raise ValueError(f"node {spec.node_id} is {old.state}")
            node = _Node(spec)
            self._spawn(node)
            self._nodes[spec.node_id] = node
        self._work.put(None)

    def stop(self, node_id: str, grace_s: float = 2.0) -> None:
        """End one node for good, as `stop_all` does."""
        self._stop([self._nodes[node_id]], grace_s, ASKING)

    def stop_all(self, grace_s: float = 2.0, signals: Sequence[int] = ASKING) -> list[str]:
        """End all nodes; return the ids of those that had to be killed.

        Each of the signals is given grace_s, then comes SIGKILL: with the two of ASKING it takes
        2 grace_s + KILL_S at most, and as long as the slowest node where all listen.
        """
        with self._lock:
            self._timers.clear()
            nodes = list(self._nodes.values())
        return self._stop(nodes, grace_s, signals)

    def close(self, grace_s: float = 2.0) -> None:
        """Stop all nodes, deliver the last events, end the thread."""
        self.stop_all(grace_s)
        self._closing = True
        self._work.put(None)
        self._thread.join(KILL_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- faults ---------------------------------------------------------------------------------
    def kill(self, node_id: str, down_s: float | None = None) -> bool:
        """Kill a node as a power cut does; it is started again down_s (or backoff_s) later.

        Such an exit does not count towards restarts_max. False if the node does not run.
        """
        with self._lock:
            node = self._nodes[node_id]
            if node.child is None or not node.child.signal(signal.SIGKILL):
                return False
            node.down_s = self._policy.backoff_s if down_s is None else down_s
            return True

    def pause(self, node_id: str) -> bool:
        """Freeze a node (SIGSTOP): its connections stay open. False if it does not run."""
        return self._freeze(node_id, signal.SIGSTOP, True)

    def resume(self, node_id: str) -> bool:
        """Let a paused node run on. False if it does not run."""
        return self._freeze(node_id, signal.SIGCONT, False)

    # -- figures --------------------------------------------------------------------------------
    def ids(self) -> list[str]:
        """Return the ids of all nodes, in the order of their first start."""
        with self._lock:
            return list(self._nodes)

    def state(self, node_id: str) -> str:
        """Return RUNNING, WAITING (for a restart), STOPPED or GIVEN_UP."""
        return self._nodes[node_id].state

    def pid(self, node_id: str) -> int | None:
        """Return the node's process id, or None when it does not run."""
        child = self._nodes[node_id].child
        return child.pid if child is not None and child.exit_code is None else None

    def starts(self, node_id: str) -> int:
        """Return how often the node was started."""
        return self._nodes[node_id].starts

    def log(self, node_id: str, lines_max: int = 40) -> list[str]:
        """Return the last lines that the node has printed."""
        return nodelog.tail(self._nodes[node_id].spec.log, lines_max)

    def usage(self) -> dict[str, procfs.Usage]:
        """Return memory and CPU time of each running node that can be read."""
        pids = {node_id: self.pid(node_id) for node_id in self.ids()}
        found = {node_id: procfs.usage(pid) for node_id, pid in pids.items() if pid is not None}
        return {node_id: use for node_id, use in found.items() if use is not None}

    # -- inside -----------------------------------------------------------------------------------
    def _spawn(self, node: _Node) -> None:
        spec = node.spec
        child = self._launcher.spawn(
            spec.argv,
            cwd=spec.cwd,
            env=spec.env,
            log=spec.log,
            linked=spec.linked,
            name=spec.node_id,
            on_exit=lambda child: self._work.put((spec.node_id, child)),
        )
        node.child = child
        node.state = RUNNING
        node.paused = False
        node.down_s = None
        node.starts += 1
        self._note(node, "restarted" if node.starts > 1 else "started", pid=child.pid)
        if child.log_lost:
            self._note(node, "log_lost", detail=f"{spec.log}: {child.log_lost}")

    def _note(
        self,
        node: _Node,
        kind: str,
        pid: int = 0,
        code: int | None = None,
        wanted: bool = False,
        detail: str = "",
    ) -> None:
        node_id = node.spec.node_id
        self._events.append(Event(kind, node_id, time.monotonic(), pid, code, wanted, detail))

    def _freeze(self, node_id: str, signum: int, paused: bool) -> bool:
        with self._lock:
            node = self._nodes[node_id]
            if node.child is None or not node.child.signal(signum):
                return False
            node.paused = paused
            self._note(node, "paused" if paused else "resumed", pid=node.child.pid)
        self._work.put(None)
        return True

    def _stop(self, nodes: Sequence[_Node], grace_s: float, signals: Sequence[int]) -> list[str]:
        with self._lock:
            for node in nodes:
                node.stopping = True
                if node.state != RUNNING:
                    node.state = STOPPED
        left = list(nodes)
        for signum in (*signals, signal.SIGKILL):
            left = [node for node in left if node.state == RUNNING]
            if not left:
                break
            with contextlib.suppress(LaunchError):  # a helper that is gone has taken all with it
                self._launcher.signal(_children(left), signum)
                self._launcher.signal(_children(left), signal.SIGCONT)  # paused ones cannot end
            self._await_end(left, KILL_S if signum == signal.SIGKILL else grace_s)
        return [node.spec.node_id for node in left]

    def _await_end(self, nodes: Sequence[_Node], timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: all(n.state != RUNNING for n in nodes), timeout_s)

    # -- the thread -------------------------------------------------------------------------------
    def _run(self) -> None:
        next_log_check_s = time.monotonic() + LOG_CHECK_S
        while True:
            self._deliver()
            now_s = time.monotonic()
            with self._lock:
                due_s = min(self._timers[0][0] if self._timers else now_s + 60, next_log_check_s)
            try:
                work = self._work.get(timeout=max(0.0, due_s - now_s))
            except queue.Empty:
                work = None
            if work is not None:
                self._ended(*work)
            elif self._closing and not self._events:
                return
            self._restart_due()
            if time.monotonic() >= next_log_check_s:
                self._cut_logs()
                next_log_check_s = time.monotonic() + LOG_CHECK_S

    def _deliver(self) -> None:
        while self._events:
            try:
                self._on_event(self._events.popleft())
            except Exception:  # a listener's fault must not leave nodes without their keeper
                traceback.print_exc()

    def _ended(self, node_id: str, child: Child) -> None:
        with self._changed:
            node = self._nodes[node_id]
            if node.child is not child:
                return
            now_s = time.monotonic()
            wanted = node.stopping or node.down_s is not None
            self._note(node, "exited", pid=child.pid, code=child.exit_code, wanted=wanted)
            if node.stopping:
                node.state = STOPPED
            elif node.down_s is not None:
                self._wait(node, now_s + node.down_s)
            else:
                self._plan_restart(node, now_s)
            self._changed.notify_all()

    def _plan_restart(self, node: _Node, now_s: float) -> None:
        policy = self._policy
        exits_s = node.exits_s
        exits_s.append(now_s)
        while exits_s[0] < now_s - policy.window_s:
            exits_s.popleft()
        if len(exits_s) > policy.restarts_max:
            node.state = GIVEN_UP
            detail = f"{len(exits_s)} exits within {policy.window_s:g} s"
            self._note(node, "gave_up", detail=detail)
            return
        wait_s = min(policy.backoff_max_s, policy.backoff_s * 2 ** (len(exits_s) - 1))
        self._wait(node, now_s + wait_s)

    def _wait(self, node: _Node, until_s: float) -> None:
        node.state = WAITING
        heapq.heappush(self._timers, (until_s, node.spec.node_id))

    def _restart_due(self) -> None:
        with self._changed:
            while self._timers and self._timers[0][0] <= time.monotonic():
                node = self._nodes[heapq.heappop(self._timers)[1]]
                if node.state != WAITING:
                    continue
                try:
                    self._spawn(node)
                except LaunchError as error:
                    node.state = GIVEN_UP
                    self._note(node, "gave_up", detail=str(error))

    def _cut_logs(self) -> None:
        with self._lock:
            nodes = list(self._nodes.values())
        for node in nodes:
            dropped = nodelog.cut(node.spec.log)
            if dropped:
                self._note(node, "log_cut", detail=f"{dropped} bytes dropped")


def _children(nodes: Iterable[_Node]) -> list[Child]:
    return [node.child for node in nodes if node.child is not None]
