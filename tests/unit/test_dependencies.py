"""Each package of pyproject.toml is explained in docs/dependencies.md, and no other."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        texts += extra
    names = {re.match(r"[\w-]+", text)[0] for text in texts}
    return names - {"quelea"}


def test_both_lists_name_the_same_packages():
    text = (ROOT / "docs" / "dependencies.md").read_text()
    head = text.split("## From the system")[0]
    rows = [line.split("|")[1] for line in head.splitlines() if line.startswith("| `")]
    explained = {name for cell in rows for name in re.findall(r"`([\w-]+)`", cell)}
    assert explained == declared()
