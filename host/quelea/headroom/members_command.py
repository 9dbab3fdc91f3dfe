"""`quelea members`: who is a member of a limit; let one in or go, take a dead one's units, change
a floor or how much of the limit there is."""

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quelea_proto.topics import build, parse

from quelea.configure import fleetfile
from quelea.coordinator.link import Link
from quelea.deploy.fleet import BoardFleet, Endpoint
from quelea.errors import EXIT_FALSE, EXIT_OK, UserError
from quelea.fleet.external import ExternalBroker
from quelea.headroom.group import Group
from quelea.headroom.roster import ACTIONS, Place, Roster
from quelea.secure import signing
from quelea.secure.keys import opened
from quelea.secure.signing import Key

CONNECT_S = 10.0
LISTEN_ROUNDS = 4


@dataclass(frozen=True)
class Order:
    """One document. node: 0 for none. amount: a floor in q, or percent of the limit."""

    action: str
    node: int = 0
    amount: int = 0


def orders(action: str, numbers: list[int]) -> list[Order]:
    """Return what the command line asks for; UserError for numbers that do not fit."""
    right = {"show": not numbers, "floor": len(numbers) == 2, "limit": len(numbers) == 1}
    if action not in ACTIONS or not right.get(action, bool(numbers)):
        raise UserError(
            f"{action} {' '.join(map(str, numbers))}".strip(), "ACTION",
            "show; leave, reclaim or join with numbers of nodes; floor with a node and an amount; "
            "limit with percent",
        )  # fmt: skip
    if action == "floor":
        return [Order(action, *numbers)]
    if action == "limit":
        return [Order(action, 0, numbers[0])]
    return [Order(action, node) for node in numbers]


class Ear:
    """Hears a group at a broker and keeps its roster, one for each limit.

    sealed: whether rows carry tags, which are taken off; who owns a topic the broker sees to.
    """

    def __init__(
        self, broker: ExternalBroker | Endpoint, fleet: str, group: Group, public: bytes | None,
        sealed: bool = False,
    ) -> None:  # fmt: skip
        self.fleet = fleet
        self.rosters = [Roster(group, split.limit) for split in group.splits]
        self._public = public
        self._sealed = sealed
        self._lock = threading.Lock()
        self.topic = build("command", fleet, "all", "epoch")
        self.link = Link(
            broker, f"members-{time.monotonic_ns() % 10**9}", "host",
            on_message=self._message, on_up=self._subscribe,
        )  # fmt: skip

    def _subscribe(self) -> None:
        self.link.subscribe(build("headroom", self.fleet, "+"))
        self.link.subscribe(self.topic)

    def _message(self, topic: str, payload: bytes, retained: bool) -> None:
        with self._lock:
            if topic == self.topic:
                body = signing.verify(self._public, b"epoch", payload) if self._public else None
                for roster in self.rosters if body is not None else []:
                    roster.hear_document(bytes(body or b""))
                return
            if self._sealed:
                payload = opened(payload)
            found = parse(topic)
            digits = re.search(r"\d+$", found[2]) if found else None
            for roster in self.rosters if digits else []:
                roster.hear(int(digits[0] if digits else 0), payload, time.monotonic())

    def start(self, seconds: float) -> None:
        """Connect, and hear for so long."""
        self.link.start()
        if not self.link.up.wait(CONNECT_S):
            raise UserError(self.link.problem, "--broker", "", "is the broker there?")
        time.sleep(seconds)

    def places(self) -> list[list[Place]]:
        """Return the places of each limit."""
        with self._lock:
            return [roster.places(time.monotonic()) for roster in self.rosters]

    def document(self, order: "Order") -> tuple[bytes, list[str]]:
        """Return the next document's body; of several limits each must let it pass."""
        with self._lock:
            mine = [r for r in self.rosters if not order.node or self._has(r, order.node)]
            answers = [
                roster.document(order.action, order.node, time.monotonic(), order.amount)
                for roster in mine or self.rosters[:1]
            ]
        return answers[0][0], [line for _, lines in answers for line in lines]

    def _has(self, roster: Roster, node: int) -> bool:
        return node in [one.node for one in roster.group.splits[roster.limit].members]


