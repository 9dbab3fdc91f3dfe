"""The same commands with certificates: TLS, no plain connection, tags on frames."""

import json
import shutil
from pathlib import Path

import paho.mqtt.client as paho
from conftest import need
from paho.mqtt.enums import CallbackAPIVersion
from quelea.deploy import enroll
from quelea.deploy.virtual.board import Spec
from virtual_boards import QUIET, deployed, meeting, running, until


def test_boards_meet_with_certificates(tmp_path: Path) -> None:
    folders = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path=folders)
    need(found, "mosquitto", "apt-get install mosquitto")
    with (
        meeting(tmp_path, 2, secure=True) as fleet,
        running(tmp_path, Spec("b01"), Spec("b02")) as boards,
    ):
        assert all(row.ok for row in enroll.enroll(fleet, [str(tmp_path)], "", QUIET, 8))
        rows = deployed(fleet)
        assert all(row.ok and "ready after" in row.what for row in rows.values()), rows
        for board in boards:
            config = json.loads((board.flash / "cfg.json").read_text())
            assert not {"tls", "auth", "trust"} & set(config) and config["enrolled"]
            lib = board.flash / "lib" / "quelea_agent" / "port"
            assert (lib / "tls_wire.mpy").exists() and (lib / "auth.mpy").exists()
        plain = paho.Client(CallbackAPIVersion.VERSION2, "host")
        ended = []
        plain.on_disconnect = lambda *_: ended.append("without a certificate")
        plain.connect(fleet.tables.host, fleet.tables.port)
        until(lambda: plain.loop(0.1) and ended, "the end of a plain connection")
