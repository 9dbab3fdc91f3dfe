"""Collect: the figures of names.METRICS off a model, as prometheus_client has them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

from quelea.errors import UserError
from quelea.journal import Journal
from quelea.metrics import names
from quelea.top.views import Source
from quelea.watch.attention import notices
from quelea.watch.follow import RUNNING
from quelea.watch.state import Node

US = 1_000_000
STEP_S = 0.5
CATCH_UP_S = 0.4  # of a turn that reading may take while a long journal is read in
TURNS_LATE_S = 10.0  # without a turn nothing that is served is of now
Values = dict[tuple[str, ...], float]
Sample = tuple[names.Metric, Values]


class Collector:
    """nodes_max: series of single nodes up to so many nodes, none beyond. path: of the journal."""

    def __init__(self, source: Source, nodes_max: int = 0, path: Path | None = None) -> None:
        self.source = source
        self.nodes_max = nodes_max
        self.path = path
        self.problem = ""  # why the figures stand still
        self._lock = threading.Lock()
        self._turned_s = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and the source."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self.source.close()

    def _run(self) -> None:
        while not self._stopping.wait(STEP_S):
            try:
                self.turn()
                self.problem = ""
            except Exception as error:  # told by /healthz, and tried again
                self.problem = f"{type(error).__name__}: {error}"[:200]

    def turn(self) -> None:
        """Read what is new."""
        begun_s = time.monotonic()
        with self._lock:
            self.source.step()
            while not self.source.whole and time.monotonic() - begun_s < CATCH_UP_S:
                self.source.step()
        self._turned_s = time.monotonic()

    # -- health -------------------------------------------------------------------------------
    def health(self) -> dict[str, Any]:
        """Return {ok, problems ...}; ok: the fleet is heard, its limit kept, this is of now."""
        with self._lock:
            source, model = self.source, self.source.model
            problems = [self.problem] if self.problem else []
            if time.monotonic() - self._turned_s > TURNS_LATE_S:
                problems.append("the figures stand still")
            if source.phase != RUNNING:
                problems.append(f"the run is {source.phase}")
            elif model.broker_lost_us is not None:
                problems.append("no broker")
            elif self._silent_s() > model.quiet_us / US:
                problems.append(f"nobody was heard for {self._silent_s():.0f} s")
            if model.budget.violations:
                problems.append(f"the limit was broken {model.budget.violations} times")
            present = sum(model.present(node) for node in model.members())
            return {
                "ok": not problems,
                "problems": problems,
                "phase": source.phase,
                "nodes": len(model.members()),
                "present": present,
                "t_s": round(model.t_us / US, 3),
            }

    def _silent_s(self) -> float:
        model = self.source.model
        newest_us = max((node.heard_us for node in model.members() if node.heard), default=0)
        return (model.t_us - newest_us) / US

    # -- figures ------------------------------------------------------------------------------
    def collect(self) -> Iterator[Any]:
        """Yield the families; called by prometheus_client at each scrape."""
        with self._lock:
            found = [*self._fleet(), *self._limit(), *self._journal(), *self._nodes()]
        for metric, values in found:
            yield _family(metric, values)

    def _fleet(self) -> Iterator[Sample]:
        source, model = self.source, self.source.model
        members = model.members()
        present = [node for node in members if model.present(node)]
        attention = [notice.level for notice in notices(model)]
        heaps = [node.heap() for node in members]
        shares = [high / size for high, size in heaps if high is not None and size]
        facts, accounts = source.facts, [node.account for node in members]
        figures: dict[str, Values] = {
            "quelea_fleet_info": {(facts.name, facts.mode, facts.rule): 1},
            "quelea_up": {(): float(source.phase == RUNNING)},
            "quelea_broker_up": {(): float(model.broker_lost_us is None)},
            "quelea_nodes": {
                ("member",): len(members),
                ("present",): len(present),
                ("absent",): len(members) - len(present),
                ("holding",): sum(node.held for node in present),
                ("accused",): len(model.accused),
            },
            "quelea_parts": {(): len(model.parts())},
            "quelea_epoch": _maybe(model.epoch()),
            "quelea_spread_q": _maybe(model.spread_q()),
            "quelea_last_frame_age_seconds": {(): self._silent_s()},
            "quelea_frames_total": {(): model.frames},
            "quelea_bytes_total": {(): model.bytes},
            "quelea_frames_lost_total": {(): sum(one.lost for one in accounts)},
            "quelea_frames_refused_total": {(c,): n for c, n in sorted(model.refused.items())},
            "quelea_contradictions_total": {(): sum(one.contradictions for one in accounts)},
            "quelea_restarts_total": {(): sum(node.resets for node in members)},
            "quelea_heap_used_ratio": _maybe(max(shares, default=None)),
            "quelea_audit_findings_total": {(): sum(a.findings for a in model.accused.values())},
            "quelea_audit_behind_frames": {(): source.audit_behind},
            "quelea_attention": {(level,): attention.count(level) for level in ("bad", "warn")},
        }
        for metric in names.FLEET:
            yield metric, figures[metric.name]

    def _limit(self) -> Iterator[Sample]:
        one = self.source.model.budget
        if one.budget_q is None:
            return
        values = (
            one.limit_q, one.budget_q, one.caps_q, one.under_way_q, one.headroom_q, one.violations
        )  # fmt: skip
        for metric, value in zip(names.LIMIT, values):
            yield metric, _maybe(value)

    def _journal(self) -> Iterator[Sample]:
        if self.path is None:
            return
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        size = sum(file.stat().st_size for file in files if file.exists())
        try:
            with Journal.open(self.path) as journal:
                lacking, forgotten = journal.incomplete, journal.forgotten
        except UserError:
            return
        dropped = lacking.dropped if lacking else {}
        tables: Values = {(table,): count for table, count in sorted(dropped.items())}
        gone: Values = {(): forgotten.frames if forgotten else 0}
        yield from zip(names.JOURNAL, ({(): size}, tables or {("frame",): 0}, gone))

    def _nodes(self) -> Iterator[Sample]:
        model = self.source.model
        members = model.members()
        shown = members if len(members) <= self.nodes_max else []
        for metric in names.PER_NODE if shown else ():
            values = {(node.id,): self._of_node(metric.name, node) for node in shown}
            yield metric, {key: value for key, value in values.items() if value is not None}
        yield names.LEFT_OUT, {(): len(members) - len(shown)}

    def _of_node(self, name: str, node: Node) -> float | None:
        model = self.source.model
        accused = model.accused.get(node.number)
        heard = node.heard
        figures = {
            "quelea_node_up": int(model.present(node)),
            "quelea_node_value_q": node.value_q if heard else None,
            "quelea_node_input_q": node.input_q if heard else None,
            "quelea_node_cap_q": model.budget.cap_q(node.number),
            "quelea_node_frame_age_seconds": (model.t_us - node.heard_us) / US if heard else None,
            "quelea_node_bytes_total": node.account.bytes,
            "quelea_node_heap_used_bytes": node.heap()[0],
            "quelea_node_findings_total": accused.findings if accused else 0,
        }
        return figures[name]


def _maybe(value: float | None) -> Values:
    return {} if value is None else {(): value}


def _family(metric: names.Metric, values: Values) -> Any:
    labels = list(metric.labels)
    if metric.kind == names.INFO:
        family = InfoMetricFamily(metric.name.removesuffix("_info"), metric.meaning)
        for key in values:
            family.add_metric([], dict(zip(labels, key)))
        return family
    made: Any = CounterMetricFamily if metric.kind == names.COUNTER else GaugeMetricFamily
    family = made(metric.name, metric.meaning, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family
