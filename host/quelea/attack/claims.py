"""What the liars say: quelea.adversaries for thousands of liars at once, all of them omniscient.

A claim is what a liar tells: one number for all, one for each honest node (shape (honest,)), one
for each message (shape of sight.nodes), or None for silence. Each is the function of the adversary
of that name; tests/unit/test_attack.py holds the two together. ALIASES are lies that, once the
receiver's checks have done their work, amount to another one here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from quelea.attack.rules import Ints
from quelea.attack.setting import HI_Q, LO_Q, Round

SEARCHED = 48  # nodes of each side on which the adaptive attack tries its claims
TRIALS = 16


@dataclass
class Sight:
    """What the liars know in one round.

    own: honest values now; first: at the beginning. sides: see Crowd.sides. step: the fleet's
    rule, (own, values) -> new values.
    """

    own: Ints
    first: Ints
    at: int
    rounds: int
    round: Round
    faults_max: int
    sides: Ints
    rng: np.random.Generator
    step: Callable[[Ints, Ints], Ints]
    lo: int = LO_Q
    hi: int = HI_Q
    memory: dict[str, Ints] = field(default_factory=dict)

    @cached_property
    def mean(self) -> int:
        return int(self.own.sum(dtype=np.int64)) // len(self.own)

    @cached_property
    def median(self) -> int:
        middle = len(self.own) // 2
        return int(np.partition(self.own, middle)[middle])

    @cached_property
    def top(self) -> int:
        return int(self.own.max())

    @cached_property
    def bottom(self) -> int:
        return int(self.own.min())

    @property
    def nodes(self) -> NDArray[np.intp]:
        """Who is told, message by message."""
        return self.round.nodes

    def known(self, heard: NDArray[np.intp], liars: int) -> Ints:
        """Return the honest values heard, and `liars` in place of what liars say."""
        return np.append(self.own, np.int32(liars)).take(heard, mode="clip")


Claim = Ints | int | None


def _inside(sight: Sight, claim: Ints) -> Ints:
    return np.asarray(np.clip(claim, sight.lo, sight.hi).astype(np.int32))


def const_max(sight: Sight) -> Claim:
    return sight.hi


def const_min(sight: Sight) -> Claim:
    return sight.lo


def ramp(sight: Sight) -> Claim:
    """The honest value and a 64th of the range more with every round; honest liars are means."""
    step = max(1, (sight.hi - sight.lo) // 64)
    return min(sight.hi, sight.mean + min(sight.at + 1, 64) * step)


def drift(sight: Sight) -> Claim:
    return min(sight.hi, sight.top + max(1, (sight.hi - sight.lo) // 64))


def oscillate(sight: Sight) -> Claim:
    return sight.lo if sight.at % 2 == 0 else sight.hi


def noise(sight: Sight) -> Claim:
    span = sight.hi - sight.lo
    return sight.lo + sight.rng.integers(0, span + 1, len(sight.nodes), dtype=np.int32)


def in_hull(sight: Sight) -> Claim:
    return np.where(sight.own >= sight.median, sight.top, sight.bottom).astype(np.int32)


def range_polarise(sight: Sight) -> Claim:
    return np.where(sight.own >= sight.median, sight.hi, sight.lo).astype(np.int32)


def hull_max(sight: Sight) -> Claim:
    return sight.top


def inconsistent(sight: Sight) -> Claim:
    """One end of the range or the other by the parity of liar and receiver."""
    liar = sight.round.heard[sight.round.slots, sight.nodes]
    return np.where((liar + sight.nodes) % 2 == 0, sight.hi, sight.lo).astype(np.int32)


def silence_then_lie(sight: Sight) -> Claim:
    return None if sight.at < sight.rounds // 2 else sight.hi


def alie(sight: Sight) -> Claim:
    away = int(sight.own.std(ddof=1) * 1.5) if len(sight.own) > 1 else 0
    return min(sight.hi, max(sight.lo, sight.mean + away))


def ipm(sight: Sight) -> Claim:
    return _inside(sight, sight.own - 2 * (sight.mean - sight.own))


def sign_flip(sight: Sight) -> Claim:
    return sight.lo + sight.hi - sight.mean


def mimic(sight: Sight) -> Claim:
    """All repeat the honest node that began highest: the voice whose weight harms most."""
    return int(sight.own[int(sight.first.argmax())])


def replay_stale(sight: Sight) -> Claim:
    """The first input of some node, over and over: what old frames would amount to."""
    return np.resize(sight.first, len(sight.nodes))


def dissensus(sight: Sight) -> Claim:
    """Cancels half as much again as the honest messages of this very round pull."""
    heard = sight.round.heard
    liars = np.bincount(sight.nodes, minlength=len(sight.own))
    pull = sight.known(heard, 0).sum(axis=0) - sight.own * (len(heard) - liars)
    return _inside(sight, sight.own - pull * 3 // (2 * np.maximum(liars, 1)))


def spectral(sight: Sight) -> Claim:
    side = sight.sides
    if not side.any():
        side = np.where(sight.own >= sight.median, 1, -1)
    return _inside(sight, sight.mean + side * max(1, sight.top - sight.bottom))


def adaptive(sight: Sight) -> Claim:
    """For each half the claim that moves a sample of its nodes furthest from the mean."""
    above = sight.own >= sight.mean
    claim = np.empty(len(sight.own), dtype=np.int32)
    for side, sign, end in ((above, 1, sight.hi), (~above, -1, sight.lo)):
        claim[side] = _search(sight, np.flatnonzero(side)[:SEARCHED], sign, end)
    return claim


def _search(sight: Sight, nodes: NDArray[np.intp], sign: int, end: int) -> int:
    if not len(nodes):
        return end
    reach = abs(end - sight.mean)
    offsets = np.unique((reach * 2.0 ** -np.arange(TRIALS)).astype(np.int32))
    trials = sight.mean + sign * offsets
    heard = np.tile(sight.round.heard[:, nodes], len(trials))
    values = sight.known(heard, 0)
    said = np.repeat(trials, len(nodes))
    values = np.where(heard >= len(sight.own), said, values)
    after = sight.step(np.tile(sight.own[nodes], len(trials)), values)
    damage = (sign * after.reshape(len(trials), -1)).sum(axis=1)
    return int(trials[int(damage.argmax())])


CLAIMS: tuple[tuple[str, Callable[[Sight], Claim]], ...] = (
    ("const-max", const_max),
    ("const-min", const_min),
    ("ramp", ramp),
    ("drift", drift),
    ("oscillate", oscillate),
    ("noise", noise),
    ("in-hull", in_hull),
    ("range-polarise", range_polarise),
    ("hull-max", hull_max),
    ("inconsistent", inconsistent),
    ("silence-then-lie", silence_then_lie),
    ("alie", alie),
    ("ipm", ipm),
    ("sign-flip", sign_flip),
    ("mimic", mimic),
    ("replay-stale", replay_stale),
    ("dissensus", dissensus),
    ("spectral", spectral),
    ("adaptive", adaptive),
)
ALIASES: tuple[tuple[str, str, str], ...] = (
    ("sybil", "const-max", "each sender counts once, on its own topic"),
    ("alarm", "const-max", "its frames of another epoch count for nothing"),
    ("overflow", "oscillate", "values are clamped to the range, the rest is refused"),
    ("equivocate", "oscillate", "the first frame of a seq counts, the second is evidence"),
    ("game-optimal", "in-hull", "its play beyond the solved games"),
)
