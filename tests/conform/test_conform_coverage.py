"""Requirement numbers are found in texts, and every one of docs/protocol.md has a test."""

from pathlib import Path

from quelea.conform.coverage import coverage, coverage_of_tree, numbers_in

R = "REQ-"  # apart from its number, so that this file names no requirement


def test_numbers_and_ranges_are_found_once_each():
    text = f"{R}A-1, {R}A-3 to {R}A-5; {R}A-3\n{R}TOPIC-1 to -3. {R}B-12"
    expected = ["A-1", "A-3", "A-4", "A-5", "TOPIC-1", "TOPIC-2", "TOPIC-3", "B-12"]
    assert numbers_in(text) == [R + number for number in expected]


def test_what_has_no_test_and_what_is_unknown_is_named():
    found = coverage(
        f"{R}A-1 {R}A-2 {R}A-3", [("x", f"# {R}A-1, {R}A-9"), ("y", f"{R}A-1 {R}A-3")]
    )
    assert found.missing == [R + "A-2"] and found.unknown == [R + "A-9"]
    assert found.tested[R + "A-1"] == ["x", "y"]


def test_every_numbered_sentence_of_the_protocol_has_a_test():
    found = coverage_of_tree(Path(__file__).resolve().parents[2])
    assert found is not None and len(found.required) >= 60
    assert found.missing == [] and found.unknown == []


def test_a_tree_without_the_document_has_no_coverage(tmp_path):
    assert coverage_of_tree(tmp_path) is None
