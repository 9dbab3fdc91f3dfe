"""A graph family as a row of the registry, and how its parameter is read and refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from quelea.errors import UserError
from quelea.topology.graph import Topology, is_connected

FLAG = "--topology"
TRIES_MAX = 50  # seeded tries of a random family before it says that its graphs fall apart


@dataclass(frozen=True)
class Family:
    """A row of the registry.

    name: before the colon. form: how to write it. what: one line for people.
    make: (parameter text after the colon or "", nodes, seed) -> Topology; raises UserError.
    """

    name: str
    form: str
    what: str
    make: Callable[[str, int, int], Topology]


def refuse(what: str, why: str, remedy: str) -> UserError:
    """The error for a wrong value of --topology."""
    return UserError(what, where=FLAG, why=why, remedy=remedy)


def no_parameter(text: str, name: str) -> None:
    if text:
        raise refuse(
            f"'{name}' takes no parameter, and '{text}' was given.",
            f"The form is '{name}'.",
            f"write {FLAG} {name}",
        )


def whole(text: str, form: str, low: int, high: int, why: str = "") -> int:
    """The whole number `text`, low..high. `why` explains the range."""
    range_text = f"Allowed: a whole number {low}..{high}"
    range_text += f" ({why})." if why else "."
    if high < low:
        raise refuse(
            f"'{form}' has no graph of this size.",
            f"The parameter would have to be at least {low} and at most {high}"
            + (f" ({why})." if why else "."),
            "take more nodes or another family, such as complete",
        )
    if not re.fullmatch(r"[0-9]{1,9}", text):
        shown = f"'{text}' is no whole number" if text else "the number is missing"
        raise refuse(
            f"{shown} in '{form}'.",
            range_text,
            f"write {FLAG} {form.split(':')[0]}:{min(high, max(low, 8))}",
        )
    value = int(text)
    if not low <= value <= high:
        raise refuse(
            f"{value} is out of range for '{form}'.",
            range_text,
            f"write {FLAG} {form.split(':')[0]}:{min(high, max(low, value))}",
        )
    return value


def at_least(name: str, nodes: int, low: int) -> None:
    if nodes < low:
        raise UserError(
            f"{nodes} nodes are too few for the topology '{name}'.",
            where="--nodes",
            why=f"Allowed: {low} or more.",
            remedy=f"write --nodes {low}, or {FLAG} complete",
        )


def first_connected(make: Callable[[int], Topology], what: str, remedy: str) -> Topology:
    """The first connected graph of make(0), make(1)...; refused after TRIES_MAX."""
    for attempt in range(TRIES_MAX):
        topology = make(attempt)
        if is_connected(topology):
            return topology
    raise refuse(
        f"{what} was not connected in {TRIES_MAX} seeded tries.",
        "A fleet in parts cannot agree.",
        remedy,
    )
