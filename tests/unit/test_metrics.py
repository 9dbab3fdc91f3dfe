"""What is scraped is in the journal, and dashboards and alerts ask for what there is."""

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from audit_runs import Run
from conftest import need
from journals import NODES, hear
from quelea.journal import Journal, Writer, begin
from quelea.journal.folder import FILE
from quelea.metrics import names
from quelea.watch.follow import Follower

ROOT = Path(__file__).resolve().parents[2]
FILES = resources.files("quelea.metrics")
WORD = re.compile(r"\bquelea_\w+")


@contextmanager
def served(path: Path, per_node: int = 0) -> Iterator[Callable[[str], tuple[int, str]]]:
    try:
        from quelea.metrics.collect import Collector
        from quelea.metrics.server import Server
    except ImportError:
        need(None, "prometheus-client", 'pip install "quelea[dash]"')
    collector = Collector(Follower(path, blind=True), per_node, path)
    for _ in range(40):
        collector.turn()
        if not collector.source.audit_behind:
            break
    with Server(collector, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()

        def ask(place: str) -> tuple[int, str]:
            url = f"http://127.0.0.1:{server.server_address[1]}{place}"
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        try:
            yield ask
        finally:
            server.shutdown()
            thread.join()
            collector.stop()


def scraped(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    from prometheus_client.parser import text_string_to_metric_families

    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = Run(5, "const-max", liars=(3,), deaf=0.1)
    run.play(30)
    run.recorder.run("closed", {"t_us": run.t_us, "rows": {}})
    path = tmp_path_factory.mktemp("run") / FILE
    run.recorder.save(path)
    return path


def test_what_is_scraped_is_in_the_journal(saved: Path) -> None:
    with served(saved) as ask, Journal.open(saved) as journal:
        status, text = ask("/metrics")
        figures = scraped(text)
        traffic = journal.traffic()
        assert status == 200
        assert figures["quelea_frames_total", ()] == sum(row.frames for row in traffic)
        assert figures["quelea_bytes_total", ()] == sum(row.bytes for row in traffic)
        assert figures["quelea_frames_lost_total", ()] == sum(row.lost for row in traffic) > 0
        assert figures["quelea_nodes", (("status", "accused"),)] == 1
        assert figures["quelea_audit_findings_total", ()] > 3
        assert figures["quelea_up", ()] == 0  # it is over
        assert {name for name, _ in figures} <= {metric.name for metric in names.METRICS}
        for line in text.splitlines():
            if line.startswith("# TYPE"):
                _, _, name, kind = line.split()
                metric = names.BY_NAME[name]
                assert kind == ("gauge" if metric.kind == names.INFO else metric.kind)
        assert ask("/healthz")[0] == 503 and ask("/other")[0] == 404


def test_series_do_not_grow_with_the_fleet_but_up_to_the_cap(saved: Path) -> None:
    counts = []
    for cap in (0, 6, 7):
        with served(saved, cap) as ask:
            figures = scraped(ask("/metrics")[1])
        counts.append(sum(bool(dict(labels).get("node")) for _, labels in figures))
        assert figures["quelea_nodes_without_series", ()] == (0 if cap == 7 else 7)
        assert len(figures) - counts[-1] < 45
    assert counts[0] == counts[1] == 0 and 7 * 5 <= counts[2] <= 7 * len(names.PER_NODE)


def test_health_of_a_run_that_goes_on(tmp_path: Path) -> None:
    writer = Writer(tmp_path / FILE)
    begin(writer, name="t", nodes=NODES, settings={"period_ms": 60_000})
    for node in (1, 2, 3):
        hear(writer, writer.now_us(), node, 1)
    assert writer.flush(20)
    with served(tmp_path / FILE) as ask:
        status, text = ask("/healthz")
        health = json.loads(text)
        assert status == 200 and health["ok"] and health["nodes"] == 3, text
        figures = scraped(ask("/metrics")[1])
        assert figures["quelea_up", ()] == 1
        assert figures["quelea_journal_bytes", ()] > 10_000
    writer.close()


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FILES / "grafana.json").read_text())
    return found


def rules() -> list[tuple[str, str]]:
    text = (FILES / "alerts.yml").read_text()
    return re.findall(r"- alert: (\w+)\n\s+expr: (.+)\n", text)


def asked() -> list[str]:
    queries = [one["expr"] for panel in dashboard()["panels"] for one in panel["targets"]]
    variables = [one["query"]["query"] for one in dashboard()["templating"]["list"]]
    return [*queries, *variables, *(query for _, query in rules())]


def test_every_query_names_a_metric_that_is_exported_and_its_labels() -> None:
    assert len(asked()) > 40
    for query in asked():
        found = WORD.findall(query)
        assert found, query
        for name in found:
            assert name in names.BY_NAME, (name, query)
        for name, matchers in re.findall(r"(quelea_\w+)\{([^}]*)\}", query):
            labels = set(re.findall(r"(\w+)[=!]", matchers)) - {"job", "instance"}
            assert labels <= set(names.BY_NAME[name].labels), query
        rated = re.findall(r"(?:rate|increase)\((quelea_\w+)", query)
        assert all(names.BY_NAME[name].kind == names.COUNTER for name in rated), query
    for panel in dashboard()["panels"]:
        for one in panel["targets"]:
            for label in re.findall(r"\{\{(\w+)\}\}", one["legendFormat"]):
                name = WORD.findall(one["expr"])[0]
                assert label in names.BY_NAME[name].labels, panel["title"]


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + i, at["y"] + j) for i in range(at["w"]) for j in range(at["h"])}
        assert not cells & taken and at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_alert_says_what_to_do() -> None:
    told = (ROOT / "docs" / "operations.md").read_text()
    assert len(rules()) > 10
    for name, _ in rules():
        assert re.search(rf"^\|.*\b{name}\b", told, re.MULTILINE), name


def test_names_follow_the_convention() -> None:
    for metric in names.METRICS:
        assert re.fullmatch(r"quelea_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == names.COUNTER), metric.name
        assert metric.meaning.endswith(".") and "ms" not in metric.name.split("_")
