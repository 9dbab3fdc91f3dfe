"""What SUMO does by itself: the shipped program, or the same phases actuated."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from quelea.traffic.controllers.base import Controller

GREEN_S_MIN = 5
GREEN_S_MAX = 50


class Fixed(Controller):
    """The program of the network's file."""

    shipped = True


class Actuated(Controller):
    """SUMO's actuated: a green of 5 to 50 s goes on while cars come without a gap."""

    shipped = True


def actuated_file(net: Path, path: Path) -> None:
    """Write every shipped program again, of the type `actuated`."""
    root = ElementTree.Element("additional")
    for logic in ElementTree.parse(net).getroot().iter("tlLogic"):
        logic.set("type", "actuated")
        logic.set("programID", "act")
        for phase in logic.iter("phase"):
            state = phase.get("state", "")
            if "y" not in state and any(sign in state for sign in "Gg"):
                phase.set("minDur", str(GREEN_S_MIN))
                phase.set("maxDur", str(GREEN_S_MAX))
        root.append(logic)
    ElementTree.ElementTree(root).write(path)
