"""A few thousand of the inputs of fuzz.py, and what the host reads of nodes and brokers."""

import json
import random

import fuzz
import pytest
from quelea.secure import keys
from quelea.secure.doctor import brokerlog
from quelea.secure.doctor import fleet as fleets

INPUTS = {"auth": 6000, "signed": 4000, "cfg": 8000}


@pytest.mark.parametrize("parser", fuzz.PARSERS)
def test_bytes_of_any_kind_raise_nothing_on_a_board(parser: str, seed: int) -> None:
    row = fuzz.fuzz(parser, seed, INPUTS[parser])
    print(row)
    assert row["passed"] == 0
    assert row["gained"] < 512, "the heap grows"
    counts = row["counts"]
    if parser == "auth":
        assert counts[3] > 100 and counts[4] > 1000  # form, mac
    elif parser == "signed":
        assert counts[0] > 500 and counts[1] > 500 and counts[2] == 0
    else:
        assert counts[3] > 2000 and counts[5] > 50 and counts[0] == 0  # body, unstored


def odd(rng: random.Random, depth: int = 0) -> object:
    """Return a value of any JSON type."""
    kind = rng.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [odd(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {rng.choice(("n01", "mac", "a" * 40, "")): odd(rng, depth + 1) for _ in range(3)}
    return (None, True, -1, 10**30, 1.5, "\ud800text")[kind]


def test_what_nodes_say_of_themselves_breaks_no_doctor(seed: int) -> None:
    rng = random.Random(seed)
    parts = ("auth", "agent", "cfg", "mqtt", "link", "auth_refused", "session_stored")
    for _ in range(3000):
        status = {part: odd(rng) for part in parts if rng.random() < 0.7}
        for part, counter, *_ in fleets.REFUSALS:
            if isinstance(status.get(part), dict) and rng.random() < 0.5:
                status[part][counter] = odd(rng)  # type: ignore[index]
        for finding in fleets.refused("n01", status):
            assert finding.text.startswith("n01: ")


def test_a_log_of_any_kind_breaks_no_doctor(seed: int) -> None:
    rng = random.Random(seed)
    words = ["New connection from", "1.2.3.4:5 on port", "Client", "already connected, closing",
             "\x00\ud800", "peer did not return a certificate", "not authorised", ":"]  # fmt: skip
    for _ in range(500):
        lines = [" ".join(rng.choices(words, k=rng.randrange(8))) for _ in range(20)]
        for finding in brokerlog.judge(lines):
            json.dumps(vars(finding))


def test_tags_of_any_kind_are_taken_off_without_a_fault(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20_000):
        data = rng.randbytes(rng.randrange(80))
        assert data.startswith(keys.opened(data))
