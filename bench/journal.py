"""`python -m bench.journal`: a big fleet through intake and journal, then the queries of a page.

    python -m bench.journal --seconds 60            60 s of 1,000 nodes at 5 frames/s, as it comes
    python -m bench.journal --seconds 3600 --fast   an hour's 18,000,000 frames as fast as they go

Real frames, real intake (what the MQTT client calls for each message), real file. Frames come in
every 20 ms, as from a socket. --fast waits only for the writer's own bound, so that nothing is
dropped. The exit status is 0 if no row was lost and every query took less than 50 ms.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quelea.coordinator.intake import Intake
from quelea.journal import Journal, NodeRow, Writer
from quelea_proto.frames import STATE, Frame, frame_bytes, pack
from quelea_proto.limits import USED_MOD

DEGREE = 8
EPOCH_ROUNDS = 40
SLICE_S = 0.02
STATUS_S = 5
WAITING_MAX = 60_000  # rows in memory beyond which --fast lets the writer catch up
QUERY_MS_MAX = 50.0
TRIES = 5
STATUS = json.dumps({"session": 1, "uptime_ms": 1, "demand_q": 1, "heap": {"high": 70_000,
                     "bytes": 112_640}, "agent": {"frames_in": 100_000, "rounds": 9_000},
                     "link": {"reconnects": 0}, "filler": "x" * 160}).encode()  # fmt: skip


class Crowd:
    """Nodes in a ring of DEGREE neighbours whose frames are packed as they would be."""

    def __init__(self, nodes: int, seed: int) -> None:
        self.rng = random.Random(seed)
        reach = [step for step in range(-DEGREE // 2, DEGREE // 2 + 1) if step]
        self.rows = [
            NodeRow(n + 1, f"n{n + 1:04}", tuple(sorted((n + s) % nodes + 1 for s in reach)))
            for n in range(nodes)
        ]
        self.topics = [f"quelea/1/bench/n/{row.id}/x" for row in self.rows]
        self.frame = Frame(DEGREE)
        self.frame.kind, self.frame.count = STATE, DEGREE
        self.buffer = bytearray(frame_bytes(STATE, DEGREE))
        self.offsets = [self.rng.randrange(-4000, 4000) for _ in self.rows]

    def payload(self, node: int, seq: int) -> bytes:
        """Return a frame of a node (0, 1, ...) whose spread halves every four rounds."""
        frame, round_ = self.frame, seq % EPOCH_ROUNDS
        frame.flags = 2 if round_ == 0 else 0
        value_q = 100_000 + (self.offsets[node] >> round_ // 4)
        frame.head[:] = [node + 1, 1, seq // EPOCH_ROUNDS, seq, 100_000, value_q]
        frame.used[:DEGREE] = bytes([1 + (seq - 1) % USED_MOD if round_ else 0] * DEGREE)
        return bytes(self.buffer[: pack(frame, self.buffer)])


def fill(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Write the journal; return what was measured."""
    crowd = Crowd(options.nodes, 1)
    writer = Writer(folder / "journal.sqlite", bytes_max=options.journal_mb * 1_000_000)
    writer.run("started", "2026-01-01T00:00:00+00:00")
    intake = Intake("bench", writer, crowd.rows, 1000 // options.per_s)
    total = options.nodes * options.per_s * options.seconds
    each_s = 1 / (options.nodes * options.per_s)
    cpu_s, begun_s = time.process_time(), time.perf_counter()
    packing_s, waiting_most, late_most_s, sent = 0.0, 0, 0.0, 0
    while sent < total:
        due = total if options.fast else min(total, int((time.perf_counter() - begun_s) / each_s))
        if options.fast and writer.waiting > WAITING_MAX:
            time.sleep(0.005)
            continue
        for at in range(sent, min(due, sent + 1000)):
            node, seq = at % options.nodes, at // options.nodes + 1
            t_us = int(at * each_s * 1e6)
            start_s = time.thread_time()
            payload = crowd.payload(node, seq)
            packing_s += time.thread_time() - start_s
            intake.take(crowd.topics[node], payload, False, t_us)
            if seq % (options.per_s * STATUS_S) == 1:
                topic = crowd.topics[node][:-1] + "status"
                intake.take(topic, STATUS, False, t_us)
        sent = min(due, sent + 1000)
        waiting_most = max(waiting_most, writer.waiting)
        if not options.fast:
            if sent == due:
                time.sleep(SLICE_S)
            late_most_s = max(late_most_s, time.perf_counter() - begun_s - sent * each_s)
    came_s = time.perf_counter() - begun_s
    lacking = writer.close(60.0)
    wall_s = time.perf_counter() - begun_s
    size = (folder / "journal.sqlite").stat().st_size
    used_s = time.process_time() - cpu_s - packing_s
    return {
        "frames": total,
        "lost": sum(lacking.dropped.values()) if lacking else 0,
        "wall_s": round(wall_s, 1),
        "frames_per_s": round(total / came_s),
        "cpu_us_a_frame": round(used_s * 1e6 / total, 2),
        "cores_at_real_time": round(used_s / total / each_s, 3),
        "rows_waiting_most": waiting_most,
        "late_most_ms": round(late_most_s * 1000),
        "file_mb": round(size / 1e6, 1),
        "bytes_a_frame": round(size / total, 1),
    }


def queries(path: Path, options: argparse.Namespace) -> dict[str, float]:
    """Return the longest of TRIES of each query behind the page, in ms."""
    out: dict[str, float] = {}
    middle_us = options.seconds * 500_000
    with Journal.open(path) as journal:
        asked: dict[str, Callable[[], Any]] = {
            "facts of the run": journal.run,
            "members": journal.nodes,
            "newest frame of every node": journal.latest,
            "the same, in the middle of the run": lambda: journal.latest(middle_us),
            "all frames of 1 s": lambda: list(journal.frames(middle_us, middle_us + 1_000_000)),
            "frames newer than a row": lambda: journal.newer_frames(options.nodes),
            "a node's frames of 60 s": lambda: list(
                journal.frames(middle_us, middle_us + 60_000_000, node=7)
            ),
            "spread, second by second": journal.course,
            "the same of 10 minutes": lambda: journal.course(0, 600),
            "epochs": journal.epochs,
            "traffic of every node": journal.traffic,
            "causes of refusal": journal.causes,
            "newest states": journal.latest_states,
            "newest status of every node": journal.latest_statuses,
            "events of the last minute": lambda: list(
                journal.events(max(0, journal.end_us() - 60_000_000))
            ),
            "end of the run": journal.end_us,
        }
        for name, ask in asked.items():
            longest = 0.0
            for _ in range(TRIES):
                begun_s = time.perf_counter()
                ask()
                longest = max(longest, time.perf_counter() - begun_s)
            out[name] = round(longest * 1000, 1)
    return out


def main() -> int:
    """Return 0 if nothing was lost and every query is quick, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench.journal", description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--per-s", type=int, default=5, help="frames of a node a second")
    parser.add_argument("--seconds", type=int, default=60, help="of the run")
    parser.add_argument("--fast", action="store_true", help="faster than they would come")
    parser.add_argument("--journal-mb", type=int, default=0, help="bound of the file, 0: none")
    parser.add_argument("--folder", type=Path, help="keep the journal there")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="quelea-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        result = fill(folder, options)
        asked = queries(folder / "journal.sqlite", options)
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    slow = {name: ms for name, ms in asked.items() if ms >= QUERY_MS_MAX}
    verdict = not slow and result["lost"] == 0
    out = sys.stderr if options.json else sys.stdout
    for name, value in {**result, **{f"{name} (ms)": ms for name, ms in asked.items()}}.items():
        print(f"{name:42}{value:>14,}", file=out)
    if options.json:
        print(json.dumps({"verdict": verdict, **result, "query_ms": asked}))
    return 0 if verdict else 1


if __name__ == "__main__":
    sys.exit(main())
