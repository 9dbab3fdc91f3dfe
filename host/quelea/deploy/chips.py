"""The chips that a MicroPython image can be for: names, image numbers, where an image begins.

Sources: the image format of Espressif's documentation (chip number at byte 12 of the header) and
esptool's table of targets. Only chips that MicroPython's esp32 port is built for.
"""

from dataclasses import dataclass
from pathlib import Path

from quelea.errors import UserError

MAGIC = 0xE9
HEADER_BYTES = 24
IMAGE_BYTES_MAX = 32 << 20  # the largest flash of a board; what is longer is no image
IMAGE_BYTES_MIN = 1024


@dataclass(frozen=True)
class Chip:
    """name: as esptool has it. words: how MicroPython and esptool call it for people.

    image_id: byte 12 of an image. offset: where the image is written. magic: what the ROM has at
    0x40001000 where it has no chip number. mac_reg: address of the MAC's first eFuse word.
    """

    name: str
    words: str
    image_id: int
    offset: int
    magic: int
    mac_reg: int
    spi_w0: int


CHIPS = (
    Chip("esp32", "ESP32", 0, 0x1000, 0x00F01D83, 0x3FF5A004, 0x3FF42080),
    Chip("esp32s2", "ESP32-S2", 2, 0x1000, 0x000007C6, 0x3F41A044, 0x3F402058),
    Chip("esp32c3", "ESP32-C3", 5, 0x0, 0, 0x60008844, 0x60002058),
    Chip("esp32s3", "ESP32-S3", 9, 0x0, 0, 0x60007044, 0x60002058),
    Chip("esp32c6", "ESP32-C6", 13, 0x0, 0, 0x600B0844, 0x60003058),
)


def find(name: str) -> Chip | None:
    """Return the chip of a name such as esp32s3, ESP32-S3 or ESP32S3; None if there is none."""
    plain = name.lower().replace("-", "")
    return next((chip for chip in CHIPS if chip.name == plain), None)


def require(name: str, where: str) -> Chip:
    """Return the chip of a name; UserError with the known ones."""
    chip = find(name)
    if chip is None:
        known = ", ".join(chip.name for chip in CHIPS)
        raise UserError(f"there is no chip {name!r}", where, f"known: {known}", "correct it")
    return chip


def named_in(text: str) -> Chip | None:
    """Return the chip that a text such as `Generic ESP32S3 module with ESP32S3` names, or None."""
    plain = text.lower().replace("-", "")
    found = [chip for chip in CHIPS if chip.name in plain]
    return max(found, key=lambda chip: len(chip.name), default=None)


def of_image(path: Path) -> Chip:
    """Return the chip that an image is for, from its header; UserError if it is no image."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            head = file.read(HEADER_BYTES)
    except OSError as error:
        raise UserError(
            f"the image cannot be read: {error.strerror}", str(path), "", "give the .bin file"
        ) from None
    if len(head) < HEADER_BYTES or head[0] != MAGIC or not (
        IMAGE_BYTES_MIN <= size <= IMAGE_BYTES_MAX
    ):  # fmt: skip
        raise UserError(
            "this is no ESP32 image",
            str(path),
            f"an image begins with 0x{MAGIC:02X} and has {IMAGE_BYTES_MIN} bytes to 32 MB",
            "give the .bin file of MicroPython for your board, not .uf2 or .app-bin",
        )
    number = int.from_bytes(head[12:14], "little")
    chip = next((chip for chip in CHIPS if chip.image_id == number), None)
    if chip is None:
        known = ", ".join(f"{chip.words} {chip.image_id}" for chip in CHIPS)
        raise UserError(f"the image is for chip number {number}", str(path), f"known: {known}")
    return chip
