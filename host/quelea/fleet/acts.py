"""Acts on a running emulated fleet, asked for over the socket in its run's folder.

    kill    a power cut: the node is back after KILL_DOWN_S
    lie     the node is staged again with an adversary and boots as a liar
    cut     its line to the broker carries nothing any more
    surge   its sensor reads much more, from its next epoch on
    heal    ends what was done to it: the line, the lie, the surge

Each act is a fault in the journal, so that the verdict and every view know of it.
"""

import contextlib
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

from quelea import adversaries
from quelea.coordinator import Coordinator
from quelea.errors import UserError
from quelea.fleet import staging
from quelea.fleet.accounts import write_private
from quelea.fleet.plan import Plan
from quelea.fleet.proxy import FaultyProxy
from quelea.fleet.supervisor import Supervisor
from quelea.journal import NodeRow, Recorder
from quelea.watch.control import ANSWER_S, LINE_BYTES_MAX, short_path

ACTS = ("kill", "lie", "cut", "surge", "heal")
KILL_DOWN_S = 2.0
REBOOT_S = 0.1
KEEP_CUT_S = 0.05  # how soon a line that comes back is cut again
SURGE_TIMES = 4


class Acts:
    """perform() does one act. proxy: between nodes and broker; None: lines cannot be cut."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        supervisor: Supervisor,
        coordinator: Coordinator,
        recorder: Recorder,
        proxy: FaultyProxy | None,
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.supervisor = supervisor
        self.coordinator = coordinator
        self.recorder = recorder
        self.proxy = proxy
        self.cut: set[str] = set()
        self.numbers = {plan.topology.id_of(n): n for n in plan.topology.nodes}
        self._open: dict[tuple[str, str], tuple[int, int]] = {}  # (act, node): fault id, from_us

    def perform(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Do what is wanted ({"act", "node", "attack"}); return {"ok", "note"}."""
        act, node_id = wanted.get("act"), wanted.get("node")
        if act == "offers":
            acts = [name for name in ACTS if name != "cut" or self.proxy is not None]
            options = self.plan.options
            return {
                "ok": True,
                "acts": acts,
                "attacks": sorted(adversaries.names()),
                "attack": options.attack,
            }
        if act not in ACTS:
            return _no(f"the acts are {', '.join(ACTS)}")
        if not isinstance(node_id, str) or node_id not in self.numbers:
            return _no("there is no such node")
        try:
            if act == "lie":
                return self._lie(node_id, str(wanted.get("attack") or self.plan.options.attack))
            done: dict[str, Any] = getattr(self, f"_{act}")(node_id)
            return done
        except (UserError, OSError) as error:
            return _no(str(error))

    def keep(self) -> None:
        """Cut the lines again that nodes have opened anew."""
        if self.cut and self.proxy is not None:
            self.proxy.freeze(clients=list(self.cut))

    # -- acts ---------------------------------------------------------------------------------
    def _kill(self, node_id: str) -> dict[str, Any]:
        from_us = self.recorder.now_us()
        if not self.supervisor.kill(node_id, KILL_DOWN_S):
            return _no(f"{node_id} does not run")
        self.recorder.fault("node-kill", node_id, from_us, self.recorder.now_us(), 1)
        return _yes(f"{node_id} killed; it is back in {KILL_DOWN_S:g} s")

    def _lie(self, node_id: str, attack: str) -> dict[str, Any]:
        if self.plan.options.mode == "exact":
            return _no("exact averaging trusts every node: nobody lies there")
        number, folder = self.numbers[node_id], self.folder / "nodes" / node_id
        compiler, _ = staging.find_compiler()
        for name, path in (
            ("attack", adversaries.FOLDER / "forge.py"),
            ("lie", adversaries.path(attack)),
        ):
            text = path.read_bytes()
            staging.compile_source(compiler, text, f"{name}.py", folder / f"{name}.mpy")
        self.plan.liars = tuple(sorted({*self.plan.liars, number}))
        self._restage(node_id, {"name": attack, "liars": list(self.plan.liars)})
        near = self.plan.topology.neighbours(number)
        row = NodeRow(number, node_id, near, ("liar", f"attack:{attack}"))
        self.coordinator.intake.recast(row)
        self.recorder.run("liars", list(self.plan.liars))
        self._begin("lie", node_id)
        return _yes(f"{node_id} boots as a liar: {attack}")

    def _restage(self, node_id: str, attack: dict[str, Any] | None) -> None:
        place = self.folder / "nodes" / node_id / "cfg.json"
        config = json.loads(place.read_text())
        config.pop("attack", None)
        if attack is not None:
            config["attack"] = attack
        write_private(place, json.dumps(config, separators=(",", ":")))
        self.supervisor.kill(node_id, REBOOT_S)

    def _cut(self, node_id: str) -> dict[str, Any]:
        if self.proxy is None:
            return _no("nothing stands between the nodes and this broker")
        if self.proxy.freeze(clients=[node_id]) == 0:
            return _no(f"{node_id} has no line to the broker")
        self.cut.add(node_id)
        self._begin("cut", node_id)
        return _yes(f"the line of {node_id} carries nothing until it is healed")

    def _surge(self, node_id: str) -> dict[str, Any]:
        view = self.coordinator.view().node(node_id)
        least_q = self.plan.hi_q // 2
        value_q = min(self.plan.hi_q, max(SURGE_TIMES * (view.input_q or 0), least_q))
        self.coordinator.command(node_id, "sense", {"value_q": value_q})
        self._begin("surge", node_id)
        return _yes(f"the sensor of {node_id} reads {value_q:,} from now on")

    def _heal(self, node_id: str) -> dict[str, Any]:
        healed = []
        if node_id in self.cut and self.proxy is not None:
            self.cut.discard(node_id)
            self.proxy.cut("rst", clients=[node_id])  # what was held is stale; it connects anew
            healed.append("its line")
        if self._ended("lie", node_id):
            self._restage(node_id, None)
            healed.append("its firmware")
        if self._ended("surge", node_id):
            self.coordinator.command(node_id, "sense", {"value_q": None})
            healed.append("its sensor")
        self._ended("cut", node_id)
        return _yes(f"{node_id} healed: {', '.join(healed)}") if healed else _no("nothing to heal")

    # -- the journal --------------------------------------------------------------------------
    def _begin(self, act: str, node_id: str) -> None:
        if (act, node_id) not in self._open:
            from_us = self.recorder.now_us()
            fault_id = self.recorder.fault(act, node_id, from_us, None, 1, {"by": "page"})
            self._open[act, node_id] = fault_id, from_us

    def _ended(self, act: str, node_id: str) -> bool:
        found = self._open.pop((act, node_id), None)
        if found is None:
            return False
        fault_id, from_us = found
        now_us = self.recorder.now_us()
        self.recorder.fault(act, node_id, from_us, now_us, 1, {"by": "page"}, fault_id)
        return True


