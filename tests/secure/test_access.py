"""What `quelea doctor` says of brokers with passwords: held to its topics, or open to all."""

from collections.abc import Callable
from pathlib import Path

import pytest
from quelea.errors import UserError
from quelea.fleet import broker as brokers
from quelea.fleet.accounts import Accounts
from quelea.fleet.forkserver import Launcher
from quelea.secure.doctor import access
from quelea.secure.doctor.finding import ERROR, OK, Finding

Need = Callable[..., object]


@pytest.mark.parametrize("kind", ["nats", "mosquitto"])
@pytest.mark.parametrize("held", [True, False])
def test_a_broker_that_holds_nodes_to_their_topics_and_one_that_does_not(
    kind: str, held: bool, need: Need, tmp_path: Path
) -> None:
    with Launcher() as launcher:
        accounts = Accounts.create("demo", ["n01", "n02"])
        try:
            made = brokers.create(kind, tmp_path, launcher, accounts=accounts if held else None)
        except UserError:
            need(False, kind, f"apt-get install {kind}")
            raise
        assert isinstance(made, brokers.EmbeddedBroker)
        made.start()
        try:
            account = made.credentials("host") if held else ("host", "x")
            probe = made.credentials("n01") if held else ("n01", "x")
            found = list(access.look(made.host, made.port, "demo", account, probe, None))
        finally:
            made.stop()
    said = {one.name: one for one in found}
    assert said["broker"].severity == OK and "tls" in said
    expected = OK if held else ERROR
    assert (said["anonymous"].severity, said["access"].severity) == (expected, expected), found
    assert held or said["access"].remedy


def test_where_nobody_answers_nothing_else_is_said() -> None:
    found: list[Finding] = list(access.look("127.0.0.1", 1, "demo", ("", ""), ("", ""), None))
    assert [(one.name, one.severity) for one in found] == [("broker", ERROR)]
