"""A ROM loader as esptool meets it: SLIP frames, chip detection, a stub that flashes a file.

Enough of Espressif's serial protocol for `esptool write-flash` to run to its end and verify, and
to give its own errors: wrong chip, no answer. The stub is not run: that it was loaded is believed,
and what follows is answered as a stub does. Tests hold it to the esptool that is installed.
"""

import hashlib
import struct
import zlib
from pathlib import Path

from quelea.deploy.chips import Chip

SYNC = b"\xc0\x00\x08\x24\x00"  # how every conversation with a ROM loader begins
FLASH_ID = 0x1640EF  # 4 MB
FRAME_BYTES_MAX = 70_000  # a compressed block of 64 KB and its head
FLASH_BYTES_MAX = 4 << 20
_MAGIC_REG = 0x40001000
_INVALID = b"\x01\x05"
_HEAD = struct.Struct("<BBHI")


def unslip(data: bytes) -> bytes:
    """Return a frame's content."""
    return data.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")


def slip(data: bytes) -> bytes:
    """Return a frame."""
    return b"\xc0" + data.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Rom:
    """feed() takes what the host sent and returns what it is answered."""

    def __init__(self, chip: Chip, mac: bytes, image: Path) -> None:
        """mac: 6 bytes. image: the file that is the flash chip; made when written to."""
        self.chip = chip
        self.image = image
        self.done = False  # the host has told it to start the program
        self._mac = mac
        self._stub = False
        self._seen = bytearray()
        self._at = 0
        self._inflate = zlib.decompressobj()

    def feed(self, data: bytes) -> bytes:
        """Take bytes; damaged and endless frames are dropped."""
        out = b""
        self._seen += data
        *frames, rest = bytes(self._seen).split(b"\xc0")
        self._seen = bytearray(rest[:FRAME_BYTES_MAX])
        for frame in frames:
            if len(frame) >= _HEAD.size and frame[0] == 0:
                out += self._answer(unslip(frame))
        return out

    def _answer(self, frame: bytes) -> bytes:
        if len(frame) < _HEAD.size:
            return b""
        _, command, size, _ = _HEAD.unpack_from(frame)
        body = frame[_HEAD.size : _HEAD.size + size]
        if len(body) != size:
            return b""
        if command == 0x08:  # sync is answered eight times
            return self._reply(command, value=0x20120707 if not self._stub else 0) * 8
        try:
            return self._do(command, body)
        except (struct.error, zlib.error, OSError, ValueError):
            return self._reply(command, status=_INVALID)

    def _reply(
        self, command: int, data: bytes = b"", value: int = 0, status: bytes = b"\x00\x00"
    ) -> bytes:
        status += b"" if self._stub else b"\x00\x00"
        return slip(_HEAD.pack(1, command, len(data) + len(status), value) + data + status)

    def _do(self, command: int, body: bytes) -> bytes:
        if command == 0x0A:  # READ_REG
            return self._reply(command, value=self._register(struct.unpack("<I", body)[0]))
        if command == 0x14:  # GET_SECURITY_INFO; chips with a magic number have none
            if self.chip.magic:
                return self._reply(command, status=_INVALID)
            info = struct.pack("<IB7sII", 0, 0, bytes(7), self.chip.image_id, 0)
            return self._reply(command, info)
        if command == 0x06:  # MEM_END: the stub runs
            answer = self._reply(command)
            self._stub = True
            return answer + slip(b"OHAI")
        if command in (0x02, 0x10):  # FLASH_BEGIN, FLASH_DEFL_BEGIN
            self._at = struct.unpack_from("<IIII", body)[3]
            self._inflate = zlib.decompressobj()
        elif command in (0x03, 0x11):  # FLASH_DATA, FLASH_DEFL_DATA
            size = struct.unpack_from("<IIII", body)[0]
            self._write(body[16 : 16 + size], command == 0x11)
        elif command in (0x04, 0x12):
            self.done = struct.unpack_from("<I", body)[0] == 0
        elif command == 0x13:  # SPI_FLASH_MD5
            at, size = struct.unpack_from("<II", body)
            digest = hashlib.md5(self._read(at, size), usedforsecurity=False)
            said = digest.digest() if self._stub else digest.hexdigest().encode()
            return self._reply(command, said)
        elif command in (0xD0, 0xD1):  # ERASE_FLASH, ERASE_REGION
            self._erase(*(struct.unpack_from("<II", body) if command == 0xD1 else (0, 1 << 30)))
        elif command not in (0x05, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0xD3):
            return self._reply(command, status=_INVALID)
        return self._reply(command)

    def _register(self, address: int) -> int:
        if address == _MAGIC_REG:
            return self.chip.magic
        if address == self.chip.mac_reg:
            return int.from_bytes(self._mac[2:], "big")
        if address == self.chip.mac_reg + 4:
            return int.from_bytes(self._mac[:2], "big")
        return FLASH_ID if address == self.chip.spi_w0 else 0

    def _read(self, at: int, size: int) -> bytes:
        if at + size > FLASH_BYTES_MAX:
            raise ValueError("beyond the flash")
        data = b""
        if self.image.exists():
            with open(self.image, "rb") as file:
                file.seek(at)
                data = file.read(size)
        return data + b"\xff" * (size - len(data))

    def _write(self, data: bytes, packed: bool) -> None:
        data = self._inflate.decompress(data, FLASH_BYTES_MAX) if packed else data
        if self._at + len(data) > FLASH_BYTES_MAX:
            raise ValueError("beyond the flash")
        with open(self.image, "r+b" if self.image.exists() else "w+b") as file:
            file.seek(self._at)
            file.write(data)
        self._at += len(data)

    def _erase(self, at: int, size: int) -> None:
        if at == 0 and size >= FLASH_BYTES_MAX:
            self.image.unlink(missing_ok=True)
        elif self.image.exists():
            have = max(0, min(size, self.image.stat().st_size - at))
            with open(self.image, "r+b") as file:
                file.seek(at)
                file.write(b"\xff" * have)
