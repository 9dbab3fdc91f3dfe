"""Headroom a second time, from docs/protocol.md: dicts, plain integers and exact fractions.

For comparing, row by row and record by record, with what runs on the board; shares no code with
it and is written for reading, not for speed.
"""

import struct
from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from quelea.headroom.audit import RING, crc, parse, signed

TOP = (1 << 23) - 1


class Member:
    """plan: what quelea.headroom.plan.node_plan gives. Same seam as quelea_agent.headroom."""

    def __init__(self, plan: Mapping[str, Any], counters: Mapping[int, tuple[int, int]]) -> None:
        """counters: (given, taken) at the start by neighbour."""
        self.plan = plan
        self.others: tuple[int, ...] = plan["numbers"]
        self.given = {other: counters[other][0] for other in self.others}
        self.taken = {other: counters[other][1] for other in self.others}
        self.heard = dict.fromkeys(self.others, 0)
        self.entry = 1
        self.restart()

    def restart(self) -> None:
        """Forget what is not stored."""
        self.offer = {other: (self.heard[other], self.taken[other]) for other in self.others}
        self.asked = dict.fromkeys(self.others, 0)
        self.way = dict.fromkeys(self.others, 0)
        self.spare = dict.fromkeys(self.others, 0)
        self.surplus = dict.fromkeys(self.others, 0)
        self.rise_q = 0
        self.gift: dict[int, int] = {}
        self.waited, self.rest = 0, -1
        self.claim_q = 0
        self.cap_q = self.wish_q = int(self.plan["floor_q"])
        self.prepared: dict[str, Any] | None = None

    def net_q(self, other: int) -> int:
        """Return what is held of a neighbour's units."""
        return signed(self.taken[other] - self.given[other])

    @property
    def owned_q(self) -> int:
        return int(self.plan["initial_q"]) + sum(self.net_q(other) for other in self.others)

    @property
    def spare_q(self) -> int:
        keep_q = max(0, self.wish_q - self.plan["floor_q"])
        return max(0, self.owned_q - sum(self.gift.values()) - int(keep_q))

    def line_q(self, other: int, way: str) -> int:
        return int(self.plan[way][self.others.index(other)])

    def hear(self, source: int, payload: bytes) -> bool:
        """Take in a row."""
        said = parse(bytes(payload))
        if said is None or source not in self.others or said.node != source:
            return False
        if said.limit != self.plan["limit"]:
            return False
        place = self.plan["places"][self.others.index(source)]
        entry, offer = self.offer[source]
        if not 0 < said.entry < RING or max(said.cap_q, said.spare_q, said.claim_q) > TOP:
            return False
        if place >= len(said.given) or said.entry < entry:
            return False
        given, taken = said.given[place], said.taken[place]
        if max(given, taken) >= RING or signed(given - offer) < 0:
            return False
        self.spare[source] = said.spare_q
        self.way[source] = max(0, signed(self.given[source] - taken))
        self.asked[source] = max(0, said.ask_q[place] - self.way[source])
        more_q = signed(given - self.taken[source])
        line_q = self.line_q(source, "line_in_q")
        if not 0 <= more_q <= line_q - self.net_q(source):
            return False
        self.offer[source] = (said.entry, given)
        return True

    def step(self, wish_q: int) -> int:
        """Begin a round; return the slot to write to, or -1."""
        self.wish_q = min(max(wish_q, 0), TOP)
        self.rest += 1
        self._fall()
        if self.prepared is None and self.gift:
            self.waited += 1
        elif self.prepared is None:
            self._promise()
        self._fall()
        self.rise_q = int(self.plan["step_q"])
        self._rise()
        if self.prepared is not None:
            return -1
        due = bool(self.gift) and self.waited >= self.plan["settle_rounds"]
        new = {
            other: self.offer[other]
            for other in self.others
            if self.offer[other][1] != self.taken[other]
        }
        if not due and not new:
            return -1
        self.prepared = {"taken": new, "gift": dict(self.gift) if due else {}}
        return (self.entry + 1) % 2

    def _allowed_q(self) -> int:
        return int(self.plan["floor_q"]) + self.owned_q - sum(self.gift.values())

    def _target_q(self) -> int:
        return min(self._allowed_q(), max(self.wish_q, int(self.plan["floor_q"])))

    def _fall(self) -> None:
        """Lower the cap to its target; a fall ends the rest."""
        if self._target_q() < self.cap_q:
            self.cap_q, self.rest = self._target_q(), 0

    def _rise(self) -> None:
        """Let the cap rise towards its target by what is left of the round's step."""
        rise_q = min(max(self._target_q() - self.cap_q, 0), self.rise_q)
        self.rise_q -= rise_q
        self.cap_q += rise_q

    def expect(self, other: int, surplus_q: int) -> None:
        """Count on units of a neighbour that its row does not offer yet, or on a lack of them."""
        self.surplus[other] = max(-TOP, min(surplus_q, TOP))

    def _promise(self) -> None:
        mine_q = self.spare_q
        all_q = min(TOP, mine_q + sum(max(0, one) for one in self.surplus.values()))
        for other in self.others:
            lack_q = -self.surplus[other] - self.way[other]
            if mine_q and lack_q > 0:
                pushed_q = ceil(Fraction(lack_q * mine_q, all_q))
                self.asked[other] = max(self.asked[other], pushed_q)
        room = {
            other: min(
                max(0, self.line_q(other, "line_out_q") + self.net_q(other)), self.asked[other]
            )
            for other in self.others
        }
        self.asked = dict.fromkeys(self.others, 0)
        total_q, amount_q = sum(room.values()), self.spare_q
        if not amount_q or not total_q:
            return
        share = Fraction(min(amount_q, total_q), total_q)
        self.gift = {other: floor(share * room[other]) for other in self.others}
        left_q = min(amount_q, total_q) - sum(self.gift.values())
        for other in self.others:
            if left_q and self.gift[other] < room[other]:
                self.gift[other] += 1
                left_q -= 1
        self.waited = self.rest if self.cap_q <= self._allowed_q() else 0

    def stored(self, done: bool) -> None:
        """Go over to what was prepared."""
        if self.prepared is None:
            return
        new, self.prepared = self.prepared, None
        if not done:
            return
        self.entry += 1
        for other, (entry, counter) in new["taken"].items():
            self.heard[other], self.taken[other] = entry, counter
        for other, gift_q in new["gift"].items():
            self.given[other] = (self.given[other] + gift_q) % RING
        if new["gift"]:
            self.gift = {}
            self.asked = dict.fromkeys(self.others, 0)
        self._fall()
        self._rise()

    def row(self) -> bytes:
        """Return the row to publish."""
        asks = self._asks()
        head = struct.pack("<BBHI", 0x23, self.plan["limit"], self.plan["node"], self.entry)
        for amount_q in (self.cap_q, self.spare_q, self.claim_q):
            head += amount_q.to_bytes(3, "little")
        head += bytes([len(self.others)])
        for column in (self.given, self.taken):
            head += b"".join(struct.pack("<I", column[other]) for other in self.others)
        head += b"".join(asks[other].to_bytes(3, "little") for other in self.others)
        return head + struct.pack("<H", crc(head))

    def _asks(self) -> dict[int, int]:
        coming_q = sum(signed(self.offer[other][1] - self.taken[other]) for other in self.others)
        lack_q = self.wish_q - self.plan["floor_q"] - self.owned_q - coming_q
        asks = dict.fromkeys(self.others, 0)
        if self.gift:
            return asks
        for there in (self.spare, self.surplus):
            free = {
                other: max(
                    0,
                    min(self.line_q(other, "line_in_q") - self.net_q(other), there[other])
                    - asks[other],
                )
                for other in self.others
            }
            total_q = min(TOP, sum(free.values()))
            if lack_q <= 0 or not total_q:
                continue
            share = Fraction(min(lack_q, total_q), total_q)
            for other in self.others:
                asks[other] += ceil(share * min(free[other], total_q))
            lack_q -= min(lack_q, total_q)
        return asks

    def record(self) -> bytes:
        """Return the stored record."""
        plan = self.plan
        data = struct.pack(
            "<BBHIH", 0xA5, len(self.others), plan["node"], self.entry, plan["digest"]
        )
        for other in self.others:
            data += struct.pack("<III", self.given[other], self.taken[other], self.heard[other])
        return data + struct.pack("<HI", crc(data), self.entry)
