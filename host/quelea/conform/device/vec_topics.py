"""Rows (line, op, topic, parts or None) against the topic table."""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea_proto.topics import build, parse

from quelea.conform.device.vec_rows import each, wrong


def run(path: str) -> None:
    """Print mismatches and the number of rows."""
    count = 0
    for row in each(path):
        if row[1] == "build":
            built = build(*row[3])
            if built != row[2]:
                wrong(row, built)
        if row[1] == "parse" or "+" not in row[2]:
            parts = parse(row[2])
            if parts != row[3]:
                wrong(row, parts)
        count += 1
    print("ROWS", count)
