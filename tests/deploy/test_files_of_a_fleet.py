"""fleet.toml and secrets.toml of boards: refused with file and line, private, who becomes whom."""

from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace

import pytest
from quelea.configure import fleetfile, new
from quelea.deploy.answers import Facts
from quelea.deploy.enroll import assign
from quelea.deploy.fleet import BoardFleet
from quelea.deploy.members import Target, targets
from quelea.deploy.ports import Port, find
from quelea.deploy.secrets import Secrets
from quelea.errors import UserError


def written(folder: Path, more: str = "", nodes: int = 3) -> Path:
    """Write a fleet.toml and what is to stand at its end."""
    file = folder / "fleet.toml"
    new.command(file, {"nodes": nodes}, ask=False, force=True)
    file.write_text(file.read_text() + more)
    return file


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[wifi]\nssid = "a"\npassword = "b"\n', "password does not belong here"),
        ('[boards]\nn01 = "x"\nn02 = "x"\n', "the board of two nodes"),
        ('[boards]\nN1 = "x"\n', "N1 = 'x'"),
        ('[boards]\nn09 = "x"\n', "[boards] has n09"),
        ('[boards]\nn01 = { at = "x", colour = 1 }\n', "no key 'colour'"),
        ('[board]\nchip = "z80"\n', "no chip 'z80'"),
        ("[board]\nwdt_ms = 5\n", "wdt_ms = 5"),
        ("[board]\nsensor = { pin = 3 }\n", "sensor has no kind"),
        ('[wifi]\nssid = "' + "x" * 33 + '"\n', "ssid is too long"),
        ("[wires]\n", "there is no table 'wires'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        BoardFleet(str(written(tmp_path, more)))
    assert said in str(caught.value) and "fleet.toml" in caught.value.where


def test_a_new_file_is_good_for_boards_and_for_an_emulated_fleet(tmp_path: Path) -> None:
    file = written(tmp_path, '[boards]\nn02 = { at = "b", sensor = { kind = "adc", pin = 4 } }\n')
    fleetfile.load(file)
    fleet = BoardFleet(str(file))
    fleet.secrets.complete(list(fleet.ids))
    config = fleet.config("n01")
    assert config["sensor"]["kind"] == "trace" and "trace.json" in fleet.files("n01")
    assert fleet.config("n02")["sensor"]["pin"] == 4 and "trace.json" not in fleet.files("n02")
    assert "password" not in str(fleet.files("n01")) and "user" not in config["broker"]
    assert fleet.secret("n01")["broker"]["password"] == fleet.secrets.node("n01")["password"]
    assert fleet.parts("n01") == ["sharing"]


def test_a_board_gets_the_parts_that_its_configuration_asks_for(tmp_path: Path) -> None:
    file = written(tmp_path)
    text = file.read_text().replace("[limit]\n", "[limit]\nlease_s = 10\n")
    file.write_text(text)
    fleet = BoardFleet(str(file))
    fleet.secrets.complete(list(fleet.ids))
    assert fleet.parts("n01") == ["floors", "members"] and "sign.public" not in fleet.files("n01")
    key = bytes(range(64))
    fleet.secrets.node("n01")["keys"] = {"trust": {"key": b64encode(key).decode()}}
    assert fleet.parts("n01") == [
        "floors",
        "members",
        "update",
    ]  # which has what checks a signature
    assert fleet.files("n01")["sign.public"] == key
    agreed = text.replace('"max-min"', '"max-min-agreed"')
    file.write_text(agreed)
    assert BoardFleet(str(file)).parts("n01") == ["agreed", "floors", "members"]
    quiet = text.replace("lease_s = 10\n", "").replace("period_ms", "cadence = 8\nperiod_ms", 1)
    file.write_text(quiet.replace("turn_s = 600", "turn_s = 0"))
    assert BoardFleet(str(file)).parts("n02") == ["cadence", "sharing"]


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    kept = Secrets.beside(tmp_path / "fleet.toml")
    assert kept.complete(["n01", "n02"]) and not kept.complete(["n01", "n02"])
    kept.node("n01").update(board="aabb", odd='a"b\\c\u00fc', keys={"list": ["x", "y"], "n": 7})
    kept.save()
    path = tmp_path / "secrets.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "secrets.toml" in (tmp_path / ".gitignore").read_text().split()
    again = Secrets.beside(tmp_path / "fleet.toml")
    assert again.data == kept.data
    assert again.enrolled_as("aabb") == "n01" and again.enrolled_as("") == ""
    path.chmod(0o640)
    with pytest.raises(UserError, match="others may read it"):
        Secrets.beside(tmp_path / "fleet.toml")


def facts(unique: str, fleet: str = "", node: str = "") -> Facts:
    return Facts("Virtual board", unique, (1, 29, 0), 6, -1, fleet, node, "", "", "")


def test_a_board_keeps_its_node_and_a_new_one_takes_the_next(tmp_path: Path) -> None:
    fleet = BoardFleet(str(written(tmp_path, '[boards]\nn05 = "/dev/e"\n', nodes=6)))
    fleet.secrets.node("n02")["board"] = "b2"
    fleet.secrets.node("n04")["board"] = "elsewhere"
    boards = [
        (Target(Port("/dev/a")), facts("b1")),
        (Target(Port("/dev/b")), facts("b2")),
        (Target(Port("/dev/c")), facts("b3", "garage", "n03")),
        (Target(Port("/dev/d")), facts("b4", "another", "n01")),
        (Target(Port("/dev/e"), "n05"), facts("b5")),
        (Target(Port("/dev/f")), facts("b6")),
    ]
    assert assign(fleet, boards) == {
        "/dev/a": "n01", "/dev/b": "n02", "/dev/c": "n03", "/dev/d": "n06", "/dev/e": "n05",
    }  # fmt: skip


def test_a_board_of_the_wrong_chip_takes_nobodys_place(tmp_path: Path) -> None:
    fleet = BoardFleet(str(written(tmp_path, '[board]\nchip = "esp32"\n')))
    wrong, right = (
        Facts(f"Virtual board with {chip}", chip, (1, 29, 0), 6, -1, "", "", "", "", "")
        for chip in ("ESP32C3", "ESP32")
    )
    boards = [(Target(Port("/dev/a")), wrong), (Target(Port("/dev/b")), right)]
    assert assign(fleet, boards) == {"/dev/b": "n01", "/dev/a": "n02"}


def test_boards_are_found_where_they_were_enrolled(tmp_path: Path) -> None:
    fleet = BoardFleet(str(written(tmp_path, '[boards]\nn01 = "/dev/one"\n')))
    fleet.secrets.node("n02")["port"] = "/dev/two"
    found, missing = targets(fleet, [])
    assert [(one.port.path, one.node, one.last) for one in found] == [
        ("/dev/one", "n01", ""),
        ("/dev/two", "", "n02"),
    ]
    assert missing == ["n03"]
    found, missing = targets(fleet, ["/dev/one", "/dev/x"])
    assert [one.node for one in found] == ["n01", ""] and not missing


def test_ports_are_folders_names_and_serial_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("serial")
    from serial.tools import list_ports

    device = SimpleNamespace(device="/dev/ttyUSB7", serial_number="AB12", description="", vid=1)
    plain = SimpleNamespace(device="/dev/ttyS0", serial_number=None, description="", vid=None)
    monkeypatch.setattr(list_ports, "comports", lambda: [plain, device])
    for name in ("b02", "b01"):
        (tmp_path / name / "flash").mkdir(parents=True)
    assert [port.path for port in find()] == ["/dev/ttyUSB7"]
    assert [port.path for port in find(["AB12", "/dev/ttyUSB7"])] == ["/dev/ttyUSB7"]
    assert [port.serial for port in find([str(tmp_path)])] == ["b01", "b02"]
    assert [port.path for port in find(["b01"], tmp_path)] == [str(tmp_path / "b01" / "port")]
    assert [port.path for port in find(["socket://127.0.0.1:1"])] == ["socket://127.0.0.1:1"]
