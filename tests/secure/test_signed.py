"""The host's half and the board's half of signed documents say the same of every document."""

import random
from pathlib import Path

import boards
import documents
import pytest
from quelea.errors import UserError
from quelea.secure import signing
from quelea_agent.port.signed import Check

STEPS_MAX = 100


def judged(row: documents.Row) -> tuple[bool, int]:
    """Return what the board's code says here, and in how many steps."""
    check = Check(*row)
    for step in range(1, STEPS_MAX + 1):
        answer = check.step()
        if answer is not None:
            assert check.step() is answer  # asked again it says the same
            return answer, step
    raise AssertionError("no answer")


def test_both_halves_agree_on_documents_as_hosts_write_them(seed: int) -> None:
    rows = list(documents.drawn(random.Random(seed), 60))
    expected = [signing.verify(*row) is not None for row in rows]
    assert 20 < sum(expected) < 40
    assert [judged(row)[0] for row in rows] == expected


def test_both_halves_agree_on_the_edges_of_the_arithmetic(seed: int) -> None:
    """REQ-AUTH-6."""
    rows = list(documents.edges(random.Random(seed)))
    expected = [signing.verify(*row) is not None for row in rows]
    assert [judged(row)[0] for row in rows] == expected
    # what the host's library must say of them: (r, n - s) is valid too, and so is all that was
    # signed with the keys and nonces of our choice
    assert sum(expected) == 1 + 16 + 3


def test_a_key_that_is_no_point_is_refused_at_once(seed: int) -> None:
    rng = random.Random(seed)
    key, kind, good = documents.signed_with(rng.randrange(1, documents.N), 5, b"body")
    assert Check(key, kind, good).step() is None
    for _ in range(20):
        known = bytearray(key)
        known[rng.randrange(64)] ^= 1 << rng.randrange(8)
        assert Check(bytes(known), kind, good).step() is False
    whole = documents.P.to_bytes(32, "big")
    for known in (bytes(64), key[:32] + whole, whole + key[32:], b"\xff" * 64):
        assert Check(known, kind, good).step() is False


def test_every_bit_of_a_signature_counts(seed: int) -> None:
    rng = random.Random(seed)
    key = signing.new_key()
    document = signing.sign(key, b"cfg", b"body")
    known = signing.public_bytes(key)
    assert judged((known, b"cfg", document))[0]
    for place in rng.sample(range(8 * len(document)), 40):
        altered = bytearray(document)
        altered[place // 8] ^= 1 << place % 8
        assert not judged((known, b"cfg", bytes(altered)))[0], place


def test_the_body_and_a_bounded_number_of_steps() -> None:
    key = signing.new_key()
    check = Check(signing.public_bytes(key), b"ota", signing.sign(key, b"ota", b"x" * 1000))
    steps = 1
    while check.step() is None:
        steps += 1
    assert check.body == b"x" * 1000
    assert 64 <= steps < STEPS_MAX


def test_on_a_board(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows = [*documents.drawn(rng, 12), *documents.edges(rng)]
    file = tmp_path / "documents"
    file.write_text("\n".join(",".join(part.hex() for part in row) for row in rows))
    said = boards.run(Path(__file__).with_name("signed_driver.py"), file)
    expected = [signing.verify(*row) for row in rows]
    assert [answer for answer, _ in said["answers"]] == [body is not None for body in expected]
    for (answer, length), body in zip(said["answers"], expected, strict=True):
        assert not answer or length == len(body or b"")
    assert said["steps_max"] < STEPS_MAX
    print(said["slowest_us"], "us in the slowest step")


def test_a_key_survives_its_file_and_nobody_else_reads_it(tmp_path: Path) -> None:
    key = signing.new_key()
    path = tmp_path / "host.pem"
    signing.save_key(path, key)
    assert path.stat().st_mode & 0o777 == 0o600
    again = signing.load_key(path)
    assert signing.public_bytes(again) == signing.public_bytes(key)
    with pytest.raises(UserError, match="there already"):
        signing.save_key(path, key)
    (tmp_path / "other.pem").write_text("no key")
    for name in ("other.pem", "none.pem"):
        with pytest.raises(UserError):
            signing.load_key(tmp_path / name)


def test_an_unknown_kind_is_not_signed() -> None:
    with pytest.raises(ValueError, match="none of"):
        signing.sign(signing.new_key(), b"odd", b"")