class ActsServer:
    """Takes acts from the socket of a run's folder, one at a time, in a thread of its own."""

    def __init__(self, acts: Acts) -> None:
        self.acts = acts
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)  # the socket is its owner's alone from its first moment
        try:
            with short_path(acts.folder) as path:
                self._socket.bind(path)
        finally:
            os.umask(mask)
        self._socket.listen(4)
        self._socket.settimeout(KEEP_CUT_S)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="acts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and remove the socket."""
        self._stopping.set()
        self._thread.join(ANSWER_S)
        self._socket.close()
        with contextlib.suppress(OSError), short_path(self.acts.folder) as path:
            os.unlink(path)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, TimeoutError):
                self.acts.keep()
            try:
                asking, _ = self._socket.accept()
            except OSError:
                continue
            with asking, contextlib.suppress(OSError):
                asking.settimeout(1.0)
                self._answer(asking)

    def _answer(self, asking: socket.socket) -> None:
        with asking.makefile("rb") as lines:
            line = lines.readline(LINE_BYTES_MAX)
        try:
            wanted = json.loads(line)
        except ValueError:
            wanted = None
        try:
            done = self.acts.perform(wanted) if isinstance(wanted, dict) else _no("no object")
        except Exception as error:  # an act that fails must not end the fleet
            done = _no(f"{type(error).__name__}: {error}"[:200])
        asking.sendall(json.dumps(done).encode() + b"\n")


def _yes(note: str) -> dict[str, Any]:
    return {"ok": True, "note": note}


def _no(note: str) -> dict[str, Any]:
    return {"ok": False, "note": note}
