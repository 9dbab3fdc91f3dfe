"""CONTROLLERS: rows (name, class, what it is). One controller serves all signals of a world.

    Controller(world, heads)    heads: a Lamp by signal
    every_s                     seconds between two calls of decide()
    decide() -> None            reads detectors, asks heads for phases
    messages                    told from intersection to intersection so far

`shipped` is True for what SUMO's own programs do: nothing is asked then.
"""

from quelea.traffic.controllers.agents import Agents
from quelea.traffic.controllers.article import Article, Cyclic
from quelea.traffic.controllers.base import Controller
from quelea.traffic.controllers.fixed import Actuated, Fixed
from quelea.traffic.controllers.greedy import Greedy
from quelea.traffic.controllers.max_pressure import MaxPressure, MaxPressureMaxRed

CONTROLLERS: tuple[tuple[str, type[Controller], str], ...] = (
    ("fixed", Fixed, "the shipped program"),
    ("actuated", Actuated, "SUMO's actuated program, green 5 to 50 s"),
    ("max-pressure", MaxPressure, "queue minus queue behind the junction"),
    ("max-pressure-120", MaxPressureMaxRed, "the same, nobody waits longer than 120 s"),
    ("greedy", Greedy, "most cars, standing and coming"),
    ("cyclic", Cyclic, "a cycle of 60 s, split by own cars"),
    ("article", Article, "the same with the neighbours' cars by inverse distance"),
    ("agents", Agents, "one agent an intersection"),
)

OURS = "agents"


def find(name: str) -> type[Controller]:
    """Return a controller's class by its name; KeyError for none."""
    return {row[0]: row[1] for row in CONTROLLERS}[name]
