"""What runs until Ctrl-C tells scripts where it is, in one object, once it runs."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_virtual_boards_say_their_ports(tmp_path: Path, stop: signal.Signals) -> None:
    argv = [sys.executable, "-m", "quelea.cli", "virtual", "--boards", "1", "--json"]
    with subprocess.Popen(
        [*argv, "--folder", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as ran:
        assert ran.stdout is not None
        found = json.loads(ran.stdout.readline())
        assert found["verdict"] is True
        assert [Path(row["port"]).parent.name for row in found["boards"]] == ["b01"]
        assert Path(found["boards"][0]["port"]).exists()
        ran.send_signal(stop)
        ran.send_signal(stop)  # an impatient hand
        assert ran.wait(30) == 0
        assert ran.stdout.read() == b""
