"""fleet.toml: what is wrong is refused with file, line, value and remedy; what ships is right."""

import json
from pathlib import Path

import pytest
from quelea.configure import fleetfile, new, validate
from quelea.errors import UserError
from quelea.fleet import plan
from quelea.fleet.options import FleetOptions
from quelea_agent.policies import find

GOOD = """\
[fleet]
nodes = 4
period_ms = 500

[limit]
limit_q = [20000, 10000]
names = ["feeder", "board"]
settle_s = 3

[load]
most_q = 16000

[[member]]
node = 2
floor_q = 3000

[[member]]
node = 4
on = ["feeder"]
"""


def said(text):
    with pytest.raises(UserError) as caught:
        fleetfile.parse(text, "fleet.toml")
    return str(caught.value)


def test_a_file_becomes_loads_and_splits():
    options, group = fleetfile.parse(GOOD, "fleet.toml")
    assert options == {"period_ms": 500}
    assert [load.limits for load in group.loads] == [(0, 1), (0, 1), (0, 1), (0,)]
    assert [split.budget_q for split in group.splits] == [16_000, 8_000]
    assert group.splits[0].settle_rounds == 6
    assert [one.initial_q for one in group.splits[1].members] == [1666] * 3
    assert group.load_of(2).floor_q == 3000
    config = group.node_config(4, {n: f"n{n:02}" for n in range(1, 5)})
    assert len(config["limits"]) == 1 and config["limits"][0]["own"] == 3
    assert sorted(group.records(1)) == ["headroom.0.1", "headroom.1.1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("limit_q = [20000, 10000]", "limit_q = 0"), ("fleet.toml:6", "limit_q = 0", "from 1")),
        (("settle_s = 3", "setle_s = 3"), ("fleet.toml:8", "'setle_s'", "did you mean settle_s?")),
        (("period_ms = 500", 'period_ms = "x"'), ("fleet.toml:3", "of type int")),
        (("period_ms = 500", "perod_ms = 500"), ("fleet.toml:3", "did you mean period_ms?")),
        (("node = 4", "node = 2"), ("fleet.toml:18", "each once")),
        (("node = 4", "node = 9"), ("fleet.toml:2", "nodes = 4")),
        (('on = ["feeder"]', 'on = ["cellar"]'), ("fleet.toml:17", "cellar", "feeder, board")),
        (("floor_q = 3000", "floor_q = -1"), ("fleet.toml:15", "floor_q = -1")),
        (("floor_q = 3000", "floor_q = 9000"), ("fleet.toml:6, limit board", "add up to 9000",
                                                "those of 2 of 3 members", "limit_q of 11250")),
        (("most_q = 16000", "most_q = 16000\nleast_q = 17000"), ("node 1 needs least_q 17000",)),
        (("[load]", "[loads]"), ("fleet.toml:10", "there is no table 'loads'")),
        (("[load]", "[load"), ("fleet.toml:10", "no TOML")),
        (("settle_s = 3", 'policy = "level"'), ("fleet.toml", "no policy named 'level'",
                                               "max-min, proportional, max-min-agreed")),
        (("settle_s = 3", "turn_s = 9"), ("",)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(change, words):
    text = GOOD.replace(*change, 1)
    if words == ("",):
        fleetfile.parse(text, "fleet.toml")
        text = text.replace("period_ms = 500", "period_ms = 500\nepoch_rounds = 0")
        words = ("fleet.toml:9", "turn_s = 9 without epochs")
    message = said(text)
    for word in words:
        assert word in message, message


def test_a_level_is_agreed_on_where_there_is_one(tmp_path, capsys):
    """Of several limits, or priorities, each load goes by its own, and all by the same code."""
    one = GOOD.replace("[20000, 10000]", '20000\npolicy = "max-min-agreed"')
    one = one.replace('names = ["feeder", "board"]\n', "").replace('on = ["feeder"]', "")
    ids = {n: f"n{n:02}" for n in range(1, 5)}
    config = fleetfile.parse(one, "fleet.toml")[1].node_config(2, ids)
    assert config["policy"] == "max-min-agreed" and config["agreed"] is True
    assert find(config["policy"]) is find("max-min")
    for text in (
        one.replace("node = 4", "node = 4\npriority = 1"),
        GOOD.replace("settle_s = 3", 'policy = "max-min-agreed"'),
    ):
        group = fleetfile.parse(text, "fleet.toml")[1]
        config = group.node_config(2, ids)
        assert config["policy"] == "max-min" and "agreed" not in config
        (tmp_path / "fleet.toml").write_text(text)
        assert validate.command(str(tmp_path / "fleet.toml"), as_json=False) == 0
        assert "levels of its own" in capsys.readouterr().err


def test_options_of_the_command_line_go_before_those_of_the_file():
    options = FleetOptions(config="ev", seconds=33, said=("seconds",))
    made = plan.make(options)
    assert made.options.seconds == 33 and made.options.period_ms == 500
    assert made.options.nodes == 8 and made.group is not None
    assert len(made.configs[6]["headroom"]["limits"]) == 3
    with pytest.raises(UserError, match="leave out --nodes"):
        plan.make(FleetOptions(config="ev", nodes=5, said=("nodes",)))


def test_limit_and_floors_on_the_command_line():
    made = plan.make(FleetOptions(nodes=4, liars=0, limit=10_000, floors="100,200,300,400"))
    assert made.group is not None
    split = made.group.splits[0]
    assert [one.floor_q for one in split.members] == [100, 200, 300, 400]
    assert split.worst_q <= split.budget_q == 8000
    for floors, words in (
        ("1,2", "2 floors for 4 nodes"),
        ("x", "floors 'x'"),
        ("9999", "add up"),
    ):
        with pytest.raises(UserError, match=words):
            plan.make(FleetOptions(nodes=4, liars=0, limit=10_000, floors=floors))
    with pytest.raises(UserError, match="of no limit"):
        plan.make(FleetOptions(nodes=4, liars=0, floors="1"))


@pytest.mark.parametrize("name", fleetfile.ready())
def test_what_ships_holds(name, capsys):
    assert validate.command(name, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] and all(row["worst_q"] <= row["budget_q"] for row in told["limits"])


def test_validate_says_what_can_be_used_and_refuses_a_graph_that_is_too_thin(tmp_path, capsys):
    path = tmp_path / "fleet.toml"
    text = "[fleet]\nnodes = 8\n{}[limit]\nlimit_q = 32000\nfaults_max = 1\nlease_s = 10\n"
    path.write_text(text.format(""))
    assert validate.command(str(path), as_json=True) == 0
    said = capsys.readouterr()
    limit = json.loads(said.out)["limits"][0]
    assert limit["line_q"] == 457 and limit["worst_q"] <= 25_600
    assert limit["usable_q"] == {"1": 6399, "4": 20_112, "8": 25_600}
    assert "5 of 8 must stay" in said.err and "faults_max in [fleet]" in said.err
    path.write_text(text.format("cadence = 8\n"))
    assert validate.command(str(path), as_json=True) == 0
    capsys.readouterr()
    path.write_text(text.format("cadence = 8\n") + "turn_s = 60\n")
    with pytest.raises(UserError, match="and a cadence"):
        validate.command(str(path), as_json=False)
    path.write_text(text.format('topology = "ring"\nfaults_max = 1\n'))
    with pytest.raises(UserError, match="takes 3"):
        validate.command(str(path), as_json=False)


def test_new_writes_what_holds_and_nothing_else(tmp_path: Path):
    path = tmp_path / "fleet.toml"
    given = {"nodes": 6, "limit_q": 3000, "unit": "W", "most_q": 1500, "least_q": 500}
    assert new.command(path, given, ask=False, force=False) == 0
    _, group = fleetfile.load(path)
    assert len(group.loads) == 6 and group.unit == "W" and group.splits[0].budget_q == 2400
    with pytest.raises(UserError, match="exists"):
        new.command(path, given, ask=False, force=False)
    with pytest.raises(UserError, match="from 0 to 400: floors hold even"):
        new.command(tmp_path / "b.toml", {**given, "floor_q": 600}, ask=False, force=False)
    assert not (tmp_path / "b.toml").exists()


def test_a_question_is_asked_until_it_is_answered(capsys):
    answers = iter(["many", "7"])
    assert new._asked("How many loads", 8, lambda _: next(answers)) == 7
    assert "'many' is no whole number" in capsys.readouterr().err
    assert new._asked("Unit", "mA", lambda _: "") == "mA"
