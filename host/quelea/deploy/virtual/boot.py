"""What the MicroPython of a virtual board runs first: its flash as `/`, then boot.py and main.py.

The modules `machine` and `esp32` are stand-ins with what a Quelea node and our commands use of
them: reset, unique_id, NVS. NVS lies in a file beside the flash, as on a board it lies beside the
file system.
"""

import json
from pathlib import Path

BLOCK_BYTES = 4096
BLOCKS_MIN = 8  # a littlefs with fewer holds next to nothing

_SOURCE = """
import gc, micropython, os, sys, vfs
def _board(row):
    folder, flash, blocks, nvs, machine_text, unique, raw = row
    import machine as real
    from json import dump, load
    side = vfs.VfsPosix(folder)
    beside = "" if blocks else "../"  # of what becomes the current folder
    system = os.system
    class Machine:
        VIRTUAL = machine_text
        def __getattr__(self, name):
            return getattr(real, name)
        def reset(self):
            micropython.kbd_intr(-1)  # nothing stops a reset that was announced
            print("rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)")
            system("kill -9 $PPID")  # main.py's SystemExit would lead into the REPL
            raise SystemExit
        def unique_id(self):
            return bytes(unique)
        def freq(self):
            return 160000000
    class NVS:
        def __init__(self, space):
            if len(space) > 15:
                raise OSError(-4361, "ESP_ERR_NVS_INVALID_NAME")
            self._space = space + "."
            try:
                with side.open(beside + "nvs.json", "r") as file:
                    self._rows = load(file)
            except OSError:
                self._rows = {}
        def _get(self, key, kind):
            try:
                found, value = self._rows[self._space + key]
            except KeyError:
                found = value = None
            if found != kind:
                raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")
            return value
        def _set(self, key, kind, value):
            if len(key) > 15:
                raise OSError(-4361, "ESP_ERR_NVS_KEY_TOO_LONG")
            self._rows[self._space + key] = (kind, value)
        def get_i32(self, key):
            return self._get(key, "i32")
        def set_i32(self, key, value):
            self._set(key, "i32", int(value))
        def get_blob(self, key, buffer):
            data = bytes.fromhex(self._get(key, "blob"))
            if len(data) > len(buffer):
                raise OSError(-4364, "ESP_ERR_NVS_INVALID_LENGTH")
            buffer[: len(data)] = data
            return len(data)
        def set_blob(self, key, data):
            if len(data) > 4000:
                raise OSError(-4366, "ESP_ERR_NVS_VALUE_TOO_LONG")
            self._set(key, "blob", bytes(data).hex())
        def erase_key(self, key):
            if self._rows.pop(self._space + key, None) is None:
                raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")
        def commit(self):
            with side.open(beside + "nvs.new", "w") as file:
                dump(self._rows, file)
            side.rename(beside + "nvs.new", beside + "nvs.json")
    class Esp32:
        pass
    class Blocks:
        def __init__(self):
            try:
                self._file = side.open("/flash.img", "r+b")
            except OSError:
                with side.open("/flash.img", "wb") as file:
                    for _ in range(blocks):
                        file.write(b"\\xff" * 4096)
                self._file = side.open("/flash.img", "r+b")
        def readblocks(self, block, buffer, offset=0):
            self._file.seek(block * 4096 + offset)
            self._file.readinto(buffer)
        def writeblocks(self, block, buffer, offset=0):
            self._file.seek(block * 4096 + offset)
            self._file.write(buffer)
            self._file.flush()
        def ioctl(self, op, argument):
            return blocks if op == 4 else 4096 if op == 5 else 0
    def mount():
        if not blocks:
            return vfs.VfsPosix(flash)
        device = Blocks()
        try:
            return vfs.VfsLfs2(device)
        except OSError:
            vfs.VfsLfs2.mkfs(device)
            return vfs.VfsLfs2(device)
    disk = mount()
    vfs.umount("/")
    vfs.mount(disk, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.modules["machine"] = Machine()
    if nvs:
        Esp32.NVS = NVS
        sys.modules["esp32"] = Esp32
    if raw:
        return ()
    names = os.listdir("/")
    return [name for name in ("boot.py", "main.py") if name in names]
def _start(names):
    try:
        sys.stdout.write("\\x00up\\x00")
        for name in names:
            with open(name) as file:
                text = compile(file.read(), name, "exec")
            exec(text, {"__name__": "__main__"})
    except (Exception, KeyboardInterrupt) as error:
        sys.print_exception(error)
_names = _board(%s)
del _board
gc.collect()
_start(_names)
"""


def source(
    folder: Path, flash: Path, blocks: int, nvs: bool, machine: str, unique: bytes, raw: bool
) -> str:
    """Return the text for `micropython -i -c`.

    folder: the board's own, with flash.img and nvs.json. flash: what is `/` where blocks is 0,
    else `/` is a littlefs of so many blocks. nvs: there is an esp32 module. raw: no main.py runs.
    """
    row = [str(folder), str(flash), blocks, int(nvs), machine, list(unique), int(raw)]
    return _SOURCE % json.dumps(row)
