"""`python -m bench.page`: what the live page costs: 200 nodes at 5 frames a second in Chromium.

    python -m bench.page --nodes 200 --seconds 10 [--picture FILE.png] [--dark]

Frames go through the real intake into a real journal, `python -m quelea.watch` serves it, a
headless Chromium shows it (no graphics card: all is drawn by the processor). Reported is all work
of the page's main thread by the browser's own account, and the longest piece of it. The exit
status is 0 if no frame of the page took longer than FRAME_MS_MAX at the 99th percentile.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from quelea import reference
from quelea.coordinator.intake import Intake
from quelea.journal import NodeRow, Writer, begin
from quelea_proto.frames import HELD, RESTART, STATE, Frame, frame_bytes, pack
from quelea_proto.limits import USED_MOD

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "watch"))
from chrome import INSTALL, Chrome, chrome, find

REACH = (-21, -13, -8, -5, -3, -2, -1, 1, 2, 3, 5, 8, 13, 21)
EPOCH_ROUNDS = 40
LIARS = (17, 111)
DEAF = 60  # hears nobody and is not heard any more, from DEAF_ROUND on
LINK = (140, 143)  # do not hear each other any more
DEAF_ROUND = 20
FRAME_MS_MAX = 16.7
WARM_S = 4.0
LOOK = """(async () => {
  const walls = [], used = [], middle = (list) => list.sort((a, b) => a - b)[4];
  for (let at = 1; at <= 9; at += 1) {
    const begun = performance.now();
    const answer = await fetch(`/look?t_us=${Math.round((quelea.store.t * at) / 10)}`);
    used.push((await answer.json()).cpu_ms);
    walls.push(performance.now() - begun);
  }
  return { look_back_cpu_ms: middle(used), look_back_wall_ms: Math.round(middle(walls)) };
})()"""


class Talk(threading.Thread):
    """Nodes on a ring with long steps that agree in each epoch; some lie, one falls silent."""

    def __init__(self, folder: Path, nodes: int, per_s: int) -> None:
        super().__init__(daemon=True)
        self.per_s = per_s
        self.rows = [
            NodeRow(n + 1, f"n{n + 1:03}", tuple(sorted({(n + s) % nodes + 1 for s in REACH})))
            for n in range(nodes)
        ]
        self.writer = Writer(folder / "journal.sqlite")
        settings = dict(
            mode="resilient", rule="wmsr", faults_max=2, lo_q=0, hi_q=10_000,
            period_ms=1000 // per_s, epoch_rounds=EPOCH_ROUNDS,
        )  # fmt: skip
        begin(self.writer, name="bench", nodes=self.rows, settings=settings, command=[])
        self.intake = Intake("bench", self.writer, self.rows, 1000 // per_s)
        self.ending = threading.Event()
        self.apply = reference.rule("wmsr")
        self.values_q: dict[int, int] = {}

    def run(self) -> None:
        """Say a round every period, spread over it, until the end."""
        seq, begun_s, count = 0, time.perf_counter(), len(self.rows)
        while not self.ending.is_set():
            seq += 1
            self._round(seq)
            for at, row in enumerate(self.rows):
                self._say(row, seq)
                if at % 20 == 19:
                    due_s = begun_s + (seq - 1 + (at + 1) / count) / self.per_s
                    time.sleep(max(0.0, due_s - time.perf_counter()))
        self.writer.close()

    def _round(self, seq: int) -> None:
        """Work out what all say in this round from what they said in the one before."""
        before_q, round_ = dict(self.values_q), (seq - 1) % EPOCH_ROUNDS
        for row in self.rows:
            number = row.number
            heard = [other for other in row.neighbours if not self._cut(number, other, seq)]
            if round_ == 0:
                self.values_q[number] = (number * 7919) % 9000
            elif number in LIARS:
                self.values_q[number] = min(9999, 4500 + 140 * round_)
            elif heard:
                near_q = [before_q[other] for other in heard]
                self.values_q[number] = self.apply(before_q[number], near_q, len(near_q), 2)

    def _cut(self, one: int, other: int, seq: int) -> bool:
        return seq >= DEAF_ROUND and (DEAF in (one, other) or {one, other} == set(LINK))

    def _say(self, row: NodeRow, seq: int) -> None:
        number, round_ = row.number, (seq - 1) % EPOCH_ROUNDS
        frame = Frame(len(row.neighbours))
        for slot, other in enumerate(row.neighbours):
            silent = round_ == 0 or self._cut(number, other, seq)
            frame.used[slot] = 0 if silent else 1 + (seq - 1) % USED_MOD
        frame.kind = STATE
        frame.flags = RESTART if round_ == 0 else 0 if any(frame.used) else HELD
        epoch, input_q = (seq - 1) // EPOCH_ROUNDS, (number * 7919) % 9000
        frame.head[:] = [number, 1, epoch, seq, input_q, self.values_q[number]]
        buffer = bytearray(frame_bytes(STATE, frame.count))
        payload = bytes(buffer[: pack(frame, buffer)])
        self.intake.take(f"quelea/1/bench/n/{row.id}/x", payload, False, self.writer.now_us())


def metrics(browser: Chrome) -> dict[str, float]:
    """Return the browser's own sums: seconds of tasks, scripts, layout, frames."""
    return {one["name"]: one["value"] for one in browser.call("Performance.getMetrics")["metrics"]}


