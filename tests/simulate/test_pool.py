"""Processes that share seeds end with the one that started them, however it ends."""

import os
import subprocess
import sys
import time
from pathlib import Path

SCRIPT = """
import os, signal
from quelea.simulator.pool import workers
with workers(2) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_ends_when_its_parent_is_killed() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, timeout=60)
    assert ran.returncode < 0
    worker = Path("/proc") / ran.stdout.decode().strip()
    assert worker.name.isdecimal() and int(worker.name) != os.getpid()
    end_s = time.monotonic() + 30
    while worker.exists():
        assert time.monotonic() < end_s, "the worker is still there"
        time.sleep(0.02)
