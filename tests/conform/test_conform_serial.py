"""The serial target, against MicroPython's unix port at the far end of a pty."""

import os
import pty
import select
import subprocess
import threading
import tty

import pytest
from conftest import need
from quelea.conform import stage
from quelea.conform.conform import conform
from quelea.conform.targets import Serial, TargetError
from quelea.conform.traces import Truth, run_traces
from quelea.errors import UserError
from quelea.fleet.interpreter import find


def join(one, other, ended):
    """Copy between two terminals' masters until told to end: a cable."""
    while not ended.is_set():
        for ready in select.select([one, other], [], [], 0.1)[0]:
            try:
                os.write(other if ready == one else one, os.read(ready, 4096))
            except OSError:
                return


@pytest.fixture
def port():
    """Yield the path of a pty behind which an interpreter shows its prompt."""
    try:
        interpreter = find(None, 1024)
    except UserError as error:
        need(None, "MicroPython", str(error))
    (board, board_end), (computer, computer_end) = pty.openpty(), pty.openpty()
    tty.setraw(board_end)  # no echo and no line ends of the terminal's own
    tty.setraw(computer_end)
    command = (*interpreter.command, "-X", "heapsize=1024wK")
    ended = threading.Event()
    cable = threading.Thread(target=join, args=(board, computer, ended))
    process = subprocess.Popen(
        command, stdin=board_end, stdout=board_end, stderr=board_end, start_new_session=True
    )
    cable.start()
    try:
        yield os.ttyname(computer_end)
    finally:
        ended.set()
        cable.join()
        process.kill()
        process.wait()
        for end in (board, board_end, computer, computer_end):
            os.close(end)


def serial(port):
    """Return the target; the unix port would end at a soft reset, a board starts anew."""
    target = Serial(port, soft_reset=False)
    need(target.available() is None, "mpremote", target.available() or "")
    return target


def test_files_of_this_run_are_used_not_those_of_the_last(port):
    target = serial(port)
    assert target.describe().name == "micropython"
    for value in (1, 2):
        files = {"quelea_proto/made.py": f"value = {value}\n"}
        script = "from quelea_proto.made import value\nprint(value)\n"
        assert target.run(files, script, 30) == f"{value}\n"
    with pytest.raises(TargetError, match="ZeroDivisionError"):
        target.run({}, "1 // 0\n", 30)


def test_a_board_behind_a_serial_line_is_held_to_all_of_it(port):
    target = serial(port)
    report = conform([target], 100_000, 1, asked=True)
    part = report.targets[0]
    assert report.verdict, report.text()
    assert part.node_rounds >= 1000 and part.vector_rows > 1600 and part.scripts > 15


def test_a_difference_is_found_over_the_line(port):
    target = serial(port)
    path = "quelea_proto/fixed.py"
    changed = stage.program_files()[path].replace(
        "(total + (count >> 1)) // count", "total // count"
    )
    files = {**stage.program_files(), path: changed}
    found = run_traces(target, files, Truth(1), 1000).difference
    assert found is not None and found.where.startswith(port)
