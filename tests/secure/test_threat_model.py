"""docs/threat_model.md: every line of the three lists, each with a test that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "threat_model.md").read_text()
LISTS = {
    "ETSI EN 303 645": [*(f"5.{number} " for number in range(1, 14)), "6 "],
    "NIST IR 8259A": [
        "device identification", "device configuration", "data protection",
        "logical access to interfaces", "software update", "cybersecurity state awareness",
    ],
    "OWASP IoT Top 10": [f"I{number} " for number in range(1, 11)],
}  # fmt: skip


def rows(title: str) -> list[tuple[str, str]]:
    """Return (first cell, second cell) of the table below a heading."""
    section = re.split(r"^## ", TEXT, flags=re.MULTILINE)
    (found,) = [part for part in section if part.startswith(title)]
    cells = [line.strip("| ").split(" | ") for line in found.splitlines() if line.startswith("| ")]
    return [(row[0], row[1]) for row in cells if not row[0].startswith("---")][1:]


def names_of_tests() -> set[str]:
    """Return the names of all tests."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
    return found


@pytest.mark.parametrize("title", LISTS)
def test_every_line_is_a_test_or_a_plain_word(title: str) -> None:
    told = rows(title)
    assert len(told) == len(LISTS[title])
    for (name, text), wanted in zip(told, LISTS[title], strict=True):
        assert name.startswith(wanted)
        named = re.findall(r"`(test_\w+)`", text)
        assert named or "not covered, because" in text or "nothing is sent elsewhere" in text, name


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert len(named) > 20
    assert named - names_of_tests() == set()


def test_there_is_a_way_to_report() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "Report a vulnerability" in text and "docs/threat_model.md" in text


def test_no_firmware_listens() -> None:
    """No server, no WebREPL: what a node hears it has asked the broker for."""
    for path in [*(ROOT / "firmware").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]:
        text = path.read_text()
        assert not re.search(r"\.(listen|bind|accept)\(|webrepl", text), path
