"""`python -m quelea.watch RUN`: the page beside `quelea fleet --watch`; ends with its parent."""

import sys

from quelea.errors import EXIT_USAGE, UserError
from quelea.watch.command import command


def main(words: list[str]) -> int:
    """Serve the run named first until standard input ends."""
    try:
        return command(words[0], allow_write="--allow-write" in words, until_eof=True)
    except UserError as error:
        print(f"quelea: {error}", file=sys.stderr)
        return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
