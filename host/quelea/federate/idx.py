"""MNIST's file format: two zero bytes, a type, the number of dimensions, their sizes, the items.

Only type 8 (unsigned bytes) is read; sizes are 32 bits, the most significant byte first.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quelea.errors import UserError

UNSIGNED_BYTES = 8
DIMENSIONS_MAX = 3


def read(path: Path, remedy: str) -> NDArray[np.uint8]:
    """Return the items in their shape; UserError for a file missing or not of this form."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UserError(
            "the file cannot be read", str(path), error.strerror or "", remedy
        ) from None
    if len(text) < 4 or text[:3] != bytes((0, 0, UNSIGNED_BYTES)):
        raise UserError("this is no file of unsigned bytes in MNIST's form", str(path), "", remedy)
    count = text[3]
    if not 1 <= count <= DIMENSIONS_MAX or len(text) < 4 + 4 * count:
        raise UserError(f"{count} dimensions", str(path), f"1 to {DIMENSIONS_MAX}", remedy)
    sizes = tuple(int(size) for size in np.frombuffer(text, ">u4", count, 4))
    items = np.frombuffer(text, np.uint8, offset=4 + 4 * count)
    wanted = 1
    for size in sizes:
        wanted *= size
    if items.size != wanted:
        raise UserError(
            f"{items.size} items where {sizes} needs {wanted}", str(path), "the file is cut",
            remedy,
        )  # fmt: skip
    return items.reshape(sizes)
