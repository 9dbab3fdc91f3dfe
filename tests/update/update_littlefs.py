# MicroPython only: the board's own file system, littlefs, on a flash that loses its power at the
# n-th block write or erase, and again at the m-th after it. Every n; every m with the argument
# "whole", every STRIDE-th without.
import os
import sys

from update_kit import Board, PowerCut, Release

if sys.implementation.name != "micropython" or not hasattr(os, "VfsLfs2"):
    print("SKIP no littlefs here")
    raise SystemExit

from quelea_agent.port.files import Files

OLD = {"a/b.mpy": b"old" * 30, "a/same.mpy": bytes(range(256)) * 5, "gone.mpy": b"x"}
NEW = {"a/b.mpy": b"new" * 31, "a/same.mpy": OLD["a/same.mpy"], "a/d/e.mpy": b"yz" * 600}
RELEASES = {1: Release(1, OLD), 2: Release(2, NEW)}
STRIDE = 1 if "whole" in sys.argv[1:] else 17
BLOCK = 512
BLOCKS = 48


class Device:
    """A flash of blocks. Of the cut_at'th change `halves` are done, and nothing after it."""

    def __init__(self, data):
        self.data = data
        self.changes = 0
        self.cut_at = -1
        self.again = -1  # cut_at of the life after the cut
        self.halves = 1
        self.dead = self.dead_by_cut = False

    def readblocks(self, n, buf, off=0):
        at = n * BLOCK + off
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, n, buf, off=0):
        self._change(n * BLOCK + off, buf)

    def _change(self, at, new):
        if self.dead:  # also of a file that is closed when its memory is collected
            return
        size = len(new)
        if self.changes == self.cut_at:
            self.dead = self.dead_by_cut = True
            size = size * self.halves // 2
        self.changes += 1
        self.data[at : at + size] = memoryview(new)[:size]

    def ioctl(self, op, arg):
        if op == 4:
            return BLOCKS
        if op == 5:
            return BLOCK
        if op == 6:
            self._change(arg * BLOCK, b"\xff" * BLOCK)
        return 0


class Flash(Files):
    """The mounted file system; dies with its device."""

    def __init__(self, device):
        self.device = device

    def mount(self):
        last = self.device
        self.device = Device(last.data)
        self.device.halves = last.halves
        if last.dead_by_cut:
            self.device.cut_at = last.again
        else:
            self.device.changes = last.changes
            self.device.cut_at = last.cut_at
            self.device.again = last.again
        os.mount(os.VfsLfs2(self.device, mtime=False), "/flash")
        os.chdir("/flash")

    def unmount(self):
        self.device.dead = True
        os.chdir("/")
        os.umount("/flash")

    def write(self, path, data):
        return self._done(Files.write(self, path, data))

    def append(self, path, data):
        return self._done(Files.append(self, path, data))

    def remove(self, path):
        return self._done(Files.remove(self, path))

    def remove_one(self, folder):
        return self._done(Files.remove_one(self, folder))

    def _done(self, answer):
        if self.device.dead:
            raise PowerCut
        return answer

    def content(self, folder):
        rows = []
        for name in ("a/b.mpy", "a/d/e.mpy", "a/same.mpy", "gone.mpy"):
            if self.size(folder + "/" + name) >= 0:
                rows.append((name, self.read(folder + "/" + name)))
        return rows


def made():
    """Return the bytes of a flash with the old set as lib."""
    device = Device(bytearray(b"\xff" * BLOCK * BLOCKS))
    os.VfsLfs2.mkfs(device)
    flash = Flash(device)
    flash.mount()
    for path in OLD:
        flash.append("lib/" + path, OLD[path])
    flash.unmount()
    return bytes(device.data)


def live(device):
    flash = Flash(device)
    board = Board(flash)
    quiet = False
    while not quiet and board.boots < 9:
        flash.mount()
        try:
            node = board.boot(RELEASES[2])
            quiet = node is not None and not node.restarting
        except PowerCut:
            pass
        if len(board.ran) == board.boots:
            version = board.ran[-1]
            if not version or flash.content(board.folder) != RELEASES[version].content():
                print("FAIL version", version, "in", board.folder)
        flash.unmount()
    return board, flash.device


blank = made()
device = Device(bytearray(blank))
board, device = live(device)
if board.ran != [1, 2]:
    print("FAIL uncut", board.ran)
runs = 0
longest = 0
twice = 0
for at in range(device.changes):
    for halves in range(3) if STRIDE == 1 else (at % 3,):
        for again in range(-1, device.changes - at, STRIDE):
            cut = Device(bytearray(blank))
            cut.cut_at = at
            cut.halves = halves
            cut.again = again
            board, last = live(cut)
            runs += 1
            twice += again >= 0 and last.cut_at == -1
            longest = max(longest, board.boots)
            if board.ran[-1] != 2:
                print("FAIL cut", at, halves, again, board.ran)
print("block changes", device.changes > 50, "cuts", runs, "twice", twice, "boots at most", longest)
