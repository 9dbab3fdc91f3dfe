"""Run an emulated fleet from its options to its verdict: `quelea fleet`."""

import json
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from rich.console import Console

from quelea import adversaries
from quelea.checkers.facts import KEY
from quelea.coordinator import Coordinator
from quelea.errors import EXIT_FALSE, EXIT_INTERRUPT, EXIT_OK, UserError
from quelea.fleet import acts as acting
from quelea.fleet import broker as brokers
from quelea.fleet import interpreter, plan, scenario, staging
from quelea.fleet.accounts import Accounts
from quelea.fleet.budget import judge_limits
from quelea.fleet.chaos import Chaos
from quelea.fleet.delegates import judge_delegates
from quelea.fleet.forkserver import Launcher, LaunchError
from quelea.fleet.limits import recorded
from quelea.fleet.live import Display
from quelea.fleet.network import Network
from quelea.fleet.options import FleetOptions
from quelea.fleet.outcome import judge_scenario
from quelea.fleet.page import PageProcess
from quelea.fleet.plan import KEEPALIVE_S, SIGNAL, Plan
from quelea.fleet.say import print_verdict
from quelea.fleet.scene import bring_up_to_date, first_scene
from quelea.fleet.storm import Storm
from quelea.fleet.supervisor import GIVEN_UP, Event, NodeSpec, Supervisor
from quelea.fleet.verdict import Verdict, judge
from quelea.journal import Journal, NodeRow, Recorder, RunFolder, begin, open_run

REFRESH_S = 0.25
READY_S = 30.0  # for all nodes to say ready; 400 take 4 s on two cores
LOG_LINES = 12


class Stopped(Exception):
    """Ctrl-C or SIGTERM: end everything, keep the journal."""


class NotReady(Exception):
    """Nodes that were started do not come to work; the text says which and shows a log."""


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into Stopped for the time of a run."""

    def stop(*_: object) -> None:
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(options: FleetOptions, as_json: bool = False) -> int:
    """Run the fleet and return the exit status: 0 if the verdict holds, 1 if not, 130 on Ctrl-C.

    People's text goes to standard error; with as_json one object goes to standard output.
    UserError for anything wrong that can be known before the first node starts.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    the_plan = scenario.make(options) if options.scenario else plan.make(options)
    options = the_plan.options  # a file may have changed them
    runtime = interpreter.find(options.runtime, options.heap_kb)
    folder = open_run(options.name, options.runs, options.keep)
    for warning in [*the_plan.warnings, *([folder.note] if folder.note else [])]:
        console.print(f"warning: {warning}", style="yellow")
    try:
        with _stoppable():
            verdict = Fleet(the_plan, runtime, folder, console).run()
    except Stopped:
        console.print(f"stopped; no verdict. The journal is {folder.journal}")
        if as_json:
            print(json.dumps({"verdict": False, "checks": [], "stopped": True}))
        return EXIT_INTERRUPT
    except NotReady as error:
        console.print(f"{error}\nThe journal is {folder.journal}", style="red", markup=False)
        if as_json:
            print(json.dumps({"verdict": False, "checks": [], "problem": str(error)}))
        return EXIT_FALSE
    print_verdict(console, verdict, the_plan, folder)
    if as_json:
        print(json.dumps(_as_json(verdict, the_plan, folder)))
    return EXIT_OK if verdict.ok else EXIT_FALSE


def _as_json(verdict: Verdict, the_plan: Plan, folder: RunFolder) -> dict[str, Any]:
    return {
        "verdict": verdict.ok,
        "checks": [check._asdict() for check in verdict.checks],
        "figures": verdict.figures,
        "violations": verdict.violations,
        "nodes": the_plan.topology.node_count,
        "liars": list(the_plan.liars),
        "faults_max": the_plan.faults_max,
        "topology": {"name": the_plan.topology.name, "certificate": str(the_plan.certificate)},
        "seed": the_plan.options.seed,
        "journal": str(folder.journal),
    }


def node_rows(the_plan: Plan) -> list[NodeRow]:
    """Return the members of the fleet as the journal keeps them."""
    topology = the_plan.topology
    lying = ("liar", f"attack:{the_plan.options.attack}")
    return [
        NodeRow(
            number,
            topology.id_of(number),
            topology.neighbours(number),
            lying if number in the_plan.liars else (),
        )
        for number in topology.nodes
    ]


