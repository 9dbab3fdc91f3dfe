"""Resilient rounds on arrays: every node applies the rule to what all neighbours said last."""

import numpy as np
from numpy.typing import NDArray
from quelea_proto.limits import Q_MAX

from quelea.kernels import columns
from quelea.lockstep.graph import Rows, mixed
from quelea.lockstep.halo import Nodes
from quelea.lockstep.team import Team

Values = NDArray[np.int32]

ATTACKS = ("const-max", "const-min", "noise")


class Resilient:
    """values_q: of this rank's nodes, |q| < 2^23. liars: which of them lie."""

    def __init__(
        self,
        rows: Rows,
        nodes: int,
        team: Team,
        values_q: Values,
        rule: str,
        faults_max: int,
        liars: NDArray[np.bool_],
        attack: str,
        seed: int,
        hi_q: int,
    ) -> None:
        self.rule, self.faults_max = rule, faults_max
        self.attack, self.seed, self.hi_q = attack, seed, hi_q
        self.values_q = values_q.copy()
        self.lying = np.flatnonzero(liars)
        self.numbers = (rows.first + self.lying).astype(np.uint64)
        self.halo = Nodes(rows, nodes, team)
        self.groups = [
            (here, self.halo.near[rows.starts[here] + np.arange(degree)[:, None]])
            for degree in np.unique(rows.degrees).tolist()
            for here in [np.flatnonzero(rows.degrees == degree)]
        ]
        heard = self.halo.spread(liars.astype(np.int32))
        met = [
            int(heard[near].sum(axis=0)[~liars[here]].max(initial=0)) for here, near in self.groups
        ]
        self.met = -int(team.least(np.array([-max(met, default=0)]))[0])
        self.round = 0

    def say(self) -> None:
        """Let the liars say what they say in this round."""
        if self.attack == "noise":
            drawn = mixed(self.numbers, self.seed * 65_537 + self.round)
            self.values_q[self.lying] = (drawn % np.uint64(self.hi_q + 1)).astype(np.int32)
        else:
            self.values_q[self.lying] = self.hi_q if self.attack == "const-max" else 0

    def exchange(self) -> Values:
        """Return what this rank's nodes hear: own values and those from other ranks."""
        self.say()
        return self.halo.spread(self.values_q)

    def move(self, heard: Values) -> None:
        """Apply the rule at every node."""
        new_q = np.empty_like(self.values_q)
        for here, near in self.groups:
            new_q[here] = columns(self.rule, self.values_q[here], heard[near], self.faults_max)
        self.values_q = new_q
        self.round += 1

    @property
    def state(self) -> tuple[bytes, ...]:
        """All that a digest is to see, a column each: the values, little endian."""
        return (self.values_q.astype("<i4").tobytes(),)


def draw_values(first: int, count: int, seed: int, hi_q: int) -> Values:
    """Return the inputs of nodes first.. in 0..hi_q: of a node the same, whoever computes it."""
    assert hi_q <= Q_MAX
    drawn = mixed(np.arange(first, first + count, dtype=np.uint64), seed)
    return np.asarray(drawn % np.uint64(hi_q + 1)).astype(np.int32)
