"""The console: what a person reads on the serial line or in a node's log."""


def say(*words: object) -> None:
    """Print words; a log that cannot be written (a full disk) stops no node."""
    try:
        print(*words)
    except OSError:
        pass
