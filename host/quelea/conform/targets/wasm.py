"""MicroPython's WebAssembly port under Node.js: small integers of 31 bits, as on an ESP32."""

import os
import shutil
import tempfile
from pathlib import Path

from quelea.conform.targets.base import Files, Target, TargetError, run_process, write_files

PACKAGE = "@micropython/micropython-webassembly-pyscript"
PACKAGE_VERSION = "1.27.0"
ENV_NAME = "QUELEA_MICROPYTHON_WASM"  # path of a micropython.mjs
NPM_FOLDER = "build/npm"
INSTALL = f"npm install --prefix {NPM_FOLDER} {PACKAGE}@{PACKAGE_VERSION}"
HEAP_BYTES = 4 * 1024 * 1024
RUNNER = Path(__file__).with_name("wasm_run.mjs")


def module_path() -> Path | None:
    """Return the installed micropython.mjs: from the environment, or below build/npm."""
    if os.environ.get(ENV_NAME):
        given = Path(os.environ[ENV_NAME]).resolve()
        return given if given.is_file() else None
    # The source tree's root, for an editable install; else the folder the person is in.
    for root in (Path(__file__).resolve().parents[4], Path.cwd()):
        module = root / NPM_FOLDER / "node_modules" / PACKAGE / "micropython.mjs"
        if module.is_file():
            return module
    return None


class Wasm(Target):
    kind = "wasm"
    rounds_share = 0.2

    def __init__(self, runtime: str | None = None) -> None:
        super().__init__("wasm")

    def available(self) -> str | None:
        if shutil.which("node") is None:
            return "Node.js is missing; install it with: apt-get install nodejs npm"
        if module_path() is None:
            return f"MicroPython for WebAssembly is missing; install it with: {INSTALL}"
        return None

    def run(self, files: Files, script: str, timeout_s: float) -> str:
        node, module = shutil.which("node"), module_path()
        if node is None or module is None:
            raise TargetError(self.available() or "")
        with tempfile.TemporaryDirectory(prefix="quelea-conform-") as name:
            folder = Path(name)
            write_files(folder, files, script)
            argv = [node, str(RUNNER), str(module), str(folder), str(HEAP_BYTES)]
            return run_process(argv, folder, timeout_s)
