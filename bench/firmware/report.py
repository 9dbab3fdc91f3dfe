"""The whole of it: counted, timed, judged; lines for people and checks for programs."""

from dataclasses import dataclass
from pathlib import Path

from quelea.conform import stage

from bench.firmware import counted, table, variants
from bench.firmware.parts import COUNTS, DEVICE, PARTS
from bench.firmware.timed import NODE, time_all

AGAIN = 8  # neighbours of the second count


def staged() -> dict[str, str]:
    """Return the program and the parts, by path on the target."""
    files = stage.program_files()
    for path in sorted((Path(__file__).parent / "device").glob("*.py")):
        files[f"{DEVICE.replace('.', '/')}/{path.name}"] = path.read_text(encoding="utf-8")
    return files


def count_all(
    files: dict[str, str], numbers: tuple[int, ...]
) -> dict[tuple[str, int], counted.Count]:
    """Count every part on the emulated Cortex-M0."""
    target = counted.CountingMicrobit()
    lean = counted.lean(files)
    try:
        return {
            (row.name, count): counted.count_part(target, lean, row, count)
            for row in PARTS
            for count in numbers
        }
    finally:
        target.close()


def variant_lines(files: dict[str, str]) -> list[str]:
    """Time the ways to compile, for variants.COUNT neighbours."""
    lines = [f"{'compiled':32}{'resilient':>10}{'exact':>10}{'gain':>12}   KB "
             f"{', '.join((variants.HOST, *variants.BOARDS))}"]  # fmt: skip
    built = variants.time_variants(files)
    first = built[0].times
    for one in built:
        names = [NODE.format(mode=mode, kind="native") for mode in table.MODES]
        us = [one.times[name].us for name in names]
        assert [one.times[name].digest for name in names] == [first[name].digest for name in names]
        gains = " ".join(f"{first[name].us / spent:5.2f}" for name, spent in zip(names, us))
        sizes = ", ".join(f"{size / 1000:.1f}" for size in one.sizes.values())
        lines.append(f"{one.variant.name:32}{us[0]:>7.1f} us{us[1]:>7.1f} us{gains:>12}   {sizes}")
    return lines


@dataclass(frozen=True)
class Report:
    """lines: as printed. checks: what was judged."""

    lines: list[str]
    checks: list[table.Check]

    @property
    def verdict(self) -> bool:
        return all(check.ok for check in self.checks)


def report(with_variants: bool = False) -> Report:
    """Count, time and judge; without the emulator only time."""
    files, lines = staged(), []
    missing = counted.CountingMicrobit().available()
    counts = again = None
    if missing is None:
        counts, again = count_all(files, COUNTS), count_all(files, (AGAIN,))
        lines += ["Instructions on the emulated Cortex-M0, by neighbours"]
        lines += [*table.part_lines(counts), ""]
    else:
        lines += [f"instructions left out: {missing}", ""]
    times = time_all(files)
    lines += ["A node's round; us and heap on MicroPython's unix port"]
    lines += [*table.round_lines(counts, times), ""]
    if with_variants:
        lines += [*variant_lines(files), ""]
    found = table.checks(counts, again, times)
    lines += [f"{'ok' if check.ok else 'NO'}  {check.name}: {check.said}" for check in found]
    return Report(lines, found)
