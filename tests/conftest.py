"""What every test folder shares: `need`, and the seed of random tests.

    from conftest import need            # or take the fixture of the same name
    need(shutil.which("mosquitto"), "mosquitto", "apt-get install mosquitto")

A skip always says what is missing and which command installs it. With QUELEA_NO_SKIP=1 (as in
.ci/run) a missing part is a failure, so that no test is left out there unseen.
"""

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

# In the background of a script the tests would ignore Ctrl-C, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

Found = TypeVar("Found")


def need(found: Found, what: str, install: str) -> Found:
    """Return found if it is true; else skip the test, or fail it under QUELEA_NO_SKIP=1.

    what: the missing part, a noun. install: the command that provides it.
    """
    if found:
        return found
    reason = f"{what} is missing; install it with: {install}"
    if os.environ.get("QUELEA_NO_SKIP") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--transport", help="module:Class, held to tests/fleet/acceptance.py")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "acceptance(case): of tests/fleet/acceptance.py")
    if config.getoption("--transport"):
        os.environ["QUELEA_TRANSPORT"] = config.getoption("--transport")


@pytest.fixture(name="need")
def _need() -> Callable[..., object]:
    return need


@pytest.fixture
def seed() -> int:
    """A seed, printed first: QUELEA_SEED when it is set, else a fresh one."""
    text = os.environ.get("QUELEA_SEED")
    value = int(text) if text else random.SystemRandom().randrange(1 << 30)
    print(f"QUELEA_SEED={value}")
    return value