def command(
    action: str, nodes: list[int], config: str, broker: str, fleet: str, key: Path | None,
    wait: bool, as_json: bool,
) -> int:  # fmt: skip
    """Do it; return 0, or 1 where the members did not follow in time."""
    wanted = orders(action, nodes)
    given, group = fleetfile.load(fleetfile.find(config))
    if group.terms is None:
        raise UserError(
            "the members of this group may not change", config, "leases", "lease_s in [limit]"
        )
    place, sealed = _meeting(config, broker or str(given.get("broker", "")))
    fleet = fleet or str(given.get("name", "fleet"))
    signer = signing.load_key(key) if key is not None else None
    if signer is None and action != "show":
        raise UserError(
            "a document is signed", "--key", "", "--key with the key that boards trust"
        )
    public = signing.public_bytes(signer) if signer is not None else None
    ear = Ear(place, fleet, group, public, sealed)
    try:
        ear.start(LISTEN_ROUNDS * group.period_ms / 1000 + 0.5)
        done = True
        for order in wanted:
            assert signer is not None
            done = _act(ear, order, signer, wait) and done
        places = ear.places()
    finally:
        ear.link.stop()
    _tell(places, group, done, as_json)
    return EXIT_OK if done else EXIT_FALSE


def _meeting(config: str, broker: str) -> tuple[ExternalBroker | Endpoint, bool]:
    """Return where the fleet meets, and whether its rows carry tags; of boards by their files."""
    if broker:
        return ExternalBroker(broker), False
    boards = BoardFleet(config)
    sealed = any("auth" in boards.keys(node_id) for node_id in boards.ids)
    return boards.endpoint, sealed


def _act(ear: Ear, order: Order, signer: Key, wait: bool) -> bool:
    """Sign and publish one document; return whether the members followed."""
    body, lines = ear.document(order)
    for line in lines:
        print(line, file=sys.stderr)
    document = signing.sign(signer, b"epoch", body)
    ear.link.publish(ear.topic, document, 1, True).wait_for_publish(CONNECT_S)
    return not wait or _await(ear, lambda places: _followed(places, order, body))


def _await(ear: Ear, reached: Callable[[list[list[Place]]], bool]) -> bool:
    group = ear.rosters[0].group
    assert group.terms is not None
    settle = max(split.settle_rounds for split in group.splits)
    limit_s = 2 * group.terms.wait_ms(group.period_ms, settle) / 1000 + 10
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if reached(ear.places()):
            return True
        time.sleep(group.period_ms / 1000)
    print(
        f"not within {limit_s:.0f} s; the document stays, and is followed later", file=sys.stderr
    )
    return False


def _followed(limits: list[list[Place]], order: Order, body: bytes) -> bool:
    mine = [place for places in limits for place in places if place.node == order.node]
    if order.action == "join":
        return all(not place.gone and place.heard and not place.awaited for place in mine)
    if order.action in ("leave", "reclaim"):
        return all(place.gone and place.open_q == 0 for place in mine)
    number = int.from_bytes(body[3:7], "little")
    heard = [place for places in limits for place in places if place.heard and not place.gone]
    return all(place.number >= number for place in heard) and all(
        place.gone or (place.holds_q or 0) >= order.amount for place in mine
    )


def _tell(limits: list[list[Place]], group: Group, done: bool, as_json: bool) -> None:
    rows: list[dict[str, Any]] = []
    for name, places in zip(group.names, limits, strict=True):
        for place in places:
            rows.append({"limit": name, **vars(place)})
            state = "vacant" if place.vacant and place.mark <= 1 and place.gone else (
                "gone" if place.gone else "member")  # fmt: skip
            heard = "heard" if place.heard else "silent"
            left = f", {place.open_q} to be taken over" if place.open_q else ""
            print(
                f"limit {name}  node {place.node:3}  {state:6} {heard:6} incarnation {place.mark}"
                f"  floor {place.floor_q} cap {place.cap_q} owns {place.owned_q} "
                f"{group.unit}{left}",
                file=sys.stderr,
            )
    if as_json:
        check = {
            "name": "members followed",
            "ok": done,
            "value": int(done),
            "bound": 1,
            "unit": "",
        }
        print(json.dumps({"verdict": done, "checks": [check], "places": rows}))
