"""The house rules as a test: prints file:line, what is wrong and what to do; exit 1 if any.

The rules are in tools/house/, one subject a file; tests/unit/test_tidy.py plants a violation of
each.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from house import flash, imports, names, size, subset, testing, text
from house.source import Finding, Source

ROOT = Path(__file__).resolve().parent.parent
FILE_RULES: tuple[Callable[[Source], Iterator[Finding]], ...] = (
    size.module_length,
    size.function_length,
    imports.direction,
    imports.board_modules,
    subset.syntax,
    subset.floats,
    subset.unordered,
    names.units,
    names.spelling,
    text.machine_paths,
    text.commands,
)
TREE_RULES: tuple[Callable[[Path], Iterator[Finding]], ...] = (
    flash.built_files,
    flash.manifest,
    testing.bare_names,
)
TEXT = (".py", ".pyx", ".pxd", ".pxi", ".pyi", ".md", ".toml", ".json", ".jsonl", ".txt", ".in")
NAMES = ("Makefile", "run", "LICENSE", ".gitignore")


def listed(root: Path) -> list[str]:
    """Return the files of the tree: what git tracks or would, or all where there is no git."""
    asked = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode == 0:
        paths = sorted(set(asked.stdout.splitlines()))
    else:
        paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))
    return [path for path in paths if (root / path).is_file()]


def look(root: Path) -> list[Finding]:
    """Return every broken rule below root, by file and line."""
    found: list[Finding] = []
    for path in listed(root):
        if path.endswith(TEXT) or Path(path).name in NAMES:
            source = Source(root, path)
            for rule in FILE_RULES:
                found.extend(rule(source))
    for tree_rule in TREE_RULES:
        found.extend(tree_rule(root))
    return sorted(found, key=lambda finding: (finding.path, finding.line))


def main() -> int:
    """Print the findings and return 1 if there are any."""
    findings = look(ROOT)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
