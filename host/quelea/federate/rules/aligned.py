"""Who has long pulled back is set aside; of the rest, a direction that stands out is filtered.

In one round a lie as long as an honest step looks like rare data, and a filter that drops the one
drops the other. Over many rounds they part: rare data pulls aside, a lie that is to do harm pulls
back. So a node remembers of everybody it hears which way their steps went: the cosine between
them and the common step, weighted by length, fading over HORIZON rounds. Whoever is below AGAINST
is set aside, the F lowest at most, and the rest is filtered (filtered.py) with as much less of F:
directions that have at least OUTSTANDING of all variance. So a lie that is found costs no rare
data, and one that hides from the memory moves no direction far.

A step is what somebody says less the vector that was made in the round before. The F longest are
pulled in to the next, and one of FAR times its length is set aside in that round: so no step can
make up for many, nor do more than an honest one where an honest node was set aside in a liar's
place. Cosines need no scale; noise, which all steps are late in training, is at right angles.
Related, with data of a server's own in place of a memory: FLTrust (Cao and others, NDSS 2021).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quelea import kernels
from quelea.federate.fixed import Ints
from quelea.federate.gossip import Round
from quelea.federate.rules.filtered import filtered

LIARS = True
HORIZON = 50  # rounds
FADE = 1 - 1 / HORIZON
AGAINST = -0.2
OUTSTANDING = 0.25  # of all variance
FAR = 2  # times the longest step but F

Floats = NDArray[np.float64]


@dataclass
class Memory:
    """Of one set of senders, in the order in which they are heard.

    along, length: fading means, over the rounds, of what each one's steps went along the common
    one, and of their lengths times its length; both begin at nothing, so that few rounds are no
    evidence. before: the vector of the last round; in the first the median of each parameter.
    """

    along: Floats
    length: Floats
    before: Floats
    rounds: int = 0

    @classmethod
    def of(cls, said: Ints, faults_max: int) -> "Memory":
        """Return that of a first round."""
        middle = kernels.columns("median", said[0], said[1:], faults_max)
        nothing = np.zeros(len(said))
        return cls(nothing, nothing, middle.astype(np.float64))

    @property
    def cosines(self) -> Floats:
        """Each sender's, -1..1; nearer to 0 the fewer the rounds."""
        known = 1 - FADE**self.rounds
        return np.asarray(known * self.along / np.maximum(self.length, 1))

    def against(self, faults_max: int) -> NDArray[np.bool]:
        """Return who is set aside: below AGAINST, and the faults_max lowest at most."""
        cosines = self.cosines
        out = np.zeros(len(cosines), bool)
        lowest = np.argsort(cosines, kind="stable")[:faults_max]
        out[lowest] = cosines[lowest] < AGAINST
        return out

    def learn(self, steps: Floats, common: Floats) -> None:
        """Take in a round: everybody's step, pulled in, and the step that was made of them."""
        length = np.sqrt(np.einsum("ij,ij->i", steps, steps) * (common @ common))
        self.along = FADE * self.along + (1 - FADE) * (steps @ common)
        self.length = FADE * self.length + (1 - FADE) * length
        self.rounds += 1


def combine(round: Round) -> Ints:
    """Return the new vectors of round.combining."""
    mesh = round.mesh
    if mesh.is_complete:  # all have heard the same in every round, so one memory is everybody's
        one = _one(round, np.arange(mesh.nodes), "all")
        return np.repeat(one[None], len(round.combining), axis=0)
    return np.array([_one(round, mesh.sets[node], str(node)) for node in round.combining])


def _one(round: Round, members: NDArray[np.int64], key: str) -> Ints:
    said, faults_max = round.said_q[members], min(round.faults_max, len(members) - 1)
    known = round.memory.get(key)
    memory = known if isinstance(known, Memory) else Memory.of(said, faults_max)
    steps = said - memory.before
    length = np.maximum(np.sqrt(np.einsum("ij,ij->i", steps, steps)), 1)
    longest = np.partition(length, len(length) - faults_max - 1)[-faults_max - 1]
    steps *= np.minimum(1, longest / length)[:, None]
    near = np.rint(memory.before + steps).astype(said.dtype)
    out = memory.against(faults_max) | (length > FAR * longest)
    found = filtered(near[~out], max(faults_max - int(out.sum()), 0), OUTSTANDING)
    if known:  # else nobody knows what was said before, and these were no steps
        memory.learn(steps, found - memory.before)
    memory.before = found.astype(np.float64)
    round.memory[key] = memory
    return found
