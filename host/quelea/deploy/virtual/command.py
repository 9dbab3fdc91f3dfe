"""`quelea virtual`: a set of virtual boards that runs until Ctrl-C, with faults where asked."""

import contextlib
import fcntl
import json
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from quelea.deploy import chips
from quelea.deploy.virtual.board import Spec, VirtualBoard
from quelea.errors import EXIT_OK, UserError
from quelea.fleet import interpreter

BOARDS_MAX = 64
LOOK_S = 0.2
FULL_KB = 48  # smaller than the firmware
UNPLUG_BYTES = 20_000  # in the middle of the firmware
FAULTS = "hang, wrong-chip, full or unplug[:BYTES]"


def specs(count: int, chip: str, flash_kb: int, faults: Sequence[str]) -> list[Spec]:
    """Return what boards there are to be; faults: such as `b03:full`. UserError for others."""
    if not 1 <= count <= BOARDS_MAX:
        raise UserError(f"{count} boards", "--boards", f"1 to {BOARDS_MAX}")
    if flash_kb and not 32 <= flash_kb <= 1 << 15:
        raise UserError(f"{flash_kb} KB of flash", "--flash-kb", "0 (a folder), or 32 to 32768")
    kind = chips.require(chip, "--chip")
    rows = {f"b{n:02d}": Spec(f"b{n:02d}", kind, flash_kb) for n in range(1, count + 1)}
    for fault in faults:
        name, _, rest = fault.partition(":")
        word, _, size = rest.partition(":")
        if name not in rows:
            raise UserError(f"{fault!r} names no board", "--fault", f"boards: {', '.join(rows)}")
        spec = rows[name]
        if word == "hang":
            rows[name] = replace(spec, hang=True)
        elif word == "wrong-chip":
            other = next(one for one in chips.CHIPS if one.offset != kind.offset)
            rows[name] = replace(spec, chip=other)
        elif word == "full":
            rows[name] = replace(spec, flash_kb=FULL_KB)
        elif word == "unplug" and (not size or (size.isdecimal() and 0 < int(size) < 1 << 30)):
            rows[name] = replace(spec, unplug_bytes=int(size or UNPLUG_BYTES))
        else:
            raise UserError(f"{fault!r} is no fault", "--fault", f"NAME:FAULT, one of {FAULTS}")
    return list(rows.values())


def command(
    count: int,
    folder: Path,
    chip: str,
    flash_kb: int,
    faults: Sequence[str],
    heap_kb: int,
    fresh: bool,
    as_json: bool = False,
) -> int:
    """Run boards until Ctrl-C; what they have stored stays in the folder.

    as_json: one object when all of them run, instead of a line each.
    """
    wanted = [replace(spec, heap_kb=heap_kb) for spec in specs(count, chip, flash_kb, faults)]
    runtime = interpreter.find(heap_kb=heap_kb)
    boards = [VirtualBoard(spec, folder / spec.name, runtime) for spec in wanted]
    asked: list[int] = []  # no Event: a second signal could meet its lock held by the first
    lock: IO[str] | None = None
    before = {
        number: signal.signal(number, lambda got, _: asked.append(got))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        lock = _locked(folder)
        for board in boards:
            if fresh:
                shutil.rmtree(board.folder, ignore_errors=True)
            board.start()
            if not as_json:
                print(f"{board.port}  {_words(board.spec)}", flush=True)
        if as_json:
            rows = [{"port": str(board.port), "what": _words(board.spec)} for board in boards]
            print(json.dumps({"verdict": True, "checks": [], "boards": rows}), flush=True)
        print(f"{count} virtual boards run until Ctrl-C.", file=sys.stderr, flush=True)
        while not asked:
            time.sleep(LOOK_S)
    finally:
        for board in boards:
            with contextlib.suppress(OSError):
                board.stop()
        if lock is not None:
            lock.close()
        for number, handler in before.items():
            signal.signal(number, handler)
    return EXIT_OK


def _locked(folder: Path) -> IO[str]:
    """Return what keeps a second set out of the folder while it is open; UserError if one runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / ".lock", "w")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}", "--folder", "", "name another") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UserError(
            f"boards run in {folder} already", "--folder", "", "name another"
        ) from None
    return file


def _words(spec: Spec) -> str:
    rows = (("hangs", spec.hang), ("is unplugged", spec.unplug_bytes))
    faults = [word for word, has in rows if has]
    if spec.flash_kb:
        faults.append(f"{spec.flash_kb} KB flash")
    return ", ".join([spec.chip.words, *faults])
