"""Rows (line, operation, arguments, result) against functions of the number format."""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea.conform.device.vec_rows import each, wrong


def run(operations, path: str) -> None:
    """Print mismatches and the number of rows; operations: {name: function}."""
    count = 0
    for row in each(path):
        got = operations[row[1]](*row[2])
        if got != row[3]:
            wrong(row, got)
        count += 1
    print("ROWS", count)