class Fleet:
    """One run: broker, coordinator, nodes, faults, journal; all ended when run() returns."""

    def __init__(
        self,
        the_plan: Plan,
        runtime: interpreter.Interpreter,
        folder: RunFolder,
        console: Console,
    ) -> None:
        self.plan = the_plan
        self.options = the_plan.options
        self.runtime = runtime
        self.folder = folder
        self.console = console
        self.scene = first_scene(the_plan)
        self.rows = node_rows(the_plan)
        self.numbers = {the_plan.topology.id_of(n): n for n in the_plan.topology.nodes}

    def run(self) -> Verdict:
        """Set up, watch, break on purpose, take down; then judge what the journal holds."""
        recorder = self.folder.writer(bytes_max=self.options.journal_mb * 1_000_000)
        try:
            self._record_plan(recorder)
            self._live(recorder)
        except (Stopped, NotReady) as error:
            recorder.event("fleet", "stopped", {"why": str(error) or "Ctrl-C or SIGTERM"})
            recorder.close()
            raise
        recorder.event("fleet", "stopped", {"why": "end of the run"})
        recorder.flush()
        with Journal.open(self.folder.journal) as journal:
            if self.plan.staged is not None:
                verdict = judge_scenario(journal, self.plan, self.plan.staged)
            else:
                verdict = judge(journal, self.plan)
                judge_limits(verdict, journal, self.plan)
                judge_delegates(verdict, journal, self.plan)
        recorder.finish(verdict.checks, verdict.ok)
        lacking = recorder.close()
        if lacking is not None:
            verdict.figures["journal_incomplete"] = lacking.as_json()
        return verdict

    def _record_plan(self, recorder: Recorder) -> None:
        the_plan = self.plan
        settings = {key: str(value) for key, value in vars(self.options).items()}
        begin(
            recorder,
            name=self.options.name,
            nodes=self.rows,
            seed=self.options.seed,
            settings=settings
            | {"faults_max": the_plan.faults_max, "lo_q": the_plan.lo_q, "hi_q": the_plan.hi_q}
            | {"quiet_rounds_max": self.options.cadence}
            | {"unit": the_plan.group.unit if the_plan.group else SIGNAL["unit"]},
            topology=the_plan.topology.to_dict() | {"certificate": str(the_plan.certificate)},
        )
        recorder.run("runtime", self.runtime.text)
        if the_plan.group is not None:
            recorder.run("headroom", recorded(the_plan.group))
        if the_plan.staged is not None:
            recorder.run("liars", list(the_plan.liars))
            recorder.run(KEY, the_plan.staged.facts(self.options.period_ms))

    def _live(self, recorder: Recorder) -> None:
        with ExitStack() as stack:
            launcher = Launcher(self.runtime.linked_folder)
            stack.callback(launcher.close)
            ids = list(self.numbers)
            accounts = Accounts.create(self.options.name, ids)
            security = self._security()
            broker = brokers.create(
                self.options.broker,
                self.folder.path / "broker",
                launcher,
                accounts=accounts,
                authority=self.folder.path / "ca" if self.options.tls else None,
            )
            broker.start()
            stack.callback(broker.stop)
            recorder.event("fleet", "broker-started", {"kind": broker.kind, "port": broker.port})
            coordinator = self._coordinator(broker, recorder, security)
            stack.callback(coordinator.stop)
            network: Network | Storm | None = None
            if self.plan.staged is not None:
                network = Storm(self.plan.staged, self.plan, broker, recorder)
                stack.callback(network.stop)
            elif self.options.network or self.options.allow_write:
                network = Network(self.options.network, broker, recorder, self.options.seed)
                stack.callback(network.stop)
            supervisor = Supervisor(launcher, lambda event: self._node_event(recorder, event))
            stack.callback(supervisor.close)
            self._start_nodes(supervisor, broker, network or broker, security)
            chaos = Chaos(self.options, self.plan, broker, supervisor, recorder, self.scene)
            if isinstance(network, Storm):
                network.attach(supervisor, self.folder.path / "nodes", chaos.restart_broker)
            said = self._open_page(stack, supervisor, coordinator, recorder, network)
            with Display(self.scene, self.console) as display:
                display.say(said) if said else None
                display.say(f"{self.scene.title}; {broker.kind} on {broker.host}:{broker.port}")
                display.say(f"{self.runtime.text.splitlines()[0]}, {self.options.heap_kb} KB heap")
                self._watch(
                    supervisor, coordinator, [chaos, *([network] if network else [])], display
                )
            self.scene.phase = "stopping"

    def _open_page(
        self,
        stack: ExitStack,
        supervisor: Supervisor,
        coordinator: Coordinator,
        recorder: Recorder,
        network: object,
    ) -> str:
        """Take acts and show the live page, as far as asked for; return where the page is."""
        if self.options.allow_write:
            proxy = network.proxy if isinstance(network, Network) else None
            acts = acting.Acts(
                self.plan, self.folder.path, supervisor, coordinator, recorder, proxy
            )
            stack.callback(acting.ActsServer(acts).stop)
        if not self.options.watch:
            return ""
        page = PageProcess(self.folder.path, self.options.allow_write)
        stack.callback(page.stop)
        return page.said

    def _security(self) -> Any:
        """Return what nodes are given for --tls and --auth, or None without either."""
        options = self.options
        if not options.tls and options.auth == "none":
            return None
        from quelea.secure.emulated import Security  # what has neither needs no `cryptography`

        configs = {number: dict(config) for number, config in self.plan.configs.items()}
        folder = self.folder.path / "ca"
        return Security(folder, options.name, configs, options.auth, options.tls)

    def _coordinator(
        self, broker: brokers.Broker, recorder: Recorder, security: Any
    ) -> Coordinator:
        options = self.options
        coordinator = Coordinator(
            broker, options.name, recorder, nodes=self.rows, period_ms=options.period_ms,
            silence_rounds=options.cadence,
        )  # fmt: skip
        if security is not None:
            coordinator.sign = security.sign
            coordinator.intake.opened = security.opened
        coordinator.start()
        coordinator.wait_connected()
        coordinator.announce(
            {
                "fleet": options.name,
                "nodes": options.nodes,
                "mode": options.mode,
                "rule": options.rule,
                "faults_max": self.plan.faults_max,
                "period_ms": options.period_ms,
                "epoch_rounds": options.epoch_rounds,
            }
        )
        return coordinator

    def _start_nodes(
        self,
        supervisor: Supervisor,
        broker: brokers.Broker,
        door: brokers.Broker | Network | Storm,
        security: Any,
    ) -> None:
        """Stage and start every node; door: where they connect, the broker or a bad network."""
        board = staging.stage(mpy_version=self.runtime.mpy)
        for node_id, number in self.numbers.items():
            folder = self.folder.path / "nodes" / node_id
            user, password = broker.credentials(node_id)
            config = dict(self.plan.configs[number])
            config["broker"] = {
                **brokers.address(door, number),
                "user": user,
                "password": password,
                "keepalive_s": KEEPALIVE_S,
            }
            trace = json.dumps({"values_q": self.plan.traces[number - 1]}).encode()
            extra: dict[str, Any] = {"trace.json": trace}
            if isinstance(door, Storm):
                extra |= door.files(node_id)
                config["ticks_offset_ms"] = door.offset_ms()
            if self.plan.group is not None:
                extra |= self.plan.group.records(number)
            if security is not None:
                extra |= security.complete(config)
            if number in self.plan.liars:
                extra["attack.py"] = adversaries.FOLDER / "forge.py"
                extra["lie.py"] = adversaries.path(self.options.attack)
            staging.stage_node(folder, board, config, extra)
            spec = NodeSpec(
                node_id,
                self.runtime.argv("main.py", self.options.heap_kb),
                folder,
                folder / "node.log",
                board.env(),
                self.runtime.linked,
            )
            try:
                supervisor.start(spec)
            except LaunchError as error:
                raise UserError(
                    f"node {node_id} does not start: {error}", remedy="see its node.log"
                ) from error

    def _watch(
        self,
        supervisor: Supervisor,
        coordinator: Coordinator,
        trouble: Sequence[Chaos | Network | Storm],
        display: Display,
    ) -> None:
        """Follow the fleet until its time is over; the clock starts when all nodes are ready."""
        started_s = time.monotonic()
        ready_s: float | None = None
        while True:
            now_s = time.monotonic()
            bring_up_to_date(self.scene, coordinator.view())
            if ready_s is None:
                if all(line.state == "ready" for line in self.scene.lines):
                    ready_s = now_s
                    self.scene.phase = "running"
                    self.scene.note(f"nodes ready after {now_s - started_s:.1f} s")
                elif now_s - started_s > READY_S or self._gave_up(supervisor):
                    raise NotReady(self._why_not_ready(supervisor))
            else:
                self.scene.elapsed_s = now_s - ready_s
                for one in trouble:
                    one.act(self.scene.elapsed_s)
                if self._over(trouble[-1]):
                    return
            display.refresh()
            time.sleep(REFRESH_S)

    def _over(self, last: Chaos | Network | Storm) -> bool:
        """Return whether the run has had its time; a scenario waits for all to be back first."""
        elapsed_s = self.scene.elapsed_s
        if not isinstance(last, Storm):
            return elapsed_s >= self.options.seconds
        fresh_s = max(1.0, 4 * self.options.period_ms / 1000)
        heard = all(
            line.state == "ready" and line.age_s is not None and line.age_s < fresh_s
            for line in self.scene.lines
        )
        return last.over(elapsed_s, heard)

    def _gave_up(self, supervisor: Supervisor) -> bool:
        return any(supervisor.state(node_id) == GIVEN_UP for node_id in self.numbers)

    def _why_not_ready(self, supervisor: Supervisor) -> str:
        late = [line.id for line in self.scene.lines if line.state != "ready"]
        worst = next((n for n in late if supervisor.state(n) == GIVEN_UP), late[0])
        log = "\n    ".join(supervisor.log(worst, LOG_LINES)) or "(empty)"
        return (
            f"{len(late)} of {len(self.scene.lines)} nodes did not become ready; "
            f"the log of {worst} ends with\n    {log}"
        )

    def _node_event(self, recorder: Recorder, event: Event) -> None:
        detail = {"pid": event.pid, "code": event.code, "wanted": event.wanted}
        recorder.event(event.node_id, event.kind, detail | {"detail": event.detail})
        if event.kind in ("exited", "restarted", "gave_up") and not (
            event.wanted and event.kind == "exited" and self.scene.phase == "stopping"
        ):
            why = f" with {event.code}" if event.code is not None else ""
            self.scene.note(f"{event.node_id} {event.kind.replace('_', ' ')}{why}")
