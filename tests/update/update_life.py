# What an update meets besides power cuts: wrong chunks, a silent host, a full flash, a crash at
# every boot, announcements that are older, wrong or garbage.
# REQ-UPDATE-1, REQ-UPDATE-2, REQ-UPDATE-3, REQ-UPDATE-4.
import gc
import os
import sys

import update_kit
from quelea_agent.port import fetch, release, update
from quelea_proto.fixed import random_next
from update_kit import CFG, Board, Flash, Release, Settings, start

OLD = {"a/b.mpy": b"old" * 30, "a/same.mpy": bytes(range(256)) * 6}
NEW = {"a/b.mpy": b"new" * 900, "a/same.mpy": OLD["a/same.mpy"], "c.mpy": b"c"}
TWO = Release(2, NEW)
THREE = Release(3, OLD)


def check(holds, *what):
    print(*what) if holds else print("FAIL", *what)


def lib():
    flash = Flash()
    for path in sorted(OLD):
        flash.files["lib/" + path] = OLD[path]
    return flash


# -- only what differs is sent, and asked for again when it does not come
asked = []


def slow(offered, file, at):
    asked.append((file, at))
    return offered.chunk(file, at) if len(asked) % 3 == 0 else None


board = Board(lib())
node = board.boot(TWO, 9000, slow)
check(node.restarting, "asked", asked[2::3], "taken", node.counts[update.NAMES.index("taken")])
check(board.boot(TWO).record[start.VERSION] == 2, "runs", board.ran, board.events)

# -- a host that goes away in the middle: what was sent stays
board = Board(lib())
board.boot(TWO, 300, lambda offered, file, at: offered.chunk(file, at) if at < 2048 else None)
sizes = board.flash.size("set1/a/b.mpy")
asked.clear()
node = board.boot(TWO, 9000, slow)
check(node.restarting and sizes == 2048, "went on at", sizes, asked[2::3])

# -- corrupt chunks: given up, what ran goes on; the same version may be offered anew
board = Board(lib())
node = board.boot(TWO, 9000, lambda offered, file, at: offered.chunk(file, at)[:-1] + b"!")
check(not node.restarting and node.state == update.IDLE, "corrupt", board.events)
check(node.counts[update.NAMES.index("failed")] == 1, "counted")
node.receive(node.topic, b"good" + TWO.body)
node.tick(board.now_ms + 5, True)
check(node.state == update.IDLE, "the same message brings nothing")
node = board.boot(TWO)
check(node.restarting, "anew after a restart")

# -- a broker that goes and comes back: asked again at once, from where it was
board = Board(lib())
node = board.boot(TWO, 30, lambda offered, file, at: None)
now_ms = board.now_ms
asked.clear()


def turn(up):
    global now_ms
    now_ms += 5
    node.tick(now_ms, up)
    if node.asking is not None:
        asked.append((up, now_ms))
        node.asking = None


for _ in range(9000):
    turn(False)
away = len(asked)
turn(True)
turn(True)
check(away == 0 and len(asked) == 1 and node.fetch.wanted == (0, 0), "back", len(asked))

# -- what is not signed, or signed anew, does not disturb what is in hand
board = Board(lib())
answered = []


def disturbed(offered, file, at):
    answered.append(1)
    node = node_of[0]
    if len(answered) == 2:
        node.receive(node.topic, b"evil" + THREE.body)
    if len(answered) == 3:
        node.receive(node.topic, b"good" + TWO.body + b" ")
    return offered.chunk(file, at)


node_of = []
make = update.Update


def kept(*args):
    node_of[:] = [make(*args)]
    return node_of[0]


update.Update = kept
node = board.boot(TWO, 9000, disturbed)
update.Update = make
check(node.restarting and len(answered) == 5, "undisturbed", board.events, len(answered))
board = Board(lib())
node = board.boot(TWO, 300, lambda offered, file, at: None)
check(node.state == update.FETCHING, "in hand")
node.receive(node.topic, b"")
node.tick(board.now_ms + 5, True)
check(node.idle and node.fetch is None, "taken back")

# -- a chunk that nobody wants, twice, too long, of another version
board = Board(lib())
stray = [THREE.chunk(0, 0), TWO.chunk(2, 7), b"", b"x" * 2000, TWO.chunk(0, 0)[:10]]


def noisy(offered, file, at):
    for data in stray:
        node_of[0].receive(node_of[0].chunk_topic, data)
    node_of[0].receive(node_of[0].chunk_topic, offered.chunk(file, at))
    return offered.chunk(file, at)


update.Update = kept
node = board.boot(TWO, 9000, noisy)
update.Update = make
counts = [node.counts[update.NAMES.index(name)] for name in ("taken", "unasked", "bad_chunks")]
check(node.restarting and counts[0] == 5, "noise", counts)

# -- nothing can be written
full = lib()
full.full = True
board = Board(full)
node = board.boot(TWO)
check(not node.restarting and "update-failed" in board.events, "full", board.events)

# -- three bad boots of a good set: safe mode, which takes an update
flash = lib()
board = Board(flash)
board.boot(TWO)
board.boot(TWO)
board.crash = (2,)
for _ in range(5):
    board.boot(TWO)
check(board.ran == [1, 2, 2, 2, 2, 0, 0], "bad boots", board.ran)
node = board.boot(THREE)
check(board.folder == "lib" and node.restarting, "an update in safe mode", board.ran)
node = board.boot(THREE)
check(board.folder == "set2" and node.record[start.VERSION] == 3, "left", board.ran)
board.crash = (3,)
for _ in range(4):
    board.boot(None)
