"""Rows (line, own_q, values_q with room for one more, faults_max, estimate_q) against one rule."""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-any-generics=False

from quelea.conform.device.vec_rows import each, wrong


def run(apply, path: str) -> None:
    """Print mismatches and the number of rows."""
    count = 0
    for row in each(path):
        got = apply(row[1], row[2], len(row[2]) - 1, row[3])
        if got != row[4]:
            wrong(row, got)
        count += 1
    print("ROWS", count)
