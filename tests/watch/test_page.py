"""The live page as a person has it: headless Chromium before a real fleet of MicroPython nodes."""

import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chrome import INSTALL, Chrome, chrome, find
from quelea.journal import NodeRow, Writer, begin
from quelea.watch.app import PAGES_MAX

Need = Callable[..., Any]
SECONDS = 600  # the fleet is ended as soon as the tests are done

CHECKS = (Path(__file__).parent / "checks.js").read_text()
TEXTS = "JSON.stringify(quelea.store.slow.notices.map(n => n.text))"


class Fleet:
    """A real fleet with its page; `url` carries the token."""

    def __init__(self, folder: Path) -> None:
        words = f"fleet --nodes 12 --liars 1 --faults-max 1 --attack ramp --seconds {SECONDS}"
        words += " --period-ms 200 --topology growth:4 --no-chaos --watch --allow-write"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "quelea.cli", *words.split(), "--runs", str(folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        said = ""
        for line in self.process.stderr:
            said += line
            found = re.search(r"http://127\.0\.0\.1:(\d+)/#(\S+)", line)
            if found:
                break
        else:
            raise AssertionError(said)
        self.url, self.port, self.token = found[0], int(found[1]), found[2]
        self.run = next(
            path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()
        )

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    one = Fleet(tmp_path_factory.mktemp("runs"))
    try:
        yield one
    finally:
        one.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    from conftest import need

    with chrome(need(find(), "Chromium", INSTALL)) as one:
        yield one


def choose(browser: Chrome, node: str) -> None:
    browser.run(
        f"quelea.store.picked === {int(node[1:])} || [...document.querySelectorAll('#table tbody "
        f"button')].find(b => b.textContent === '{node}').click()"
    )
    browser.until(f"document.getElementById('chosen-title').textContent === 'Node {node}'")


def act(browser: Chrome, node: str, name: str) -> str:
    choose(browser, node)
    browser.run(f"document.querySelector('[data-act={name}]').click()")
    note = browser.until(
        "(t => t && t !== '…' && t)(document.getElementById('act-note').textContent)"
    )
    return str(note)


def asked(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
    """Return the answer to a request that a foreign page or program might make."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        link.request(method, path, body or None, sent)
        answer = link.getresponse()
        return answer.status, answer.read(2000).decode()
    finally:
        link.close()


def test_it_shows_a_live_fleet_and_all_of_it_comes_from_this_machine(
    fleet: Fleet, browser: Chrome
) -> None:
    browser.open(fleet.url)
    browser.until("quelea.store.slow.fleet.present === 12", 40)
    browser.until("document.getElementById('phase').textContent === 'live'")
    seen = browser.run("quelea.store.t")
    browser.until(f"quelea.store.t > {seen} + 5e5")
    liar = browser.until("[...quelea.store.nodes.values()].find(n => n.wrong > 0)?.id", 40)
    assert browser.run("[...quelea.store.nodes.values()].find(n => n.liar).id") == liar
    browser.until(f"{TEXTS}.includes('{liar} is proved wrong')")
    browser.until("document.querySelectorAll('#table tbody th button').length === 12")
    browser.until(
        f"document.querySelector('#table tbody th button').textContent === {json.dumps(liar)}"
    )
    assert browser.run("location.hash") == "", "the token is not left in the address"
    assert {url.split("/")[2] for url in browser.requests if url.startswith("http")} == {
        f"127.0.0.1:{fleet.port}"
    }
    assert browser.complaints == []


def test_acts_break_and_heal_nodes_and_the_page_shows_it(fleet: Fleet, browser: Chrome) -> None:
    browser.open(fleet.url)
    browser.until("quelea.store.slow.fleet.present === 12", 40)
    honest = browser.run("[...quelea.store.nodes.values()].filter(n => !n.liar).map(n => n.id)")
    killed, cut, surged = honest[0], honest[4], honest[7]
    assert "killed" in act(browser, killed, "kill")
    assert "carries nothing" in act(browser, cut, "cut")
    assert "reads" in act(browser, surged, "surge")
    browser.until(f"{TEXTS}.includes('{cut} absent')", 30)
    browser.until(f"{TEXTS}.includes('{killed} restarted once')", 30)
    browser.until(f"quelea.store.nodes.get({int(surged[1:])}).demand_q >= 3000", 30)
    assert "healed" in act(browser, cut, "heal")
    browser.until("quelea.store.slow.fleet.present === 12", 30)
    names = browser.run("quelea.store.slow.faults.map(f => f[1])")
    assert {"node-kill", "cut", "surge"} <= set(names)
    assert browser.complaints == []
    assert "nothing to heal" in act(browser, cut, "heal")
    browser.complaints.clear()  # the browser notes an act that was refused


def test_nobody_else_may_ask_or_act(fleet: Fleet) -> None:
    here = f"http://127.0.0.1:{fleet.port}"
    good = {"host": here[7:], "origin": here, "x_quelea_token": fleet.token}
    body = json.dumps({"act": "kill", "node": "n99"})
    assert asked(fleet.port, "POST", "/act", body, **good)[0] == 409, "the way itself is open"
    for wrong in ({"x_quelea_token": "x"}, {"origin": "http://evil.example"}, {"host": "evil"}):
        assert asked(fleet.port, "POST", "/act", body, **good | wrong)[0] == 403
    assert asked(fleet.port, "GET", "/stream", host="evil.example")[0] == 403
    assert asked(fleet.port, "GET", "/page/..%2fapp.py", host=here[7:])[0] == 404
    assert asked(fleet.port, "POST", "/act", "x" * 9999, **good)[0] == 413
    assert asked(fleet.port, "POST", "/act", "[]", **good)[0] == 400
    mode = (fleet.run / "control.sock").stat().st_mode & 0o777
    assert mode == 0o600


def test_keyboard_labels_and_contrast(fleet: Fleet, browser: Chrome) -> None:
    for dark in (False, True):
        browser.open(fleet.url, dark=dark)
        browser.until("quelea.store.slow.fleet.present >= 11", 40)
        choose(browser, "n02")
        browser.run(CHECKS)
        assert browser.run("checks.unnamed()") == []
        assert browser.run("checks.poor()") == []
    browser.run("document.activeElement.blur()")
    reached = []
    for _ in range(60):
        browser.press("Tab")
        where = "(e => e.id || e.dataset.act || e.closest('[id]')?.id)(document.activeElement)"
        reached.append(browser.run(where))
    order = [name for at, name in enumerate(reached) if name and name not in reached[:at]]
    wanted = ["slider", "span-recent", "graph", "find", "table"]
    assert [name for name in order if name in wanted] == wanted
    browser.run("document.getElementById('graph').focus()")
    before = browser.run("document.getElementById('tip').textContent")
    browser.press("ArrowRight")
    browser.press("ArrowLeft")
    browser.press("ArrowRight")
    tip = browser.until("(t => !t.hidden && t.textContent)(document.getElementById('tip'))")
    assert "hears it" in before and "hears it" in tip
    browser.press("Enter")
    browser.until("quelea.store.picked !== null")
    browser.press("Escape")
    browser.until("quelea.store.picked === null")


def test_it_fits_a_phone(fleet: Fleet, browser: Chrome) -> None:
    browser.open(fleet.url, 390, 844)
    browser.until("quelea.store.nodes.size === 12", 40)
    assert browser.run("document.documentElement.scrollWidth") <= 390
    top = browser.run("document.getElementById('attention').getBoundingClientRect().top")
    assert top < 300, "what matters first is seen first"


def test_looking_back_and_why(fleet: Fleet, browser: Chrome) -> None:
    browser.open(fleet.url)
    browser.until("quelea.store.t > 6e6", 40)
    browser.run("(s => { s.value = 3; s.dispatchEvent(new Event('input')); })"
                "(document.getElementById('slider'))")  # fmt: skip
    browser.until("quelea.store.past?.t === 3e6")
    browser.until("document.getElementById('phase').textContent === 'looking back'")
    choose(browser, "n02")
    browser.run("document.getElementById('why').click()")
    browser.until("/n02 says/.test(document.getElementById('why-text').textContent)")
    browser.run("document.getElementById('go-live').click()")
    browser.until("document.getElementById('phase').textContent === 'live'")
    begun_s = time.monotonic()
    for t_us in range(0, 5_000_000, 500_000):
        status, text = asked(
            fleet.port, "GET", f"/look?t_us={t_us}", host=f"127.0.0.1:{fleet.port}"
        )
        assert status == 200 and text.startswith('{"look_us"')
    assert time.monotonic() - begun_s < 10, "ten looks back; bench/page.py has the figures"


def test_pages_that_do_not_read_hold_up_nobody_and_are_bounded(
    fleet: Fleet, browser: Chrome
) -> None:
    browser.open(fleet.url)
    browser.until("quelea.store.slow.fleet.present >= 11", 40)
    here = f"127.0.0.1:{fleet.port}"
    request = f"GET /stream HTTP/1.1\r\nHost: {here}\r\n\r\n".encode()
    deaf = []
    try:
        for _ in range(PAGES_MAX):
            one = socket.create_connection(("127.0.0.1", fleet.port))
            one.sendall(request)
            deaf.append(one)
        until_s = time.monotonic() + 20
        while asked(fleet.port, "GET", "/stream", host=here)[0] != 503:
            assert time.monotonic() < until_s, "no bound"
        seen = browser.run("quelea.store.t")
        browser.until(f"quelea.store.t > {seen} + 2e6", 20)
    finally:
        for one in deaf:
            one.close()
    until_s = time.monotonic() + 20
    while asked(fleet.port, "GET", "/stream", host=here)[0] != 200:
        assert time.monotonic() < until_s, "pages that are gone still count"
        time.sleep(0.2)


def test_what_nodes_say_is_text_whatever_it_says(browser: Chrome, tmp_path: Path) -> None:
    evil = "<img src=x onerror='document.title=1'>"
    writer = Writer(tmp_path / "journal.sqlite")
    nodes = (NodeRow(1, evil, (2,)), NodeRow(2, "</script>", (1,)))
    begin(writer, name=evil, nodes=nodes, settings={"mode": evil, "rule": evil}, command=[])
    writer.state(1, "$state", evil)
    writer.state(1, "$birth", json.dumps({"fw": evil}))
    writer.status(1, json.dumps({"reason": evil, "demand_q": 1}))
    writer.event(evil, evil, {evil: evil})
    writer.state(2, "lease", f"absent: {evil}")
    writer.close()
    line = [sys.executable, "-m", "quelea.watch", str(tmp_path)]
    server = subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None and server.stdin is not None
    try:
        browser.open(server.stderr.readline().split()[-1])
        browser.until("quelea.store.nodes.size === 2")
        browser.until("document.querySelectorAll('#table tbody button').length === 2")
        browser.run("document.querySelector('#table tbody button').click()")
        browser.until("!document.getElementById('chosen').hidden")
        assert browser.run("document.body.innerText").count("<img") >= 4
        assert browser.run("document.querySelectorAll('img').length") == 0
        assert browser.run("document.title") == f"Quelea: {evil}"
        assert browser.complaints == []
    finally:
        server.stdin.close()
        server.wait(10)
        server.stderr.close()
