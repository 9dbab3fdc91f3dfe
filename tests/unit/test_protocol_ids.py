"""Every numbered sentence of docs/protocol.md has a test, and every test's number a sentence."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ID = re.compile(r"REQ-[A-Z]+-[0-9]+")


def test_sentences_and_tests_name_each_other():
    text = (ROOT / "docs" / "protocol.md").read_text()
    sentences = re.findall(r"^- \*\*(REQ-[A-Z]+-[0-9]+)\*\* ", text, re.MULTILINE)
    assert len(sentences) == len(set(sentences)) > 50
    named: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for number in ID.findall(path.read_text()):
            named.setdefault(number, []).append(path.name)
    assert [number for number in sentences if number not in named] == [], (
        "sentences without a test"
    )
    unknown = {number: files for number, files in named.items() if number not in sentences}
    assert unknown == {}, "tests of sentences that are not there"


def test_numbers_within_a_subject_run_from_1():
    text = (ROOT / "docs" / "protocol.md").read_text()
    subjects: dict[str, list[int]] = {}
    for subject, number in re.findall(r"^- \*\*REQ-([A-Z]+)-([0-9]+)\*\* ", text, re.MULTILINE):
        subjects.setdefault(subject, []).append(int(number))
    assert all(row == list(range(1, len(row) + 1)) for row in subjects.values()), subjects
