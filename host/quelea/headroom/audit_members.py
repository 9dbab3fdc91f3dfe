"""audit.py for a group whose members may change: from rows and pulses, without boards' code.

A member is *inside* while nobody's newest pulse takes a later incarnation of it for gone than the
one that its own newest row is of. Of those inside all that they own counts, and what is under way
between them; of the others what they may draw: their newest cap until their watchdog or lease has
ended it for certain, their floor from then on.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quelea.headroom.audit import VIOLATIONS_MAX, Part, Said, crc, owned_q, parse, signed


@dataclass(frozen=True)
class Pulse:
    """A pulse; mark, gone, net, suspect by slot. number: of the newest document it knows."""

    limit: int
    node: int
    entry: int
    mark: tuple[int, ...]
    gone: tuple[bool, ...]
    net_q: tuple[int, ...]
    suspect: tuple[bool, ...] = ()
    number: int = 0


def parse_pulse(payload: bytes) -> Pulse | None:
    """Return what a pulse says, None when the bytes are none."""
    if len(payload) < 21 or payload[0] != 0x2C or payload[1] > 7:
        return None
    count = payload[18]
    if len(payload) != 21 + 11 * count or crc(payload[:-2]) != int.from_bytes(
        payload[-2:], "little"
    ):
        return None
    node, entry = struct.unpack_from("<HI", payload, 2)
    states = payload[19 + 6 * count : 19 + 7 * count]
    nets = struct.unpack_from(f"<{count}I", payload, 19 + 7 * count)
    return Pulse(
        limit=payload[1],
        node=node,
        entry=entry,
        mark=tuple(state & 63 for state in states),
        gone=tuple(state & 64 > 0 for state in states),
        net_q=tuple(signed(net) for net in nets),
        suspect=tuple(state & 128 > 0 for state in states),
        number=int.from_bytes(payload[14:18], "little"),
    )


def check(
    rows: Iterable[tuple[int, int, bytes]], parts: Mapping[int, Part], budget_q: int,
    certain_us: int, liars: Iterable[int] = (), reserve_q: int = 0,
) -> list[str]:  # fmt: skip
    """Return a sentence a violation, at most 20; rows: (t_us, source, payload), rows and pulses.

    certain_us: after so long without a word nobody holds more than its floor.
    """
    found: list[str] = []
    honest = {node: part for node, part in parts.items() if node not in set(liars)}
    last: dict[int, Said] = {}
    at_us: dict[int, int] = {}
    pulses: dict[int, Pulse] = {}
    for t_us, source, payload in rows:
        if source not in honest or len(found) >= VIOLATIONS_MAX:
            continue
        pulse = parse_pulse(payload)
        said = parse(payload)
        if pulse is not None and pulse.node == source:
            pulses[source] = pulse
        elif said is not None and said.node == source:
            before = last.get(source)
            if before is not None and said.entry < before.entry:
                found.append(f"{t_us / 1e6:.3f} s: node {source}: entry went back")
            last[source], at_us[source] = said, t_us
        else:
            found.append(f"{t_us / 1e6:.3f} s: node {source}: neither row nor pulse of its own")
            continue
        sums = _sum(last, pulses, honest, t_us, at_us, certain_us)
        total_q, problems = sums
        found += [f"{t_us / 1e6:.3f} s: {what}" for what in problems]
        if total_q > budget_q - reserve_q:
            found.append(
                f"{t_us / 1e6:.3f} s: {total_q} may be drawn or are under way, "
                f"{budget_q - reserve_q} is the bound"
            )
    return found[:VIOLATIONS_MAX]


def _marks(pulses: Mapping[int, Pulse], parts: Mapping[int, Part], node: int) -> int:
    """Return the highest mark that anybody's newest pulse gives a node."""
    return max(
        (
            pulse.mark[parts[other].others.index(node)]
            for other, pulse in pulses.items()
            if other != node
        ),
        default=0,
    )


def _sum(
    last: Mapping[int, Said], pulses: Mapping[int, Pulse], parts: Mapping[int, Part],
    t_us: int, at_us: Mapping[int, int], certain_us: int,
) -> tuple[int, list[str]]:  # fmt: skip
    inside = [
        node
        for node in parts
        if node in last and _marks(pulses, parts, node) <= last[node].entry >> 24
    ]
    found = []
    total_q = 0
    for node, part in parts.items():
        if node not in inside:
            silent = node not in last or t_us - at_us[node] > certain_us
            total_q += part.floor_q if silent else max(part.floor_q, last[node].cap_q)
            continue
        own_q = owned_q(last[node], part)
        if own_q < 0:
            found.append(f"node {node} owns {own_q}")
        if last[node].cap_q > part.floor_q + max(own_q, 0):
            found.append(f"node {node}: cap {last[node].cap_q} above floor and owned {own_q}")
        total_q += max(last[node].cap_q, part.floor_q)
        for slot, other in enumerate(part.others):
            if other not in inside:
                continue
            taken = last[other].taken[parts[other].others.index(node)]
            under_way_q = signed(last[node].given[slot] - taken)
            if under_way_q < 0 and last[other].entry >> 24 == last[node].entry >> 24 == 0:
                found.append(f"{other} took {-under_way_q} from {node} that were not given")
            total_q += max(under_way_q, 0)
    return total_q, found
