"""The board's bench: parts added up to rounds, what is judged, and that a count is exact."""

import dataclasses
import sys
from pathlib import Path

from conftest import need

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from binascii import crc_hqx  # noqa: E402

from bench.firmware import counted, table, timed, variants  # noqa: E402  (the path comes first)
from bench.firmware.parts import COUNTS, EXACT, PARTS, RESILIENT, payload  # noqa: E402
from bench.firmware.report import staged  # noqa: E402

FRAME = {RESILIENT: ("unpack, state", "take"), EXACT: ("unpack, flow", "take", "columns", "hear")}


def counts() -> dict[tuple[str, int], counted.Count]:
    return {
        (row.name, count): counted.Count(row.name, count, 100.0, 0, 7)
        for row in PARTS
        for count in COUNTS
    }


def times() -> dict[int, dict[str, timed.Time]]:
    names = [row.name for row in PARTS]
    names += [timed.NODE.format(mode=mode, kind="native") for mode in table.MODES]
    each = {name: timed.Time(10.0, 0, 0, 7) for name in names}
    slow = [timed.NODE.format(mode=mode, kind="plain") for mode in table.MODES]
    return {count: each | {name: timed.Time(20.0, 0, 0, 7) for name in slow} for count in COUNTS}


def broken(checks: list[table.Check]) -> list[str]:
    return [check.name for check in checks if not check.ok]


def test_a_round_is_a_part_for_each_frame_and_once():
    for mode, parts in FRAME.items():
        once = {RESILIENT: 4, EXACT: 2}[mode]
        each = len(parts) + (mode == EXACT)  # exact mode moves an edge for each frame too
        for count in COUNTS:
            assert table.instructions(counts(), mode, count) == 100 * (each * count + once)


def test_what_is_judged_can_fail():
    fine, same = counts(), times()
    assert not broken(table.checks(fine, fine, same))
    other = fine | {("take", 8): dataclasses.replace(fine["take", 8], digest=8, heap_bytes=16)}
    assert broken(table.checks(other, fine, same)) == [
        "Cortex-M0 and unix: same results",
        "a second count is the same",
        "Cortex-M0: nothing stays on the heap",
    ]
    much = fine | {("take", 8): dataclasses.replace(fine["take", 8], instructions=1e6)}
    assert len(broken(table.checks(much, much, same))) == 2
    left = {count: each | {"take": timed.Time(1, 32, 0, 7)} for count, each in same.items()}
    assert broken(table.checks(fine, fine, left)) == ["unix: nothing stays on the heap"]


def test_a_count_is_exact_and_of_the_right_work():
    target = counted.CountingMicrobit()
    need(target.available() is None, "the emulated micro:bit", target.available() or "")
    row = next(row for row in PARTS if row.name == "checksum, state")
    try:
        one, two = (counted.count_part(target, counted.lean(staged()), row, 4) for _ in range(2))
    finally:
        target.close()
    frame = payload(row.kind, 4)
    assert one == two and one.digest == crc_hqx(frame[:-2], 0xFFFF)
    assert 10_000 < one.instructions < 100_000 and one.heap_bytes == 0


def test_native_code_stays_out_of_the_program_but_for_the_checksum(tmp_path):
    files = {path: text for path, text in staged().items() if path.startswith("quelea_proto/")}
    plain, ours = (
        variants.build(variant, files, tmp_path / str(at))
        for at, variant in enumerate(variants.VARIANTS[:2])
    )
    assert len(set(ours.values())) == 1  # one bytecode for all processors
    assert abs(plain["x64"] - ours["x64"]) < 100
