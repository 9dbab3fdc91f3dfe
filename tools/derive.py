"""Write what is derived from the code: limits for Cython, tables and outputs in docs/; --check.

In a document, what stands between these two lines is written here and nowhere else:

    <!-- derived: NAME -->           a table of tools/tables.py
    <!-- derived: tools/x.py -->     what `python tools/x.py` prints
    <!-- end -->
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in ("firmware", "shared"):  # the tree beside this file, whatever is installed
    sys.path.insert(0, str(ROOT / folder))

import derive_limits  # noqa: E402  (the path above comes first)
from tables import TABLES  # noqa: E402

MARK = re.compile(r"<!-- derived: (\S+) -->\n.*?<!-- end -->", re.DOTALL)
COMMAND_S_MAX = 60


class UnknownMark(Exception):
    """A document asks for something that nobody derives."""


def block(name: str, root: Path = ROOT) -> str:
    """Return the text for one mark: a table, or a program's output as a code block."""
    if name in TABLES:
        return TABLES[name]()
    if name.startswith("tools/") and (root / name).exists():
        ran = subprocess.run(
            [sys.executable, str(root / name)],
            capture_output=True,
            text=True,
            check=True,
            timeout=COMMAND_S_MAX,
            cwd=root,
        )
        return f"```text\n{ran.stdout.rstrip()}\n```"
    raise UnknownMark(f"{name!r} is none of {', '.join(TABLES)} and no program in tools/")


def fill(text: str, root: Path = ROOT) -> str:
    """Return a document with every derived part written anew."""
    return MARK.sub(
        lambda found: f"<!-- derived: {found[1]} -->\n{block(found[1], root)}\n<!-- end -->", text
    )


def derived(root: Path = ROOT) -> dict[Path, str]:
    """Return {path: text as it should be} of every file with derived parts."""
    files = dict(derive_limits.derive())
    for path in sorted((root / "docs").rglob("*.md")):
        text = path.read_text()
        if "<!-- derived:" in text:
            try:
                files[path] = fill(text, root)
            except UnknownMark as unknown:
                raise SystemExit(f"{path}: {unknown}") from None
    return files


def main() -> int:
    """Write, or with --check compare; 1 when a file is stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    stale = 0
    for path, text in derived().items():
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        name = path.relative_to(ROOT)
        if check:
            print(f"{name}: stale; run `python tools/derive.py` and commit it", file=sys.stderr)
        else:
            path.write_text(text)
            print(f"{name}: written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