def measure(browser: Chrome, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Show the page for some seconds and return what it cost."""
    browser.call("Performance.enable")
    browser.open(url, options.width, options.height, options.dark)
    browser.until(f"quelea.store.nodes.size === {options.nodes}")
    time.sleep(WARM_S)  # the graph settles
    browser.run(
        "window.longest = []; new PerformanceObserver(list => list.getEntries().forEach("
        "one => longest.push(one.duration))).observe({type: 'longtask'});"
        "quelea.cost.frames.length = 0; quelea.cost.messages.length = 0"
    )
    before, begun_s = metrics(browser), time.perf_counter()
    time.sleep(options.seconds)
    after, span_s = metrics(browser), time.perf_counter() - begun_s
    cost = browser.run("quelea.cost")
    frames, messages = sorted(cost["frames"]), sorted(cost["messages"])
    spent = {key: after[f"{key}Duration"] - before[f"{key}Duration"]
             for key in ("Task", "Script", "Layout", "RecalcStyle")}  # fmt: skip
    drawn = max(1, len(frames))
    return {
        "nodes": options.nodes,
        "frames_drawn": drawn,
        "frames_a_second": round(drawn / span_s, 1),
        "main_thread_share": round(spent["Task"] / span_s, 3),
        "task_ms_a_frame": round(1000 * spent["Task"] / drawn, 2),
        "script_ms_a_frame": round(1000 * spent["Script"] / drawn, 2),
        "layout_ms_a_frame": round(1000 * (spent["Layout"] + spent["RecalcStyle"]) / drawn, 2),
        "draw_ms_median": round(frames[drawn // 2], 1) if frames else None,
        "draw_ms_99": round(frames[int(drawn * 0.99) - 1], 1) if frames else None,
        "message_ms_median": round(messages[len(messages) // 2], 2) if messages else None,
        "tasks_over_50_ms": browser.run("longest.length"),
        "server_tick_ms": browser.run("quelea.store.busy"),
        **browser.run(LOOK),
    }


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--per-s", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    program = find()
    if program is None:
        print(f"no Chromium; install it with: {INSTALL}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="quelea-page-") as name:
        talk = Talk(Path(name), options.nodes, options.per_s)
        talk.start()
        line = [sys.executable, "-m", "quelea.watch", name]
        server = subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None and server.stdin is not None
        try:
            url = server.stderr.readline().split()[-1]
            with chrome(program) as browser:
                found = measure(browser, url, options)
                if options.picture:
                    browser.picture(options.picture)
        finally:
            talk.ending.set()
            talk.join()
            server.stdin.close()
            server.wait(10)
    print(json.dumps(found, indent=1))
    return int(found["draw_ms_99"] is None or found["draw_ms_99"] > FRAME_MS_MAX)


if __name__ == "__main__":
    sys.exit(main())
