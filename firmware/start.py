"""Picks the set of files that a board runs, before anything of them is imported.

    main.py -> start() -> quelea_agent.port.run.main() of lib, set1 or set2

lib is what came by cable; set1 and set2 take turns for updates over the air. No update writes lib,
main.py or this file. What runs, and how often it was tried, stands in boot.0 and boot.1, written
in turn and each with a checksum: a power cut at any moment leaves the older record whole. A board
without a record runs lib and counts nothing.
"""

import hashlib
import sys

SETS = ("lib", "set1", "set2")
RECORDS = ("boot.0", "boot.1")
BOOTS_MAX = 3  # of a set that never stayed: then back, or safe mode where there is no way back
GUARD_MS = 60000  # from the start to the main loop; what hangs before is started again
RESTART = 75  # exit status of a process that wants to be started again, as boards start again
_SUM_CHARS = 16

# positions in a record, a list of integers
COUNT = 0  # of records written: the higher one is the newer
SLOT = 1  # of SETS, what runs
BACK = 2  # of SETS, what ran before
TRIAL = 3  # 1: what runs is not known to be good
BOOTS = 4  # since it last ran long enough
VERSION = 5  # of what runs
BACK_VERSION = 6
TOP = 7  # the highest version ever begun: none up to it is taken again
CAUSE = 8  # of CAUSES: why it went back
FIELDS = 9

CAUSES = ("", "crash", "boots", "alone")
CRASH = 1  # an exception of what was on trial
BOOTED = 2  # it was started BOOTS_MAX times and never stayed
ALONE = 3  # it did not reach the broker

_timer = []  # the guard, while it runs


def first(version: int) -> list:
    """Return the record of a board that runs what came by cable, of this version."""
    return [0, 0, 0, 0, 0, version, version, version, 0]


def _sum(text: bytes) -> str:
    return "".join(["%02x" % byte for byte in hashlib.sha256(text).digest()])[:_SUM_CHARS]


def parse(data: bytes):
    """Return the record in data, or None for anything that save() did not write whole."""
    try:
        words = data.decode().split(" ")
        body = data[: len(data) - _SUM_CHARS]
        if len(words) != FIELDS + 1 or words[FIELDS] != _sum(body):
            return None
        return [int(word) for word in words[:FIELDS]]
    except ValueError:  # a UnicodeError is one
        return None


def load(files):
    """Return the newest whole record, or None. files: has read(name) -> bytes."""
    newest = None
    for name in RECORDS:
        record = parse(files.read(name))
        if record is not None and (newest is None or record[COUNT] > newest[COUNT]):
            newest = record
    return newest


def save(files, record: list) -> bool:
    """Count and store a record in the place of the older one; False when it could not be."""
    record[COUNT] += 1
    text = "".join([str(number) + " " for number in record]).encode()
    return files.write(RECORDS[record[COUNT] & 1], text + _sum(text).encode())


def back(record: list, cause: int) -> None:
    """Make a record that is on trial one of what ran before."""
    record[SLOT] = record[BACK]
    record[VERSION] = record[BACK_VERSION]
    record[TRIAL] = record[BOOTS] = 0
    record[CAUSE] = cause


def advance(record: list) -> bool:
    """Count a boot; back where a trial has used its boots up. Return whether it is safe mode."""
    if record[BOOTS] >= BOOTS_MAX:
        if not record[TRIAL]:
            return True
        back(record, BOOTED)
    record[BOOTS] += 1
    return False


class Flash:
    """Whole files by name."""

    def read(self, name: str) -> bytes:
        """Return what is stored, or nothing where there is no such file."""
        try:
            with open(name, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def write(self, name: str, data: bytes) -> bool:
        """Store data; False when it could not be."""
        try:
            with open(name, "wb") as file:
                return file.write(data) == len(data)
        except OSError:
            return False


def restart() -> None:
    """Start the board again; a process ends with RESTART instead."""
    try:
        import machine

        machine.reset()
    except (ImportError, AttributeError):
        sys.exit(RESTART)


def begin(files) -> tuple:
    """Count a boot; return (record or None, whether it is safe mode)."""
    record = load(files)
    if record is None:
        return None, False
    if advance(record):
        return record, True
    # A boot that cannot be counted could be repeated for ever.
    return record, not save(files, record)


def crashed(files) -> None:
    """Take note of a crash: what was on trial goes back; the boot of the other is counted."""
    record = load(files)
    if record is not None and record[TRIAL]:
        back(record, CRASH)
        save(files, record)


def guard():
    """Return a timer that restarts the board unless relax() stops it; None where there is none."""
    try:
        import machine

        timer = machine.Timer(0)
        timer.init(period=GUARD_MS, mode=machine.Timer.ONE_SHOT, callback=_hung)
        return timer
    except (ImportError, AttributeError):
        return None


def _hung(timer: object) -> None:
    restart()


def relax() -> None:
    """Stop the guard: the main loop runs, and looks after itself."""
    if _timer:
        _timer.pop().deinit()


def start() -> None:
    """Run the set that is due. A trial that crashes goes back; whatever crashes, restarts."""
    flash = Flash()
    record, safe = begin(flash)
    timer = guard() if record is not None else None
    if timer is not None:
        _timer.append(timer)
    if record is not None and record[SLOT] and not safe:
        sys.path[:] = [sys.path[0], ".frozen", SETS[record[SLOT]]]  # nothing of the other sets
    try:
        if safe:
            from quelea_agent.port.safe import main
        else:
            from quelea_agent.port.run import main
        main()
        return
    except SystemExit as end:
        orderly = not end.args or end.args[0] in (None, 0, RESTART)
        if record is None or not record[TRIAL] or orderly:
            raise
    except Exception as error:
        if record is None:
            raise
        print("quelea:", "safe mode" if safe else SETS[record[SLOT]], "failed:", repr(error))
    crashed(flash)
    restart()