board.crash = ()
node = board.boot(None)
check(board.ran[-1] == 0, "safe", board.ran[-1])
node.retry()
check(board.boot(None).record[start.VERSION] == 3, "tried anew", board.ran[-1])

# -- a trial that is cut short three times goes back
board = Board(lib())
board.boot(TWO)
for _ in range(3):
    board.boot(None, 10)
node = board.boot(TWO)
check(board.ran == [1, 2, 2, 2, 1], "trial", board.ran, board.events[-1])
check(not node.restarting and node.counts[update.NAMES.index("older")] == 1, "not taken again")
check(board.boot(THREE).restarting, "but a newer one is")

# -- what is announced: signature, fleet, bytecode, version, nodes
for data, name in (
    (b"evil" + TWO.body, "bad_signature"),
    (b"good" + TWO.body.replace(b"demo", b"other"), "bad_body"),
    (b"good" + TWO.body.replace(b'"mpy"', b'"xyz"'), "bad_body"),
    (b"good" + TWO.body.replace(b'"version":2', b'"version":1'), "older"),
    (b"good" + TWO.body.replace(b'"v":1', b'"v":2'), "bad_body"),
    (b"good" + TWO.body.replace(b"}", b',"nodes":["n02"]}'), ""),
    (b"good" + TWO.body.replace(b"}", b',"nodes":5}'), "bad_body"),
    (b"", ""),
):
    board = Board(lib())
    board.boot(None)
    node = update.Update(Settings, CFG, update_kit.KEY, start, board.flash, "lib")
    sys.modules["quelea_agent.port.signed"] = update_kit._Signed
    node.receive(node.topic, data)
    for now_ms in range(0, 200, 5):
        node.tick(now_ms, True)
    counted = [node.counts[i] for i in range(len(node.counts))]
    at = update.NAMES.index(name) if name else -1
    if data[:4] == b"good" and name == "bad_body" and b"xyz" in data:
        check(counted[at] == (1 if getattr(sys.implementation, "_mpy", 0) else 0), "bytecode")
        continue
    check(node.state == update.IDLE and (at < 0 or counted[at] == 1), name or "nothing", data[:4])


# -- what hangs before its main loop is started again; one tick of it is enough
class Timer:
    ONE_SHOT = 0
    log = None

    def __init__(self, number):
        Timer.log.append(number)

    def init(self, period, mode, callback):
        Timer.log.append(period)
        Timer.callback = callback

    def deinit(self):
        Timer.log.append("off")


Timer.log = []


class Machine:
    Timer = Timer

    @staticmethod
    def reset():
        Timer.log.append("reset")


sys.modules["machine"] = Machine
start._timer.append(start.guard())
Timer.callback(start._timer[0])
board = Board(lib())
board.boot(None)
board.boot(None)
print("guard", Timer.log)
del sys.modules["machine"]

# -- the parsers: mutated and random bytes give None or a sentence
used = 0
state = 7
turns = int(os.getenv("QUELEA_FUZZ") or 4000)
good = (TWO.body, TWO.list[: TWO.list.find(b"\n") + 1], TWO.chunk(1, 1024), b"a/b.mpy")
taken = [0, 0, 0]
for turned in range(turns):
    if turned == turns // 2 and hasattr(gc, "mem_alloc"):
        gc.collect()
        used = gc.mem_alloc()
    state = random_next(state)
    which = state % 3
    data = bytearray(good[which])
    for _ in range(state >> 4 & 3):
        state = random_next(state)
        at = state % (len(data) + 1)
        way = state >> 12 & 3
        if way == 0:
            data[at:] = b""
        elif way == 1 and at < len(data):
            data[at] = state >> 15 & 255
        elif way == 2:
            data = data[:at] + bytes([state >> 15 & 255]) + data[at:]
        else:
            data = data + data[:at]
    if which == 0:
        parsed = release.body(bytes(data), "demo", 0)
        if parsed[0] is not None:
            taken[0] += 1
            if not 1 <= parsed[0].version <= release.VERSION_MAX:
                print("FAIL", data)
    elif which == 1:
        row = release.line(bytes(data))
        if row is not None:
            taken[1] += 1
            if ".." in row[2] or row[2][0] == "/" or not 0 <= row[1] <= release.FILE_BYTES_MAX:
                print("FAIL", data)
    else:
        taken[2] += release.chunk(bytes(data)) is not None
parsed = row = data = None
gc.collect()
if used and gc.mem_alloc() > used + 4096:  # whatever the turns
    print("FAIL grown by", gc.mem_alloc() - used)
print("fuzz", turns, taken[0] > turns // 20, taken[1] > turns // 20, taken[2] > turns // 20)
for path in (
    "",
    "/a.mpy",
    "../a.mpy",
    "a/../b.mpy",
    "a//b.mpy",
    "a",
    "a.txt",
    ".mpy",
    "a.b.mpy",
    "A.mpy",
    "a/b/c/d/e/f.mpy",
    "cfg.json",
    "boot.0",
    "x" * 65 + ".py",
):
    check(not release.is_path(path), "no path", path[:20])
check(release.is_path("quelea_agent/port/run.mpy"), "a path")
for cfg, trust in (
    ({"key": "0f" * 64}, None), ({"key": "0f" * 63}, None), ({"key": "x" * 128}, None),
    ({"key": 5}, None), ({}, {"key": "DwAP" * 21 + "Dw=="}), ({}, {"key": "DwAP"}),
    ({}, {"key": 1}), ({}, {}), ({}, None), (5, {}), ({"key": "0f" * 64, "good_ms": -1}, None),
    ({"key": "0f" * 64, "version": True}, {}),
):  # fmt: skip
    print("config", update.problem_of(cfg, trust))
check(fetch.TRIES_MAX == 3, "tries")
