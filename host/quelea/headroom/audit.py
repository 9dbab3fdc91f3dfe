"""Was the limit kept, by what was said? From a run's rows; shares nothing with the agent's code.

Reads published rows as a journal has them. What a node said last is what it has at least given and
at most taken, so the sums below hold at every row, not only at the end.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

RING = 1 << 30
VIOLATIONS_MAX = 20


@dataclass(frozen=True)
class Said:
    """A row about one of the fleet's limits; given, taken and ask by slot."""

    limit: int
    node: int
    entry: int
    cap_q: int
    spare_q: int
    claim_q: int
    given: tuple[int, ...]
    taken: tuple[int, ...]
    ask_q: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """What is known of a member: its neighbours ascending, floor and initial headroom in q."""

    others: tuple[int, ...]
    floor_q: int
    initial_q: int


def crc(data: bytes) -> int:
    """Return CRC-16/CCITT-FALSE, bit by bit."""
    rest = 0xFFFF
    for byte in data:
        rest ^= byte << 8
        for _ in range(8):
            rest = rest << 1 ^ (0x11021 if rest & 0x8000 else 0)
    return rest


def parse(payload: bytes) -> Said | None:
    """Return what a row says, None when the bytes are none."""
    if len(payload) < 20 or payload[0] != 0x23 or payload[1] > 7:
        return None
    count = payload[17]
    if len(payload) != 20 + 11 * count or crc(payload[:-2]) != int.from_bytes(
        payload[-2:], "little"
    ):
        return None
    node, entry = struct.unpack_from("<HI", payload, 2)
    words = struct.unpack_from(f"<{2 * count}I", payload, 18)
    asks = payload[18 + 8 * count : -2]
    return Said(
        limit=payload[1],
        node=node,
        entry=entry,
        cap_q=int.from_bytes(payload[8:11], "little"),
        spare_q=int.from_bytes(payload[11:14], "little"),
        claim_q=int.from_bytes(payload[14:17], "little"),
        given=words[:count],
        taken=words[count:],
        ask_q=tuple(int.from_bytes(asks[i : i + 3], "little") for i in range(0, len(asks), 3)),
    )


def signed(difference: int) -> int:
    """Return a difference on the ring of 2^30 as the nearest number."""
    return (difference + RING // 2) % RING - RING // 2


def owned_q(said: Said, part: Part) -> int:
    """Return what a node owns by its own counters."""
    return part.initial_q + sum(signed(t - g) for g, t in zip(said.given, said.taken, strict=True))


def check(
    rows: Iterable[tuple[int, int, bytes]], parts: Mapping[int, Part], budget_q: int,
    liars: Iterable[int] = (), reserve_q: int = 0,
) -> list[str]:  # fmt: skip
    """Return a sentence a violation, at most 20; rows: (t_us, source, payload) as published.

    reserve_q: what the liars may draw. Checked of honest nodes: counters and entries only rise, no
    cap is above floor and owned units, none owns less than nothing, nothing is taken that was not
    given, and caps, units under way and reserve are never above budget_q.
    """
    found: list[str] = []
    honest = {node: part for node, part in parts.items() if node not in set(liars)}
    last: dict[int, Said] = {}
    for t_us, source, payload in rows:
        said = parse(payload)
        if source not in honest or len(found) >= VIOLATIONS_MAX:
            continue
        when = f"{t_us / 1_000_000:.3f} s: node {source}"
        if said is None or said.node != source:
            found.append(f"{when}: not a row of its own")
            continue
        found += [f"{when}: {what}" for what in _alone(said, last.get(source), honest[source])]
        last[source] = said
        found += [f"{when}: {what}" for what in _together(last, honest, budget_q - reserve_q)]
    return found[:VIOLATIONS_MAX]


def _alone(said: Said, before: Said | None, part: Part) -> list[str]:
    found = []
    owned = owned_q(said, part)
    if owned < 0:
        found.append(f"owns {owned}")
    if said.cap_q > part.floor_q + max(owned, 0):
        found.append(f"cap {said.cap_q} above floor {part.floor_q} and owned {owned}")
    if before is None:
        return found
    steps = [signed(new - old) for old, new in zip(before.given, said.given, strict=True)]
    steps += [signed(new - old) for old, new in zip(before.taken, said.taken, strict=True)]
    if min(steps) < 0 or said.entry < before.entry or (said.entry == before.entry and any(steps)):
        found.append(f"counters or entry {before.entry} -> {said.entry} went back: {steps}")
    return found


def _together(last: Mapping[int, Said], parts: Mapping[int, Part], bound_q: int) -> list[str]:
    found = []
    total_q = sum(
        last[node].cap_q if node in last else part.floor_q for node, part in parts.items()
    )
    for node, said in last.items():
        for slot, other in enumerate(parts[node].others):
            if other not in parts:
                continue
            there = last.get(other)
            taken = there.taken[parts[other].others.index(node)] if there else 0
            under_way = signed(said.given[slot] - taken) if there else 0
            if under_way < 0:
                found.append(f"{other} took {-under_way} from {node} that were not given")
            total_q += max(under_way, 0)
    if total_q > bound_q:
        found.append(f"caps and units under way are {total_q}, {bound_q} is the bound")
    return found


def rows_of(
    journal: Any, limit: int = 0, kinds: tuple[int, ...] = (3,)
) -> list[tuple[int, int, bytes]]:
    """Return (t_us, source, payload) of a limit's rows in a journal, in order of time.

    kinds: 3 for rows, 12 for pulses.
    """
    rows = [
        (row.t_us, row.source, bytes(row.payload))
        for row in journal.frames(good=None)
        if len(row.payload) > 1 and row.payload[0] & 31 in kinds and row.payload[1] == limit
    ]
    assert all(a[0] <= b[0] for a, b in pairwise(rows))
    return rows
