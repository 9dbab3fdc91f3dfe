"""Errors that can be planted in the engine, to see that they are found: `--engine --plant NAME`.

The same mistakes in the nodes' own code are mutations; these show that the engine's checks, and
its comparison with real agents, do find what they are for.
"""

from dataclasses import dataclass

from quelea.errors import UserError
from quelea.simulator.engine._engine import SIZES
from quelea.simulator.engine.lanes import Lanes
from quelea.simulator.engine.plan import LANES, plan
from quelea.simulator.engine.replay import difference

NODES, ROUNDS = 26, 240  # of the seeds of a hunt: small, so that a thousand take a second or two
AGENTS_MAX = 32  # seeds of a hunt that are held to real agents

# (name, what is wrong), in the order of engine.h
PLANTS = (
    ("", "nothing"),
    ("floor", "means are rounded down instead of half up"),
    ("no-clamp", "values beyond the signal's range go into the rule"),
    ("own-left-out", "W-MSR leaves out the own value"),
    ("trim-by-received", "W-MSR trims by what has arrived, and no node ever holds"),
    ("trim-one-side", "W-MSR does not trim at the bottom"),
    ("stale-taken", "an older frame of the same session is taken"),
    ("wrap-ignored", "sessions are compared without their ring"),
    ("session-kept", "a reboot speaks with the session of before"),
    ("never-old", "no neighbour's value ever grows too old"),
    ("epoch-by-one", "one neighbour alone leads on to another epoch"),
    ("other-epochs", "values of other epochs go into the rule"),
    ("input-drifts", "a new reading moves the value within an epoch"),
    ("flow-sign", "a neighbour's flow is taken with its sign"),
    ("credit-twice", "what is given is taken from the estimate twice"),
    ("residue-dropped", "the remainder of a division is forgotten"),
    ("out-of-turn", "both ends of an edge move at the same turn"),
    ("input-ignored", "a new reading does not reach the estimate"),
)
assert len(PLANTS) == SIZES["PLANTS"]


@dataclass(frozen=True)
class Hunt:
    """What came of a hunt. seed, says: of the first seed in which a check of the lanes found the
    error, -1 and "" if none did; agents, differs: of the first that is not what agents do."""

    name: str
    why: str
    seed: int
    says: str
    agents: int
    differs: str

    @property
    def found(self) -> bool:
        return self.seed >= 0 or self.agents >= 0

    @property
    def first(self) -> int:
        """The first seed in which it was found, -1 if it was not."""
        return min((seed for seed in (self.seed, self.agents) if seed >= 0), default=-1)


def number(name: str) -> int:
    """Return the position of a plant; UserError for an unknown name."""
    names = [row[0] for row in PLANTS]
    if name not in names[1:]:
        known = ", ".join(names[1:])
        raise UserError(f"no error named {name!r}", "--plant", f"all or one of: {known}")
    return names.index(name)


def hunt(plant: int, first: int, seeds: int, agents: int = AGENTS_MAX) -> Hunt:
    """Look for an error in `seeds` seeds from `first` on, and for seeds unlike those of agents."""
    groups = range(first // LANES, (first + seeds - 1) // LANES + 1)
    found, says = -1, ""
    for group in groups:
        result = Lanes(plan(group, NODES, ROUNDS), plant).run()
        broken = [
            (group * LANES + lane, sentences[0])
            for lane in range(LANES)
            if (sentences := result.violations(lane)) and group * LANES + lane >= first
        ]
        if broken:
            found, says = broken[0]
            break
    for seed in _spread(first, seeds, agents):
        differs = difference(seed, NODES, ROUNDS, plant)
        if differs:
            return Hunt(*PLANTS[plant], found, says, seed, differs)
    return Hunt(*PLANTS[plant], found, says, -1, "")


def _spread(first: int, seeds: int, count: int) -> list[int]:
    """Return some of the seeds, of groups one after another: both modes and all rules."""
    wanted = [first + at * LANES + at % LANES for at in range(count)]
    return [seed for seed in wanted if seed < first + seeds]
