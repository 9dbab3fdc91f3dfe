"""Settings are refused by key, with what is allowed; nothing raises."""

import pytest
from quelea_agent.settings import NUMBERS, load
from small_fleet import K4, config

JUNK = (None, True, "7", 3.5, [], {}, -(2**40), 2**40)


def test_a_good_one_is_taken():
    got, problem = load(config(1, K4))
    assert problem is None and got.numbers == (2, 3, 4)


@pytest.mark.parametrize("key", [row[0] for row in NUMBERS])
def test_each_number_is_checked(key):
    """REQ-SET-1."""
    for junk in JUNK:
        cfg = {**config(1, K4), key: junk}
        settings, problem = load(cfg)
        assert settings is None and problem.startswith(f"{key}: "), (junk, problem)
        smallest, largest = next(row[1:3] for row in NUMBERS if row[0] == key)
        assert str(smallest) in problem and str(largest) in problem


@pytest.mark.parametrize("key", ("fleet", "id", "mode", "rule", "neighbours"))
def test_each_word_is_checked(key):
    """REQ-SET-1."""
    for junk in (None, 7, "NO", "", "a" * 17, [[]], [[1]], [["x", "y", "z"]], {}):
        if key in ("mode", "rule") and junk is None:
            continue
        settings, problem = load({**config(1, K4), key: junk})
        assert settings is None and problem.startswith(f"{key}: "), (junk, problem)


@pytest.mark.parametrize("cfg", (None, [], "text", 7))
def test_what_is_no_object_is_refused(cfg):
    """REQ-SET-1."""
    assert load(cfg) == (None, "settings: not an object")


def test_f_needs_neighbours():
    """REQ-SET-2: three neighbours carry F = 1 and no more; in exact mode F plays no part."""
    assert load({**config(1, K4), "faults_max": 1})[1] is None
    problem = load({**config(1, K4), "faults_max": 2})[1]
    assert problem.startswith("faults_max: 2 needs 5 neighbours")
    assert load({**config(1, K4), "faults_max": 2, "mode": "exact"})[1] is None


@pytest.mark.parametrize("numbers", ((3, 2), (2, 2), (1, 2), (0, 2), (2, 65536)))
def test_neighbours_ascend_without_the_node_itself(numbers):
    """REQ-SET-3."""
    rows = [[number, f"n{number}", 0] for number in numbers]
    problem = load({**config(1, K4), "faults_max": 0, "neighbours": rows})[1]
    assert problem.startswith("neighbours: ")
