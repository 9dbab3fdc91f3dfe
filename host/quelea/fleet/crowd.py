"""A crowd: a broker, the host's link and MicroPython processes with a main loop of their own.

What an application is built on whose node is not run.py's: the story, the model server, the city's
signals. `quelea fleet` with its journal, faults and verdict is run.py of this folder.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, Self

from quelea.coordinator.link import Link
from quelea.errors import UserError
from quelea.fleet import broker as brokers
from quelea.fleet import interpreter, staging
from quelea.fleet.accounts import HOST_USER, Accounts
from quelea.fleet.forkserver import Launcher, LaunchError
from quelea.fleet.supervisor import NodeSpec, Supervisor

HEAP_KB = 110
KEEPALIVE_S = 10
READY_S = 60.0
LOOK_S = 0.05


class Crowd:
    """Processes of the node numbers 1 .. n; all is ended when the context is left.

    fleet: its name in topics. module: what a node runs, with a main(). ids: of the nodes. ready:
    numbers of those that have said so; _message() enters them. A subclass has the last methods.
    """

    extra_files: ClassVar[Mapping[str, bytes | Path]] = {}  # beside cfg.json of every node

    def __init__(self, fleet: str, module: str, ids: Sequence[str], folder: Path) -> None:
        self.fleet = fleet
        self.ids = tuple(ids)
        self.numbers = range(1, len(self.ids) + 1)
        self.folder = folder
        self.ready: set[int] = set()
        self.stack = ExitStack()
        self._main = f"from {module} import main\n\nmain()\n"

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def _start(self) -> None:
        runtime = interpreter.find(None, HEAP_KB)
        launcher = Launcher(runtime.linked_folder)
        self.stack.callback(launcher.close)
        accounts = Accounts.create(self.fleet, list(self.ids))
        broker = brokers.create("nats", self.folder / "broker", launcher, accounts=accounts)
        broker.start()
        self.stack.callback(broker.stop)
        self.link = Link(
            broker, f"{self.fleet}-host", HOST_USER, on_message=self._message,
            on_up=self._subscribe,
        )  # fmt: skip
        self.link.start()
        self.stack.callback(self.link.stop)
        self.supervisor = Supervisor(launcher)
        self.stack.callback(self.supervisor.close)
        board = staging.stage(mpy_version=runtime.mpy)
        for number in self.numbers:
            self._start_node(number, runtime, board, broker)
        self._started()
        self.wait_until(lambda: len(self.ready) == len(self.ids), READY_S, "become ready")

    def _start_node(
        self, number: int, runtime: interpreter.Interpreter, board: staging.Board,
        broker: brokers.Broker,
    ) -> None:  # fmt: skip
        name = self.ids[number - 1]
        folder = self.folder / "nodes" / name
        user, password = broker.credentials(name)
        place = {**brokers.address(broker, number), "user": user, "password": password}
        place["keepalive_s"] = KEEPALIVE_S
        staging.stage_node(folder, board, self._config(number, place), self.extra_files)
        (folder / "main.py").write_text(self._main)
        argv = runtime.argv("main.py", HEAP_KB)
        spec = NodeSpec(name, argv, folder, folder / "node.log", board.env(), runtime.linked)
        try:
            self.supervisor.start(spec)
        except LaunchError as error:
            raise UserError(f"node {name} does not start: {error}") from error

    def wait_until(self, holds: Callable[[], bool], within_s: float, what: str) -> None:
        """Return as soon as it holds; UserError, with what a late node wrote, after within_s."""
        until_s = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > until_s:
                late = [number for number in self.numbers if number not in self.ready] or [1]
                name = self.ids[late[0] - 1]
                log = "\n".join(self.supervisor.log(name, 12))
                raise UserError(
                    f"the nodes did not {what} in {within_s:.0f} s", why=f"{name} wrote: {log}"
                )
            time.sleep(LOOK_S)

    # -- what a subclass has --------------------------------------------------------------------
    def _config(self, number: int, broker: dict[str, Any]) -> dict[str, Any]:
        """Return cfg.json of a node; broker: its object `broker`."""
        raise NotImplementedError

    def _subscribe(self) -> None:
        """Subscribe the link; called whenever it is up again."""
        raise NotImplementedError

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message, in the link's thread."""
        raise NotImplementedError

    def _started(self) -> None:
        """All processes are started, not all of them ready."""
