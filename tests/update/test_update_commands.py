"""The command line of updates, releases and the bridge: what it refuses, in words."""

import json
from pathlib import Path

import pytest
from quelea import cli


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ota"], "an update needs the fleet's broker"),
        (["ota", "--broker", "mqtt://127.0.0.1:1"], "an update is signed"),
        (["ota", "--broker", "tcp://x"], "no broker's address"),
        (["ota", "--broker", "mqtt://127.0.0.1:1", "--key", "nothing.pem"], "no key"),
        (["ota", "nothing.toml"], "nothing.toml"),
        (["bridge"], "a bridge needs the broker"),
        (["bridge", "--broker", "tcp://x"], "no broker's address"),
        (["bridge", "nothing.toml"], "nothing.toml"),
        (["release", "x", "--part", "nothing"], "no part nothing"),
    ],
)
def test_what_is_refused_says_why(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["quelea", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_a_release_by_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["quelea", "release", str(tmp_path / "r"), "--json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    row = json.loads(capsys.readouterr().out)
    assert row["verdict"] is True and (tmp_path / "r" / "package.json").is_file()
