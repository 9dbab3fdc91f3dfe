# The power goes at every change of the flash, and once more at every change after that:
# REQ-UPDATE-5. With a crash or without the broker it goes back: REQ-UPDATE-6.
import sys

from update_kit import Board, Flash, PowerCut, Release

OLD = {"a/b.mpy": b"old" * 30, "a/same.mpy": bytes(range(256)) * 6, "gone.mpy": b"x"}
NEW = {
    "a/b.mpy": b"new" * 31,
    "a/same.mpy": OLD["a/same.mpy"],
    "a/d/e.mpy": b"yz" * 600,
    "f.py": b"",
}
THIRD = dict(NEW)
THIRD["a/b.mpy"] = b"third"
RELEASES = {1: Release(1, OLD), 2: Release(2, NEW), 3: Release(3, THIRD), 4: Release(4, OLD)}
WHOLE = "whole" in sys.argv[1:]


def lib():
    flash = Flash()
    for path in OLD:
        flash.files["lib/" + path] = OLD[path]
    return flash


def copy(flash):
    made = Flash()
    made.files = dict(flash.files)
    return made


def live(flash, offered, crash=(), alone=(), first=0):
    """Boot until nothing more happens; cuts come as they are set. Return the board.

    Each boot must find a whole set, of the version that ran first or of the one offered.
    """
    board = Board(flash, crash, alone)
    quiet = False
    while not quiet:
        if board.boots > 12:
            print("FAIL never quiet", board.ran)
            return board
        try:
            node = board.boot(offered)
            quiet = node is not None and not node.restarting
        except PowerCut:
            board.flash.cut_at = -1
            if len(board.ran) < board.boots:
                continue  # before anything was chosen to run
        version = board.ran[-1]
        if version not in (first or version, offered.version):
            print("FAIL version", version, "was started")
        found = board.flash.content(board.folder)
        if version == 0 or found != RELEASES[version].content():
            print("FAIL version", version, "in", board.folder, "is", [row[0] for row in found])
    return board


def every_cut(name, flash, first, offered, expected, second, crash=(), alone=()):
    """Cut at each change, torn in each way; then at each change after it, if second."""
    whole = copy(flash)
    board = live(whole, offered, crash, alone, first)
    if board.ran[-1] != expected:
        print("FAIL uncut", name, board.ran)
    changes = whole.changes
    runs = 0
    longest = 0
    for at in range(changes):
        for torn in range(Flash.WAYS):
            cut = copy(flash)
            cut.cut_at = at
            cut.torn = torn
            board = live(cut, offered, crash, alone, first)
            runs += 1
            if board.ran[-1] != expected:
                print("FAIL", name, at, torn, board.ran)
            longest = max(longest, board.boots)
            if not second or cut.changes <= at + 1:
                continue
            # the flash as the first cut left it, then the second cut
            for again in range(0 if WHOLE else at % 3, cut.changes - at - 1, 1 if WHOLE else 3):
                for torn_again in range(Flash.WAYS) if WHOLE else ((at + again) % Flash.WAYS,):
                    twice = copy(flash)
                    twice.cut_at = at
                    twice.torn = torn
                    runs += 1
                    board = twice_cut(twice, again, torn_again, offered, crash, alone, first)
                    if board.ran[-1] != expected:
                        print("FAIL", name, at, torn, again, torn_again, board.ran)
    print(name, "changes", changes, "boots at most", longest)
    return runs


def twice_cut(flash, again, torn_again, offered, crash, alone, first):
    board = Board(flash, crash, alone)
    try:
        while True:
            node = board.boot(offered)
            if node is not None and not node.restarting:
                return board  # was quiet before the cut
    except PowerCut:
        pass
    flash.changes = 0
    flash.cut_at = again
    flash.torn = torn_again
    return live(flash, offered, crash, alone, first)


runs = every_cut("first", lib(), 1, RELEASES[2], 2, True)
runs += every_cut("crashes", lib(), 1, RELEASES[2], 1, WHOLE, crash=(2,))
runs += every_cut("alone", lib(), 1, RELEASES[2], 1, False, alone=(2,))
second = lib()
live(second, RELEASES[2])
second.changes = 0
third = copy(second)
runs += every_cut("second", second, 2, RELEASES[3], 3, False)
live(third, RELEASES[3])
third.changes = 0
runs += every_cut("into a used folder", third, 3, RELEASES[4], 4, False)
print("runs", runs)
