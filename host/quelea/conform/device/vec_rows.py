"""Rows of vectors, streamed from a file: one Python literal a line, its line number first."""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False


def each(path: str):
    """Yield the rows of the file one by one; the whole file may be larger than the heap."""
    file = open(path)  # noqa: SIM115  # old MicroPythons have no with for files
    while True:
        line = file.readline()
        if not line:
            break
        yield eval(line)
    file.close()


def wrong(row, got) -> None:
    """Print a mismatch: the vector file's line, then what the target got."""
    print("WRONG", row[0], got)


def unhex(text: str) -> bytearray:
    """Return the bytes of a hex text; bytes.fromhex came late to MicroPython."""
    data = bytearray(len(text) // 2)
    for i in range(len(data)):
        data[i] = int(text[2 * i : 2 * i + 2], 16)
    return data
