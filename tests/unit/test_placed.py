"""A fleet.toml that cannot be: told by file and line, whichever part of the program refuses it."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from quelea.configure import new
from quelea.errors import UserError
from quelea.fleet import demand, plan
from quelea.fleet.options import FleetOptions


def refused(folder: Path, old: str, into: str, **more: object) -> UserError:
    """Return how a new fleet.toml with one change is refused."""
    file = folder / "fleet.toml"
    new.command(file, {}, ask=False, force=True)
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, into))
    with pytest.raises(UserError) as caught:
        plan.make(FleetOptions(config=str(file), liars=0, **more))  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("old", "into", "line", "said"),
    [
        ('topology = "complete"', 'topology = "star"', 6, 'write topology = "growth:3"'),
        ("liars = 0", "liars = 3", 6, 'topology = "growth:7", nodes = 13, or faults_max = 1'),
        ("period_ms = 1000", "period_ms = 0", 7, "20 to 3600000"),
        ('name = "garage"', 'name = "My garage"', 4, "1 to 16 of a-z"),
        ("nodes = 8", "nodes = 99999999999", 5, "2 to 2000 members"),
        ("nodes = 8", "nodes = -1", 5, "nodes = -1"),
        ("epoch_rounds = 10", "epoch_rounds = 3", 8, "is too short an epoch"),
        ("seconds = 60", "seconds = 1", 9, "5 to"),
        ('demand = "switched"', 'demand = "none.csv"', 11, "cannot read none.csv"),
        ("least_q = 0", "least_q = 20000", 23, "draws at most 16000"),
        ("limit_q = 32000", 'limit_q = "much"', 14, "a whole number, or a list of such"),
    ],
)
def test_what_a_file_gave_is_refused_with_its_line(
    tmp_path: Path, old: str, into: str, line: int, said: str
) -> None:
    error = refused(tmp_path, old, into)
    assert error.where == f"{tmp_path / 'fleet.toml'}:{line}"
    assert said in str(error) and "Remedy:" in str(error)


def test_what_the_command_line_gave_is_refused_with_its_flag(tmp_path: Path) -> None:
    error = refused(
        tmp_path, 'topology = "complete"', 'topology = "ring"', topology="star", said=("topology",)
    )
    assert error.where == "--topology" and "--topology growth:3" in error.remedy


def test_a_series_of_ones_own_may_begin_with_times(tmp_path: Path) -> None:
    text = "time,a,b\n2026-01-31 18:00,100,200\n2026-01-31 18:15,300,400.5\n"
    assert demand.parse_csv(text, "own.csv") == [[100, 300], [200, 401]]
    for wrong in ("a,b\n1,x\n", "a,b\n1\n", "time\n2026-01-31\n", "a,b\n20x,1\n", ""):
        with pytest.raises(UserError, match=r"own\.csv|no rows"):
            demand.parse_csv(wrong, "own.csv")
    assert demand.parse_csv("a,b\n2026,1\n", "own.csv") == [[2026], [1]]


def test_a_series_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("a,b\n100,200\n300,400\n")
    file = tmp_path / "fleet.toml"
    new.command(file, {}, ask=False, force=True)
    file.write_text(file.read_text().replace('"switched"', '"own.csv"'))
    made = plan.make(FleetOptions(config=str(file), liars=0))
    assert made.traces[0][:2] in ([100, 300], [300, 100])


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"nodes": 1}, "--nodes"), ({"nodes": 65}, "--nodes"), ({"name": "My garage"}, "--name"),
        ({"unit": 'm"A'}, "--unit"), ({"safety_percent": 0}, "--safety_percent"),
        ({"most_q": 100, "least_q": 101}, "--least"), ({"floor_q": 3201}, "--floor"),
        ({"limit_q": 0}, "--limit"), ({"unit_q": 0}, "--step"), ({"port": 0}, "--port"),
    ],
)  # fmt: skip
def test_a_question_has_answers_that_cannot_be(
    tmp_path: Path, given: dict[str, Any], flag: str
) -> None:
    with pytest.raises(UserError) as caught:
        new.command(tmp_path / "fleet.toml", given, ask=False, force=False)
    assert caught.value.where == flag and not (tmp_path / "fleet.toml").exists()


def test_a_wrong_answer_is_asked_again_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter(("none", "-4", "0", "80"))
    check = partial(new.problem, "safety_percent", values={})
    assert new._asked("Percent", 90, lambda _: next(answers), check) == 80
    said = capsys.readouterr().err
    assert said.count("Percent [90]") == 4 and "-4 cannot be used: a whole number from 1" in said
