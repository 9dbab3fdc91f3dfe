"""The comparator networks that the kernels are built from: each line of networks.h is proven."""

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nets.build import sorting
from nets.prove import Group, Step, holds

ROOT = Path(__file__).resolve().parent.parent.parent
HEADER = ROOT / "host/quelea/kernels/src/networks.h"
CALL = re.compile(r"^([A-Z_]+)\((\d+), (.*)\)$")
STEP = re.compile(r"([SLH])\((\d+), (\d+)\)")


def lines() -> Iterator[tuple[str, int, str]]:
    """Yield (macro, values, the other arguments) of each network, unwrapped."""
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    for call in re.sub(r"\n +", " ", text).strip().splitlines():
        found = CALL.match(call)
        assert found, call
        yield found[1], int(found[2]), found[3]


def steps_of(arguments: str) -> list[Step]:
    return [(kind, int(a), int(b)) for kind, a, b in STEP.findall(arguments)]


def marked(letter: str, arguments: str) -> tuple[int, ...]:
    return tuple(int(wire) for wire in re.findall(rf"\b{letter}\((\d+)\)", arguments))


def groups_of(macro: str, count: int, arguments: str) -> tuple[int, list[Group]]:
    """Return the wires of the network, and what it claims of their order."""
    if macro == "SORT":
        return count, [(rank, rank + 1, (rank,)) for rank in range(count)]
    faults = int(arguments.split(",")[0])
    ends = [int(end) for end in re.findall(r", (\d+)(?=,|$)", arguments)]
    summed = marked("T", arguments)
    if macro == "TRIM_KEPT":
        return count, [(faults, count - faults, summed)]
    if macro == "TRIM_REST":
        low, high = summed[:faults], summed[faults:]
        return count, [(0, faults, low), (count - faults, count, high)]
    if macro in ("TRIM_LATE", "RING"):
        wires = count - 1 if macro == "TRIM_LATE" else count
        low, high = faults - 1, wires - faults
        middle: list[Group] = [(faults, high, summed)] if summed else []
        assert ends[:2] == [low, high] and len(summed) == high - faults
        return wires, [(low, low + 1, (ends[0],)), *middle, (high, high + 1, (ends[1],))]
    if macro == "PAIR":
        low, high = faults, count - 1 - faults
        assert len(ends) == 2
        return count, [(low, low + 1, (ends[0],)), (high, high + 1, (ends[1],))]
    assert macro in ("WMSR_KEPT", "WMSR_REST")
    below, above = marked("B", arguments), marked("A", arguments)
    kept: list[Group] = [(faults, count - faults, summed)] if macro == "WMSR_KEPT" else []
    return count, [(0, faults, below), *kept, (count - faults, count, above)]


def test_every_network_up_to_20_values_is_proven_for_all_inputs() -> None:
    proven = 0
    for macro, count, arguments in lines():
        wires, groups = groups_of(macro, count, arguments)
        if wires <= 20:
            assert holds(steps_of(arguments), wires, groups), (macro, count, arguments)
            proven += 1
    assert proven == 64 + 64 + 56 + 28 + 19  # trim, pair, W-MSR, ring, whole sorts


def split_of(steps: list[Step], count: int) -> tuple[int, list[list[int]]]:
    """Return how many first steps leave the wires in two unconnected parts, and the parts."""
    home = list(range(count))
    for i, (_, a, b) in enumerate(steps):
        merged = [home[a] if part == home[b] else part for part in home]
        if len(set(merged)) == 1:
            return i, [[w for w in range(count) if home[w] == part] for part in sorted(set(home))]
        home = merged
    raise AssertionError("never connected")


def merges(steps: list[Step], parts: list[list[int]], count: int) -> bool:
    """Whether the steps put every input of zeros and ones with both parts ascending in order."""
    first, second = parts
    for ones in range(len(first) + 1):
        for others in range(len(second) + 1):
            wire = [0] * count
            for w in first[len(first) - ones :] + second[len(second) - others :]:
                wire[w] = 1
            for _, a, b in steps:
                wire[a], wire[b] = wire[a] & wire[b], wire[a] | wire[b]
            if wire != sorted(wire):
                return False
    return True


@pytest.mark.parametrize("count", range(21, 33))
def test_larger_sorts_sort_two_parts_and_merge_them(count: int) -> None:
    (arguments,) = [a for macro, n, a in lines() if macro == "SORT" and n == count]
    steps = steps_of(arguments)
    cut, parts = split_of(steps, count)
    assert len(parts) == 2 and max(map(len, parts)) <= 16
    for part in parts:
        place = {wire: i for i, wire in enumerate(part)}
        inner = [(kind, place[a], place[b]) for kind, a, b in steps[:cut] if a in place]
        ranks = [(rank, rank + 1, (rank,)) for rank in range(len(part))]
        assert holds(inner, len(part), ranks)
    assert merges(steps[cut:], parts, count)


def test_a_missing_comparator_is_noticed(seed: int) -> None:
    draw = random.Random(seed)
    for macro, count, arguments in lines():
        wires, groups = groups_of(macro, count, arguments)
        steps = steps_of(arguments)
        if wires > 12 or macro == "SORT" or not steps:
            continue  # a whole sort may hold a superfluous comparator; cut networks do not
        steps.pop(draw.randrange(len(steps)))
        assert not holds(steps, wires, groups), (macro, count, arguments)


def test_known_sizes() -> None:
    assert [len(sorting(n)) for n in (2, 3, 4, 5, 6, 7, 8, 16)] == [1, 3, 5, 9, 12, 16, 19, 60]


def test_the_header_is_what_the_generator_writes() -> None:
    command = [sys.executable, str(ROOT / "tools/networks.py"), "--check"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
