"""The terminal's view: what it shows is what the journal says; keys do what the help says."""

import asyncio
import importlib.util
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from audit_runs import Run
from conftest import need
from quelea.errors import UserError
from quelea.top import plain, views
from quelea.top.command import replay, top
from quelea.top.replay import Replayer
from quelea.watch.follow import Follower

SEED = int(os.environ.get("QUELEA_SEED", random.SystemRandom().randrange(1 << 30)))
ROUNDS = 24
HAVE = importlib.util.find_spec("textual") is not None


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven nodes, one lying wildly."""
    print(f"QUELEA_SEED={SEED}")
    run = Run(SEED, "const-max", liars=(3,))
    run.play(ROUNDS)
    run.recorder.event("fleet", "kill", {"node": "n02"}, t_us=3_000_000)
    run.recorder.run("closed", {"t_us": run.t_us, "rows": {}})
    path = tmp_path_factory.mktemp("run") / "journal.sqlite"
    run.recorder.save(path)
    return path


def played(path: Path, to_s: float = 1e6) -> Replayer:
    one = Replayer(path, clock_s=lambda: 0.0)
    one.advance(int(to_s * 1e6))
    return one


def test_lines_say_what_happened_and_who_is_wrong(saved: Path) -> None:
    told = list(plain.lines(Replayer(saved, 0.0)))
    assert sum("fleet kill" in line for line in told) == 1
    assert sum("! n03 is proved wrong" in line for line in told) == 1
    assert "7 of 7 nodes" in told[-1] and "proved wrong: n03" in told[-1]
    assert list(plain.lines(Follower(saved)))[-1].split("s  ")[1] == told[-1].split("s  ")[1]


def test_a_replayed_model_is_that_of_the_journal_at_that_time(saved: Path) -> None:
    one = played(saved, 9.0)
    for number, row in one.journal.latest(one.at_us).items():
        assert one.model.nodes[number].value_q == row.value_q
    forward = {n.number: (n.value_q, n.seq) for n in one.model.members()}
    frames = one.model.frames
    one.advance(5_000_000)
    assert one.model.frames > frames
    one.seek(9_000_000)
    assert {n.number: (n.value_q, n.seq) for n in one.model.members()} == forward
    one.advance(1 << 40)
    assert one.phase == "finished" and one.model.accused.keys() == {3}
    one.close()


def test_it_plays_at_its_speed_and_stands_when_paused(saved: Path) -> None:
    now = [0.0]
    one = Replayer(saved, 4.0, clock_s=lambda: now[0])
    for _ in range(10):
        now[0] += 0.1
        one.step()
    assert one.at_us == pytest.approx(4_000_000, abs=10)
    one.paused = True
    now[0] += 5
    one.step()
    assert one.at_us == pytest.approx(4_000_000, abs=10) and one.phase == "paused"
    one.close()


def test_the_views_in_words(saved: Path) -> None:
    one = played(saved)
    assert "audit: 1 wrong" in views.head(one).plain
    assert views.budget(one.model).plain.startswith("no limit")
    model = one.model
    model.budget.set_up(
        {"limit_q": 100, "safety_percent": 80, "members": [{"node": 1, "floor_q": 30}]}
    )
    bar = views.budget(model, 20).plain
    assert bar.count("█") == 6 and "30 + 0 under way of 80" in bar and "kept" in bar
    model.budget.violations = 2
    assert "BROKEN 2 times" in views.budget(model).plain
    assert views.chart(one, 60, 6).plain.count("\n") == 6
    row = dict(zip((column.name for column in views.COLUMNS), views.cells(model, model.nodes[3])))
    assert row["node"] == "n03" and row["doubt"] and row[""] == "✗"
    assert views.in_order(model, "doubt")[0].id == "n03"
    one.close()


def run_app(path: Path, body: Callable[[Any, Any], Any], size: tuple[int, int]) -> None:
    need(HAVE, "textual", 'pip install "quelea[dash]"')
    from quelea.top.app import Top
    from quelea.top.command import _explainer

    async def main() -> None:
        source = played(path, 12.0)
        app = Top(source, _explainer(path))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await body(app, pilot)
        source.close()

    asyncio.run(main())


def shown(app: Any) -> str:
    return str(app.export_screenshot()).replace("&#160;", " ")


@pytest.mark.parametrize("size", [(130, 42), (80, 24)])
def test_the_screen_names_the_liar(saved: Path, size: tuple[int, int]) -> None:
    async def body(app: Any, pilot: Any) -> None:
        app.turn()
        await pilot.pause()
        picture = shown(app)
        for text in ("7 of 7 nodes", "n03 is proved wrong", "n07", "spread, q, log scale"):
            assert text in picture, text
        assert ("kill" in picture) == (size[1] > 30)  # events, where there is room

    run_app(saved, body, size)


def test_keys_do_what_the_help_says(saved: Path) -> None:
    async def body(app: Any, pilot: Any) -> None:
        from quelea.top.table import NodeTable

        table = app.query_one(NodeTable)
        await pilot.press("down", "down")
        assert table.chosen.id == "n03"
        await pilot.press("d")
        assert table.sort == "doubt" and table.chosen.id == "n03" and table.cursor == 0
        await pilot.press("enter")
        await pilot.pause()
        assert "Proved wrong" in shown(app) and "neighbour" in shown(app)
        await pilot.press("escape", "question_mark")
        await pilot.pause()
        assert "What you see" in shown(app)
        await pilot.press("escape")
        before = app.source.at_us
        await pilot.press("b")
        assert app.source.at_us == before - 5_000_000
        await pilot.press("plus", "space")
        assert app.source.speed == 2.0 and app.source.paused
        await pilot.press("s", "p")
        assert table.sort == "heap" and app.held
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running

    run_app(saved, body, (120, 40))


def test_commands_without_a_terminal_print_lines(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(saved, speed=0, as_lines=True) == 0
    assert "proved wrong: n03" in capsys.readouterr().out.splitlines()[-1]
    assert top(saved, as_lines=True) == 0
    assert "proved wrong: n03" in capsys.readouterr().out.splitlines()[-1]
    with pytest.raises(UserError, match="out of range"):
        replay(saved, speed=-1)
