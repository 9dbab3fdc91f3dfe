"""A split that could exceed its limit is refused, with the numbers that would fit."""

import pytest
from quelea.errors import UserError
from quelea.headroom.plan import node_plan, validate, worst_q


def config(**more):
    members = [{"node": n, "floor_q": 6000, "initial_q": 400} for n in (1, 2, 3, 4)]
    return {"limit_q": 32_000, "safety_percent": 80, "members": members, **more}


def said(given):
    with pytest.raises(UserError) as caught:
        validate(given, "fleet.toml:7")
    return str(caught.value)


def test_a_split_that_fits_is_taken():
    split = validate(config())
    assert split.budget_q == 25_600 == split.worst_q
    assert split.line_q == 25_600, "without liars no line holds anybody back"
    plan = node_plan(split, 3)
    assert plan["numbers"] == (1, 2, 4) and plan["places"] == (1, 1, 2)


def test_floors_beyond_the_limit_are_refused_with_floors_that_fit():
    """REQ-HEADROOM-1: eight chargers with a fallback of 6 A on a feeder of 32 A."""
    members = [{"node": n, "floor_q": 6000, "initial_q": 0} for n in range(1, 9)]
    text = said({"limit_q": 32_000, "safety_percent": 100, "members": members})
    assert "add up to 48000, 16000 too much" in text and "1: 4000, 2: 4000" in text
    fits = [{**row, "floor_q": 4000} for row in members]
    validate({"limit_q": 32_000, "safety_percent": 100, "members": fits})


def test_headroom_beyond_the_limit_is_refused():
    """REQ-HEADROOM-1."""
    given = config()
    given["members"][0]["initial_q"] = 401
    assert "give out at most 1600 of headroom" in said(given)


def test_liars_beyond_the_limit_are_refused_with_a_line_that_fits():
    """REQ-HEADROOM-1: and one unit more than the line named does not fit."""
    members = [
        {"node": n, "floor_q": 2000, "initial_q": 4000, "reserve_q": 2000} for n in (1, 2, 3, 4)
    ]
    given = {"limit_q": 32_000, "safety_percent": 80, "members": members, "faults_max": 1}
    text = said({**given, "line_q": 5000})
    assert "with up to 1 liars 35000" in text and "line_q of at most 1866" in text
    assert validate({**given, "line_q": 1866}).worst_q == 25_598
    assert "line_q of at most 1866" in said({**given, "line_q": 1867})
    heavy = [{**row, "reserve_q": 32_000} for row in members]
    assert "reserve_q" in said({**given, "members": heavy, "line_q": 0})
    rows = validate({**given, "line_q": 0}).members
    assert worst_q(rows, 0, 4) == 24_000
    assert worst_q(rows, 2000, 3) == 26_000  # one liar and three others; two and two add nothing


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"limit_q": 0}, "limit_q is 0"),
        ({"limit_q": None}, "limit_q is missing"),
        ({"limit_q": True}, "limit_q is True"),
        ({"safety_percent": 101}, "safety_percent is 101"),
        ({"members": []}, "members: 0"),
        ({"members": 3}, "members: 3"),
        ({"members": [{}, {}]}, "member 1"),
        ({"members": [1, 2]}, "1"),
        ({"faults_max": 4}, "faults_max is 4"),
        ({"settle_rounds": -1}, "settle_rounds is -1"),
        ({"step_q": 0}, "step_q is 0"),
    ],
)
def test_what_is_no_split_is_refused_by_name(change, words):
    assert words in said({**config(), **change})


def test_members_ascend_each_once():
    given = config()
    given["members"].reverse()
    assert "ascending" in said(given)
