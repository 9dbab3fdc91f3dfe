"""What the portable scripts share; small, since the micro:bit loads it too."""


def check(holds: bool, *what: object) -> None:
    """Print what, marked FAIL when it does not hold."""
    if holds:
        print(*what)
    else:
        print("FAIL", *what)
