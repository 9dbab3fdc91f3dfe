"""Rows (line, hex, crc) against the checksum."""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea_proto.crc import crc16

from quelea.conform.device.vec_rows import each, unhex, wrong


def run(path: str) -> None:
    """Print mismatches and the number of rows."""
    count = 0
    for row in each(path):
        data = unhex(row[1])
        got = crc16(data, len(data))
        if got != row[2]:
            wrong(row, got)
        count += 1
    print("ROWS", count)
