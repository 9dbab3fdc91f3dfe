"""The parts added up to rounds, printed and judged."""

from collections.abc import Mapping
from dataclasses import dataclass

from quelea_proto.frames import FLOW, STATE, frame_bytes

from bench.firmware.counted import Count
from bench.firmware.parts import COUNTS, EXACT, PARTS, RESILIENT, Row
from bench.firmware.timed import NODE, Time

MODES = (RESILIENT, EXACT)
KIND = {RESILIENT: STATE, EXACT: FLOW}
Counts = Mapping[tuple[str, int], Count]  # by part and number of neighbours
Times = Mapping[int, Mapping[str, Time]]

# What a round may take on the Cortex-M0: a count is exact, so this can be held.
INSTRUCTIONS_MAX = {(RESILIENT, 8): 1_000_000, (EXACT, 8): 2_000_000}
NATIVE_GAIN_MIN = 1.2  # below that the native checksum is not worth its lines


@dataclass(frozen=True)
class Check:
    """One thing that is judged."""

    name: str
    ok: bool
    said: str


def often(row: Row, mode: str, count: int) -> int:
    """Return how often a round of this mode does the part."""
    return {"frame": count, "round": 1, "": 0}[row.per_round.get(mode, "")]


def instructions(counts: Counts, mode: str, count: int) -> float:
    """Return a round's instructions on the Cortex-M0, or nan if a part was not counted."""
    total = 0.0
    for row in PARTS:
        done = counts[row.name, count]
        total += often(row, mode, count) * (float("nan") if done.why else done.instructions)
    return total


def parts_us(times: Times, mode: str, count: int) -> float:
    """Return the time of a round's parts on the unix port."""
    return sum(often(row, mode, count) * times[count][row.name].us for row in PARTS)


def node(times: Times, mode: str, count: int, kind: str = "native") -> Time:
    """Return the time of a whole node-round."""
    return times[count][NODE.format(mode=mode, kind=kind)]


def part_lines(counts: Counts) -> list[str]:
    """Return the instructions of every part, one line each."""
    lines = [f"{'part, once':28}" + "".join(f"{count:>10}" for count in COUNTS)]
    for row in PARTS:
        done = [counts[row.name, count] for count in COUNTS]
        cells = "".join(f"{'-' if one.why else f'{one.instructions:,.0f}':>10}" for one in done)
        lines.append(f"{row.name:28}{cells}" + "".join(f"  {one.why}" for one in done if one.why))
    return lines


HEAD = (
    "mode", "neighbours", "instructions", "bytes in", "out", "heap left", "passing",
    "us", "us, plain crc", "gain", "parts / us",
)  # fmt: skip


def round_lines(counts: Counts | None, times: Times) -> list[str]:
    """Return a line for each mode and number of neighbours."""
    rows: list[tuple[str, ...]] = [HEAD]
    for mode in MODES:
        for count in COUNTS:
            native, plain = node(times, mode, count), node(times, mode, count, "plain")
            size = frame_bytes(KIND[mode], count)
            rows.append(
                (
                    mode,
                    str(count),
                    f"{instructions(counts, mode, count):,.0f}" if counts else "-",
                    str(count * size),
                    str(size),
                    str(native.heap_bytes),
                    "-" if native.passing < 0 else f"{native.passing / ROUNDS_OF_A_CALL:.0f}",
                    f"{native.us:.1f}",
                    f"{plain.us:.1f}",
                    f"{plain.us / native.us:.2f}",
                    f"{parts_us(times, mode, count) / native.us:.2f}",
                )
            )
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]


ROUNDS_OF_A_CALL = 8  # device/part_node.py: ROUNDS - FIRST


def checks(counts: Counts | None, again: Counts | None, times: Times) -> list[Check]:
    """Judge what can be: results, counts, heap. Times are only shown, but for one ratio."""
    found = [
        Check(f"{mode}, {count} neighbours: native gain", gain >= NATIVE_GAIN_MIN, f"{gain:.2f} x")
        for mode in MODES
        for count in COUNTS
        for gain in [node(times, mode, count, "plain").us / node(times, mode, count).us]
    ]
    left = {f"{name}, {count}": time.heap_bytes for count in COUNTS
            for name, time in times[count].items() if time.heap_bytes}  # fmt: skip
    found.append(Check("unix: nothing stays on the heap", not left, str(left) if left else "0"))
    same = all(
        node(times, mode, count).digest == node(times, mode, count, "plain").digest
        for mode in MODES
        for count in COUNTS
    )
    found.append(Check("unix: native and plain checksum, same state", same, "digests"))
    if counts is None or again is None:
        return found
    other = [key for key, done in counts.items()
             if not done.why and done.digest != times[key[1]][key[0]].digest]  # fmt: skip
    found.append(Check("Cortex-M0 and unix: same results", not other, str(other or "digests")))
    moved = [key for key, done in again.items() if done != counts[key]]
    found.append(
        Check("a second count is the same", not moved, str(moved or "to the instruction"))
    )
    kept = [key for key, done in counts.items() if done.heap_bytes]
    found.append(Check("Cortex-M0: nothing stays on the heap", not kept, str(kept or "0")))
    for (mode, count), most in INSTRUCTIONS_MAX.items():
        total = instructions(counts, mode, count)
        said = f"{total:,.0f} of {most:,}"
        found.append(Check(f"{mode}, {count} neighbours: instructions", total <= most, said))
    return found
