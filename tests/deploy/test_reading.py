"""What boards, esptool and nodes say: read under damage, told to people at a bounded rate."""

import json
import threading
import time

import pytest
from quelea.deploy import fuzz, pool
from quelea.deploy.failure import DONE, BoardFailed, Row, readable
from quelea.deploy.flash import Reader
from quelea.deploy.logs import BURST, LINES_A_SECOND, STATUS_S, Lines
from quelea.deploy.starting import Console

TOPIC = "quelea/1/demo/n/n03/"
INPUTS = 12_000  # a million: python -m quelea.deploy.fuzz --inputs 1000000


def test_no_parser_raises_or_grows(seed: int) -> None:
    assert fuzz.fuzz(INPUTS, seed)["verdict"]


def test_good_samples_are_read_to_their_end() -> None:
    refused = []
    for name, sample, read in fuzz.parsers():
        try:
            read(sample)
        except BoardFailed as error:
            refused.append((name, error.what))
    assert not refused


def test_a_parser_that_raises_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("planted", b"[1,2]", json.loads)]
    monkeypatch.setattr(fuzz, "parsers", lambda: rows)
    with pytest.raises(AssertionError, match="planted raised"):
        fuzz.fuzz(200, 1)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Writing at 0x5000 [=>  ] 40.9% 16/39 kB\nLost connection, retrying...\n"
         "ERROR: A serial exception error occurred: [Errno 2] could not open port /dev/ttyUSB0",
         "the board was unplugged"),
        ("A fatal error occurred: Failed to connect to ESP32: No serial data received.",
         "the chip's loader does not answer"),
        ("A fatal error occurred: MD5 of file does not match data in flash!",
         "what was written is not what was sent"),
        ("A fatal error occurred: something new", "esptool failed"),
        ("", "esptool failed"),
    ],
)  # fmt: skip
def test_what_esptool_says_is_told_with_its_remedy(said: str, what: str) -> None:
    reader = Reader(lambda _: None)
    before = "Connected to ESP32 on /dev/ttyUSB0:\n" if "Lost" in said else ""
    reader.take((before + said + "\n").encode())
    failure = reader.failure()
    assert failure.what == what and failure.remedy


def test_a_text_of_a_board_cannot_move_the_cursor() -> None:
    assert readable("\x1b[2J\x00a\tb\n" + "x" * 9999).startswith("[2J a b xxx")
    assert len(readable("y" * 9999)) <= 300


def test_logs_are_readable_however_much_is_said() -> None:
    lines = Lines([])
    event = b'{"v":1,"event":"lost"}'
    shown = [line for n in range(10_000) if (line := lines.line(TOPIC + "evt", event, n / 1000))]
    assert BURST <= len(shown) <= BURST + 10 * LINES_A_SECOND
    assert sum(lines.omitted.values()) > 0 and "left out" in shown[-1]
    assert lines.line(TOPIC + "$state", b"ready", 1e6).startswith("n03 is ready")


def test_a_status_is_shown_when_it_says_something_new() -> None:
    lines = Lines(["n03"])
    status = TOPIC + "status"
    assert lines.line(status, b'{"value_q":1}', 0.0) == "n03 value_q 1"
    assert lines.line(status, b'{"value_q":1}', STATUS_S + 1) == ""
    assert lines.line(status, b'{"value_q":2}', STATUS_S + 1) == "n03 value_q 2"
    assert lines.line(status, b'{"value_q":3}', STATUS_S + 2) == ""  # too soon
    assert lines.line(TOPIC.replace("n03", "n04") + "$state", b"ready", 1e3) == ""
    assert lines.line(TOPIC + "x", b"\x21\x00", 1e3) == ""


def test_a_console_says_why_a_node_is_not_ready() -> None:
    console = Console()
    console.take(b"boot\r\nquelea: no broker: rejected\r\n")
    assert console.problem() is None
    what, why, remedy = console.said()
    assert "refuses its password" in what and "enroll" in remedy and "rejected" in why
    console.take(b"quelea: cfg.json: nothing is enrolled on this board\r\n" * 3)
    problem = console.problem()
    assert problem is not None and "nothing is enrolled" in problem.what


def test_one_board_never_stops_the_rest_and_few_work_at_a_time() -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def work(board: int, say: pool.Say) -> Row:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1
        if board == 3:
            raise BoardFailed("broken", "it is", "mend it")
        if board == 4:
            raise KeyError("ours")
        return Row(str(board), "", DONE, "fine")

    rows = pool.each(range(20), lambda n: (str(n), ""), work, pool.Progress(quiet=True), 4)
    assert [row.board for row in rows] == [str(n) for n in range(20)]
    assert [row.board for row in rows if not row.ok] == ["3", "4"]
    assert rows[3].remedy == "mend it" and "KeyError" in rows[4].why
    assert 1 < most <= 4
