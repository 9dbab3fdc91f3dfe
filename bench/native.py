"""This build, made for any processor, against one of the same sources for this very processor."""

import importlib.util
import os
import subprocess
import sys
import tempfile
from functools import partial
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType

import numpy as np
import quelea
from quelea import kernels
from quelea.errors import UserError
from quelea.kernels import _core

from bench.gathered import must_equal
from bench.measure import Row, Work, cpu, per_call

KERNELS = Path(quelea.__file__).parent / "kernels"
FLAGS = ("-O3", "-march=native", "-g0", "-fwrapv", "-pthread")
BUILD_S = 300
MOST = 1.5
SMALL, TRIM = 10_000, 1  # TRIM: the rule's number, src/kernel.h

SETUP = """
import sys
from pathlib import Path
from Cython.Build import cythonize
from setuptools import Extension, setup
folder, flags = Path(sys.argv[1]), sys.argv[2:]
sources = [folder / "_core.pyx", *sorted((folder / "src").glob("*.c"))]
extension = Extension(
    "quelea.kernels._core", [str(path) for path in sources], include_dirs=[str(folder / "src")],
    extra_compile_args=flags, extra_link_args=["-pthread"],
)
sys.argv = ["setup.py", "-q", "build_ext", "--build-lib", "built", "--build-temp", "objects"]
made = cythonize([extension], language_level=3, build_dir="c", quiet=True)
setup(name="native", ext_modules=made)
"""


def build(folder: Path) -> ModuleType:
    """Compile the kernels for this processor into folder and load them beside ours."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP, str(KERNELS), *FLAGS],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        env={key: text for key, text in os.environ.items() if key != "CFLAGS"},
        check=False,
    )
    found = sorted((folder / "built").rglob("_core*"))
    if done.returncode or not found:
        raise UserError(
            "the kernels cannot be compiled here",
            "--only native",
            done.stderr.strip()[-300:],
            "install a C compiler and pip install 'quelea[dev]'",
        )
    loader = ExtensionFileLoader("quelea.kernels._core", str(found[0]))
    spec = importlib.util.spec_from_loader("quelea.kernels._core", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _columns(module: ModuleType, values: object, out: object, count: int) -> Work:
    plan = module.Plan(TRIM, count, False, count // 4)
    return lambda: module.run_columns(plan, values, None, out, 1)


def _rounds(module: ModuleType, table: kernels.Table, states: list[np.ndarray]) -> Work:
    plan = module.Plan(TRIM, table.degree, True, 2)
    tiles = module.Tiles(table.grouped, table.degree, 2) if table.is_tiled_for(2) else None
    none = np.empty(0, np.uint32)
    return lambda: module.run_table(plan, table.grouped, tiles, *states, none, 1, 1)


def native_rows(table: kernels.Table) -> list[Row]:
    """Columns of few and of many values, whole rounds, one call; by each instruction set."""
    with tempfile.TemporaryDirectory(prefix="quelea-native-") as name:
        theirs = build(Path(name))
        rows = []
        for isa in [name for name in kernels.ISAS if _core.available(name)]:
            _core.use(isa), theirs.use(isa)
            rows += _compare(theirs, table, isa)
        _core.use(kernels.ISA)
    return rows


def _one(module: ModuleType, heard: list[int]) -> object:
    return module.trimmed_mean(0, heard, 5)


def _compare(theirs: ModuleType, table: kernels.Table, isa: str) -> list[Row]:
    draw = np.random.default_rng(31)
    both = (_core, theirs)
    found: list[tuple[str, float, float]] = []
    for count in (16, 64):
        values = draw.integers(-(1 << 22), 1 << 22, (count, SMALL), dtype=np.int32)
        outs = [np.empty(SMALL, np.int32) for _ in both]
        works = [_columns(module, values, out, count) for module, out in zip(both, outs)]
        for work in works:
            work()
        must_equal(outs[0], outs[1], "native build")
        ours_s, native_s = cpu(works, 30)
        found.append((f"trimmed mean {SMALL} x {count}", ours_s, native_s))
    start = draw.integers(0, 65536, table.grouped.size // table.degree + 64, np.uint16)
    pairs = [[start.copy(), start.copy()] for _ in both]
    works = [_rounds(module, table, states) for module, states in zip(both, pairs)]
    for work in works:
        work()
    must_equal(pairs[0][1][: table.agents], pairs[1][1][: table.agents], "native rounds")
    ours_s, native_s = cpu(works, 10)
    found.append(("random 8-regular, 1e6 agents", ours_s, native_s))
    heard = draw.integers(-1000, 1000, 16).tolist()
    ours_s, native_s = (per_call(partial(_one, module, heard), 20_000) for module in both)
    found.append(("one call, 16 values", ours_s, native_s))
    return [
        Row(f"{what}, {isa}", ours, "-O3 -march=native", native, ours / native, "x its time",
            MOST, True)
        for what, ours, native in found
    ]  # fmt: skip
