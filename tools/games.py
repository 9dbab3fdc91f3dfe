"""Print the small games that docs/fixed_point.md quotes; `quelea games` solves all of them."""

from quelea.games.table import ROUNDED_GAMES, Contender, text

ROWS = (
    ("trimmed-mean", "half up"),
    ("wmsr", "half up"),
    ("midpoint", "half up"),
    ("median", "half up"),
    ("trim-and-clip", "half up"),
    ("midpoint", "floor"),
    ("midpoint", "half even"),
    ("naive", "half up"),
)


def main() -> None:
    """Print the table."""
    rows = [Contender(name, rounding, rounding == "half up") for name, rounding in ROWS]
    print(text(ROUNDED_GAMES, rows))


if __name__ == "__main__":
    main()
